"""What a failed run is told to people, and to whoever may start it again.

The engine wraps what a source or a sink raises in errors of its own, whose text names the Rust
line. The cause inside says what happened.
"""

import errno
from collections.abc import Iterator
from typing import Final

from contracts.settings import SettingsError
from flows.kafka_client import KafkaAway, KafkaRefused, LogMismatch
from flows.kafka_sink import NotDelivered
from flows.replaying.source import UnusableRecording
from flows.segment_files import SegmentError
from storage.errors import Fenced, StoreRefused, StoreUnavailable

HOPELESS: Final = 2
"""The exit code of a run that a person has to mend: starting it again as it is cannot help."""
FAILED: Final = 1
REPLACED: Final = 3
"""The exit code of a run that a newer one of the same namespace took over from."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of a disk, or a quota, that takes no more."""

_HOPELESS: Final = (
    SettingsError,
    KafkaRefused,
    LogMismatch,
    SegmentError,
    UnusableRecording,
    StoreRefused,
)
_PASSING: Final = (KafkaAway, NotDelivered, StoreUnavailable)


def explained(error: BaseException) -> tuple[str, int] | None:
    """Return what a failure was in words, and the exit code for it; `None` for an unknown one.

    >>> outer = RuntimeError("(src/inputs.rs:453:50): error calling `next_batch`")
    >>> outer.__cause__ = KafkaAway("Kafka at broker:9092 has not answered yet")
    >>> explained(outer)
    ('Kafka at broker:9092 has not answered yet', 1)
    """
    for each in _chain(error):
        if isinstance(each, _HOPELESS):
            return str(each), HOPELESS
        if isinstance(each, _PASSING):
            return str(each), FAILED
        if isinstance(each, Fenced):
            return str(each), REPLACED
        if _is_full(each):
            return f"the disk is full ({each}): the flow goes on once there is room", FAILED
    return None


def _is_full(error: BaseException) -> bool:
    # The engine says what its database said.
    return (isinstance(error, OSError) and error.errno in FULL) or "code: DiskFull" in str(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__
