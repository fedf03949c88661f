"""Bytes to contracts and back.

JSON at the edges (orjson where a tree is built, msgspec where a type is asked for), MessagePack
arrays for packed state and views. A record of an older schema version is upgraded on reading, a
newer one is refused: nothing is guessed.

>>> event = decode_event(b'{"id": "1", "type": "view", "user": "ada", "time": 1511544070000}')
>>> decode_event(encode_json(event)) == event
True
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import orjson
from msgspec import Struct

from contracts.decisions import (
    DECISION_VERSION,
    Answer,
    Fact,
    Offer,
    Segment,
    Standing,
    Trigger,
)
from contracts.events import EVENT_VERSION, ITEM_VERSION, Event, Item
from contracts.profile import PROFILE_VERSION, Profile
from contracts.rejects import REJECT_VERSION, Rejected, RejectReason
from contracts.wording import plain

T = TypeVar("T", bound=Struct)
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

MAX_EVENT_BYTES = 32_768
MAX_DEPTH = 16
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


class DecodeError(ValueError):
    """Bytes that are not the record they should be. `reason` is for counting, the text to read."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


VERSIONS: dict[type[Struct], int] = {
    Event: EVENT_VERSION,
    Item: ITEM_VERSION,
    Rejected: REJECT_VERSION,
    Fact: DECISION_VERSION,
    Answer: DECISION_VERSION,
    Segment: DECISION_VERSION,
    Trigger: DECISION_VERSION,
    Offer: DECISION_VERSION,
}
"""The newest version of every record that is written as JSON."""

UPGRADES: dict[tuple[type[Struct], int], Upgrade] = {}
"""(type, version) to the function that turns the fields of that version into the next one's."""


class _Version(Struct):
    v: int = 1


_not_a_number = re.compile(rb'"([^"\\]{1,64})"\s*:\s*(-?(?:NaN|Infinity))\b').search
_events = msgspec.json.Decoder(Event)
_version = msgspec.json.Decoder(_Version)
_json = msgspec.json.Encoder()
_pack = msgspec.msgpack.Encoder()
_profile = msgspec.msgpack.Decoder(Profile)
_standing = msgspec.msgpack.Decoder(Standing)


def decode_event(raw: bytes) -> Event:
    """Return the event in `raw`; raise `DecodeError` that says what is wrong, and where."""
    if len(raw) > MAX_EVENT_BYTES:
        raise DecodeError(
            "too_large", f"the event has {len(raw):,} bytes; at most {MAX_EVENT_BYTES:,} are taken"
        )
    event = _decode(_events, raw, Event)
    if event.props and _nests(event.props) and depth(event.props) > MAX_DEPTH:
        raise DecodeError("too_deep", f"`props` is {TOO_DEEP}")
    return event


def decode_json(raw: bytes, type_: type[T]) -> T:
    """Return the record of `type_` in `raw`, upgraded if it is older; raise `DecodeError`."""
    return _decode(msgspec.json.Decoder(type_), raw, type_)


def encode_json(record: Struct) -> bytes:
    """Return a record as one JSON object without line breaks."""
    return _json.encode(record)


def dump_json(tree: Any) -> bytes:
    """Return a tree of dicts, lists and contracts as JSON, for an HTTP answer or a view."""
    return orjson.dumps(tree, default=msgspec.to_builtins, option=orjson.OPT_NON_STR_KEYS)


def load_json(raw: bytes) -> Any:
    """Return the tree in `raw`; raise `DecodeError`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise DecodeError("malformed", f"not valid JSON: {error}") from None


def pack(record: Any) -> bytes:
    """Return a contract, or a tree of plain values, as MessagePack."""
    return _pack.encode(record)


def unpack_profile(raw: bytes) -> Profile:
    """Return a packed profile; raise `DecodeError` if a newer Headrace wrote it."""
    return _unpack(_profile, raw, PROFILE_VERSION)


def unpack_standing(raw: bytes) -> Standing:
    """Return a packed standing; raise `DecodeError` if a newer Headrace wrote it."""
    return _unpack(_standing, raw, DECISION_VERSION)


def depth(tree: Any, limit: int = MAX_DEPTH) -> int:
    """Return how deep dicts and lists nest in `tree`, at most `limit + 1`.

    >>> depth({"a": [1, {"b": 2}]})
    3
    """
    level = [tree] if isinstance(tree, (dict, list)) else []
    deep = 0
    while level and deep <= limit:
        deep += 1
        children = (node.values() if isinstance(node, dict) else node for node in level)
        level = [c for group in children for c in group if isinstance(c, (dict, list))]
    return deep


def _nests(props: dict[str, Any]) -> bool:
    return any(type(value) in (dict, list) for value in props.values())


def _unpack(decoder: "msgspec.msgpack.Decoder[T]", raw: bytes, newest: int) -> T:
    try:
        record = decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DecodeError("invalid", f"packed record: {error}") from None
    version: int = record.v  # type: ignore[attr-defined]  # every packed record starts with it
    if version > newest:
        raise DecodeError("newer_version", _newer(version, newest))
    return record


def _decode(decoder: "msgspec.json.Decoder[T]", raw: bytes, type_: type[T]) -> T:
    try:
        record = decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _upgrade_or_refuse(raw, type_, error)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(raw, error) from None
    except RecursionError:
        raise DecodeError("too_deep", TOO_DEEP) from None
    newest = VERSIONS.get(type_)
    if newest is None or record.v == newest:  # type: ignore[attr-defined]  # all in VERSIONS have it
        return record
    return _upgrade_or_refuse(raw, type_, None)


def _upgrade_or_refuse(raw: bytes, type_: type[T], error: Exception | None) -> T:
    """Return an older record upgraded; refuse a newer one by its version, not by what it has new.

    `error` is what was wrong with the record as one of the newest version.
    """
    newest = VERSIONS.get(type_, 1)
    try:
        version = _version.decode(raw).v
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise DecodeError("invalid", plain(error)) from None
    except RecursionError:
        raise DecodeError("too_deep", TOO_DEEP) from None
    if version > newest:
        raise DecodeError("newer_version", _newer(version, newest))
    if version == newest or version < 1:
        raise DecodeError("invalid", plain(error)) from None
    tree = msgspec.json.decode(raw)
    for step in range(version, newest):
        tree = {**UPGRADES[type_, step](tree), "v": step + 1}
    try:
        return msgspec.convert(tree, type_)
    except msgspec.ValidationError as failure:
        raise DecodeError("invalid", plain(failure)) from None


def malformed(raw: bytes, error: Exception) -> DecodeError:
    """Return the error for bytes that are not JSON; a bad byte is placed in all of them.

    >>> raw = b'{"user": "\\xff"}'
    >>> malformed(raw, ValueError()).detail
    'not UTF-8: byte 11 is 0xff'
    >>> malformed(b'{"price": NaN}', ValueError()).detail
    '`price`: NaN is no number in JSON; leave it out'
    """
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        detail = f"not UTF-8: byte {bad.start + 1} is {raw[bad.start]:#04x}"
        return DecodeError("malformed", detail)
    # Python's and JavaScript's own writers make such numbers, which JSON does not know.
    if (found := _not_a_number(raw)) is not None:
        field, word = (part.decode() for part in found.groups())
        return DecodeError("malformed", f"`{field}`: {word} is no number in JSON; leave it out")
    return DecodeError("malformed", f"not valid JSON: {error}")


def _newer(version: int, newest: int) -> str:
    return (
        f"schema version {version}; this Headrace reads up to {newest}. "
        "Upgrade Headrace, then retry the record"
    )
