"""The topic of refused events, as a list: each record once, with an id to call it by."""

from typing import Any, Final

from msgspec import Struct

from contracts.codec import DecodeError, decode_json
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


def read_rejects(config: Config) -> list[Reject]:
    """Return all refused records by arrival. Raises `KafkaAway`, `KafkaRefused`, `LogTruncated`.

    A record of the log that was written again after a crash is listed once, as its first copy.
    """
    found: list[Reject] = []
    from_log: dict[tuple[str, str], int] = {}

    def take(name: str, message: Any) -> None:
        id_ = f"{message.partition()}-{message.offset()}"
        try:
            record = decode_json(message.value() or b"", Rejected)
        except DecodeError:
            return  # written by a newer Headrace, or by somebody else
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
