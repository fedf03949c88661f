"""The topic of refused events as a list: each record once, with an id to call it by."""

import re
from typing import Final

from msgspec import Struct

from contracts.codec import DecodeError, decode_json, load_json
from contracts.erasures import Erased
from contracts.events import subject_of
from contracts.rejects import Rejected, raw_bytes

HTTP: Final = "http:"
EVENTS: Final = "/v1/events"
_BATCHES: Final = frozenset({"/v1/batch", "/v1/b", "/v1/import"})
_PLACE: Final = re.compile(r"(/[^\[\]]+)(\[\d+\])?")


class Reject(Struct, frozen=True):
    """A refused record. `id` is `PARTITION-OFFSET`; `copies` counts those that crashes made."""

    id: str
    record: Rejected
    copies: int = 1

    @property
    def raw(self) -> bytes:
        """The bytes as they were received."""
        return raw_bytes(self.record)

    @property
    def mark_id(self) -> str:
        """What a mark is kept under: a topic that is made anew has the same ids again."""
        return f"{self.id}@{self.record.received}"

    @property
    def place(self) -> tuple[int, int, int]:
        """When it came (ms), and where it lies: what lists go by."""
        partition, _, offset = self.id.partition("-")
        return self.record.received, int(partition), int(offset)

    @property
    def cut(self) -> bool:
        """Whether it was too large to be kept whole."""
        return self.record.detail.endswith("are kept here)")


class RejectList:
    """Takes the messages of the topic, each partition's in order.

    A record of the log that was written again after a crash is listed once, as its first copy.
    What may be of somebody `erased` is not.
    """

    def __init__(self, erased: Erased | None = None) -> None:
        self._erased = Erased() if erased is None else erased
        self._found: list[Reject] = []
        self._from_log: dict[tuple[str, str], int] = {}

    def take(self, partition: int, offset: int, value: bytes) -> None:
        """Add a message; one of a newer Headrace, or of somebody else, is left out."""
        id_ = f"{partition}-{offset}"
        try:
            record = decode_json(value, Rejected)
        except DecodeError:
            return
        if _is_of(self._erased, record):
            return
        key = (record.origin, record.raw)
        if key in self._from_log and not record.origin.startswith(HTTP):
            at = self._from_log[key]
            first = self._found[at]
            self._found[at] = Reject(first.id, first.record, first.copies + 1)
            return
        self._from_log[key] = len(self._found)
        self._found.append(Reject(id_, record))

    def by_arrival(self) -> list[Reject]:
        """Return all, the newest last."""
        return sorted(self._found, key=lambda reject: reject.place)


def request_of(reject: Reject, raw: bytes) -> tuple[str, bytes]:
    """Return the path and the body that send it again: one message of a batch as a batch of one.

    >>> from contracts.rejects import rejected
    >>> request_of(Reject("0-1", rejected("invalid", "", "http:/v1/batch[3]", b"{}")), b"{}")
    ('/v1/batch', b'{"batch":[{}]}')
    >>> request_of(Reject("0-2", rejected("invalid", "", "events.click/0/7", b"{}")), b"{}")
    ('/v1/events', b'{}')
    """
    if not reject.record.origin.startswith(HTTP):
        return EVENTS, raw
    found = _PLACE.fullmatch(reject.record.origin.removeprefix(HTTP))
    if found is None:
        return EVENTS, raw
    path, place = found.groups()
    return path, b'{"batch":[' + raw + b"]}" if place and path in _BATCHES else raw


_ID: Final = re.compile(
    rb'"(user|device|userId|user_id|anonymousId|client_id)"\s*:\s*("(?:[^"\\]|\\.)*")'
)
"""Where an event names its person, in the words of any of our routes; it need not be JSON else."""


def _is_of(erased: Erased, record: Rejected) -> bool:
    """Say whether a refused record names somebody who is erased, of its site or else of any."""
    if not len(erased):
        return False
    for name, text in _ID.findall(raw_bytes(record)):
        try:
            id_ = load_json(text)
        except DecodeError:
            continue
        device = name in (b"device", b"anonymousId", b"client_id")
        subject = subject_of(None, id_) if device else id_
        sites = erased.sites if record.site is None else [record.site]
        if any(erased.holds(site, subject) for site in sites):
            return True
    return False
