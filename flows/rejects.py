"""The topic of refused events, as a list: each record once, with an id to call it by."""

import re
from typing import Any, Final

from msgspec import Struct

from contracts.codec import DecodeError, decode_json, load_json
from contracts.erasures import Erased
from contracts.events import subject_of
from contracts.keys import REJECTED_TOPIC
from contracts.rejects import Rejected, raw_bytes
from flows.kafka_client import Config
from flows.replaying.topic_range import end_offsets
from flows.spans import read

HTTP: Final = "http:"


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
    def cut(self) -> bool:
        """Whether it was too large to be kept whole."""
        return self.record.detail.endswith("are kept here)")


def read_rejects(config: Config, erased: Erased | None = None) -> list[Reject]:
    """Return all refused records by arrival. Raises `KafkaAway`, `KafkaRefused`, `LogTruncated`.

    A record of the log that was written again after a crash is listed once, as its first copy.
    What may be of somebody `erased` is not.
    """
    gone = Erased() if erased is None else erased
    found: list[Reject] = []
    from_log: dict[tuple[str, str], int] = {}

    def take(name: str, message: Any) -> None:
        id_ = f"{message.partition()}-{message.offset()}"
        try:
            record = decode_json(message.value() or b"", Rejected)
        except DecodeError:
            return  # written by a newer Headrace, or by somebody else
        if _is_of(gone, record):
            return
        key = (record.origin, record.raw)
        if key in from_log and not record.origin.startswith(HTTP):
            first = found[from_log[key]]
            found[from_log[key]] = Reject(first.id, first.record, first.copies + 1)
            return
        from_log[key] = len(found)
        found.append(Reject(id_, record))

    ends = end_offsets(config, [REJECTED_TOPIC])
    read(config, {name: (0, end) for name, end in ends.items()}, take, from_anywhere=True)
    return sorted(found, key=lambda reject: (reject.record.received, reject.id))


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
