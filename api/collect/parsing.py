"""Posted bytes to canonical events, message by message, each with its own reason if it is bad."""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from contracts.codec import (
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    TOO_DEEP,
    DecodeError,
    decode_event,
    depth,
    encode_json,
    malformed,
)
from contracts.events import OWN_TYPES, Event
from contracts.segment import translate
from contracts.validation import check
from contracts.wording import kind_of, plain

EVENT_FIELDS: Final = frozenset(Event.__struct_fields__)
EDGE_DEPTH: Final = MAX_DEPTH + 4
"""A Segment message holds its properties a few levels down: what is deeper than this has `props`
that are nested deeper than `MAX_DEPTH`, which is the limit that people are told of."""

T = TypeVar("T")

_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_tree = msgspec.json.Decoder(Any)


class Envelope(msgspec.Struct):
    """What surrounds the messages of a Segment batch."""

    batch: list[msgspec.Raw]
    sentAt: Any = None  # noqa: N815  # the name on the wire
    context: Any = None


_envelope = msgspec.json.Decoder(Envelope)


class _Named(msgspec.Struct):
    id: Any = None
    messageId: Any = None  # noqa: N815  # the name on the wire
    writeKey: Any = None  # noqa: N815  # the name on the wire


_named = msgspec.json.Decoder(_Named)


def is_list(body: bytes) -> bool:
    """Tell whether a body is a list, by its first character."""
    return body.lstrip(b" \t\r\n").startswith(b"[")


def split(body: bytes) -> list[msgspec.Raw]:
    """Return the messages of a body that is a list; raise `DecodeError`."""
    messages = _decode(_raw_list, body)
    if not messages:
        raise DecodeError("malformed", "the list holds no events")
    return messages


def open_batch(body: bytes) -> Envelope:
    """Return a Segment batch; raise `DecodeError`."""
    _refuse_empty(body)
    envelope = _decode(_envelope, body)
    if not envelope.batch:
        raise DecodeError("invalid", "`batch`: the list holds no messages")
    if envelope.context is not None and not isinstance(envelope.context, dict):
        raise DecodeError("invalid", "`context`: expected an object")
    return envelope


def write_key_in(body: bytes) -> str | None:
    """Return the `writeKey` of a body, if it is an object that has one."""
    if b'"writeKey"' not in body:
        return None
    key = _names_of(body).writeKey
    return key if isinstance(key, str) else None


def id_in(raw: bytes) -> str | None:
    """Return the id of a message that is bad otherwise, if it can be read."""
    found = _names_of(raw)
    id_ = found.id if isinstance(found.id, str) else found.messageId
    return id_[:256] if isinstance(id_, str) else None


def _names_of(raw: bytes) -> _Named:
    try:
        return _named.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Named()


def canonical(raw: bytes, site: str) -> Event:
    """Return a canonical event, as one of `site`; raise `DecodeError`.

    Fields that an event does not have are kept in `props`.
    """
    _refuse_empty(raw)
    event = decode_event(raw)
    tree = strict(raw)
    named = tree.get("site")
    if named is not None and named != site:
        raise DecodeError("invalid", f"`site`: the write key is one of another site than {named!a}")
    if event.type in OWN_TYPES:
        raise DecodeError("invalid", f"`type`: a {event.type} is written by Headrace itself")
    event.site = site
    if not tree.keys() <= EVENT_FIELDS:
        others = {name: tree[name] for name in tree.keys() - EVENT_FIELDS - {"writeKey"}}
        event.props = {**others, **event.props}
    fault = check(event)
    if fault is not None:
        raise DecodeError(*fault)
    return event


def segment(
    raw: bytes,
    index: int,
    site: str,
    received: int,
    call: str | None = None,
    sent: int | None = None,
    context: Mapping[str, Any] | None = None,
) -> list[Event]:
    """Return the events of the Segment message at `index` of its batch; raise `DecodeError`."""
    if len(raw) > MAX_EVENT_BYTES:
        raise DecodeError(
            "too_large",
            f"the message has {len(raw):,} bytes; at most {MAX_EVENT_BYTES:,} are taken",
        )
    return translate(
        strict(raw),
        site=site,
        received=received,
        call=call,
        sent=sent,
        context=context,
        raw=raw,
        index=index,
    )


def encode(event: Event) -> bytes:
    """Return an event as it goes to the log; raise `DecodeError` if it grew too large for it."""
    value = encode_json(event)
    if len(value) > MAX_EVENT_BYTES:
        raise DecodeError(
            "too_large",
            f"as a canonical event it has {len(value):,} bytes; at most {MAX_EVENT_BYTES:,} "
            "are taken",
        )
    return value


def strict(raw: bytes) -> dict[str, Any]:
    """Return the object in `raw`; raise `DecodeError`, also where a name stands twice.

    >>> strict(b'{"price": 1, "price": 2}')
    Traceback (most recent call last):
        ...
    contracts.codec.DecodeError: `price`: stands twice in one object
    """
    _refuse_empty(raw)
    tree = _decode(_tree, raw)
    if not isinstance(tree, dict):
        raise DecodeError("invalid", f"expected an object, got {kind_of(tree)}")
    if depth(tree, EDGE_DEPTH) > EDGE_DEPTH:
        raise DecodeError("too_deep", TOO_DEEP)
    # The fast decoders keep the last of two; which one was meant nobody knows.
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(raw, error) from None
    _twice.decode(text)
    return tree


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise DecodeError("invalid", f"`{name[:64]}`: stands twice in one object")
            seen.add(name)


_twice = json.JSONDecoder(object_pairs_hook=_unique, parse_int=len, parse_float=len)


def _decode(decoder: "msgspec.json.Decoder[T]", raw: bytes) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise DecodeError("invalid", plain(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(raw, error) from None
    except RecursionError:
        raise DecodeError("too_deep", TOO_DEEP) from None


def _refuse_empty(body: bytes) -> None:
    if not body.strip():
        raise DecodeError("malformed", "the body is empty")
