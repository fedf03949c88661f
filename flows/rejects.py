"""The topic of refused events, read from its beginning to where it ends now."""

from typing import Any

from contracts.erasures import Erased
from contracts.keys import REJECTED_TOPIC
from contracts.reject_list import Reject, RejectList
from flows.kafka_client import Config
from flows.replaying.topic_range import end_offsets
from flows.spans import read


def read_rejects(config: Config, erased: Erased | None = None) -> list[Reject]:
    """Return all refused records by arrival. Raises `KafkaAway`, `KafkaRefused`, `LogTruncated`.

    What may be of somebody `erased` is left out.
    """
    found = RejectList(erased)

    def take(name: str, message: Any) -> None:
        found.take(message.partition(), message.offset(), message.value() or b"")

    ends = end_offsets(config, [REJECTED_TOPIC])
    read(config, {name: (0, end) for name, end in ends.items()}, take, from_anywhere=True)
    return found.by_arrival()
