"""Clock records: what lies on the log of events to say how far time has come.

Absence makes no event: that a cart was left for an hour shows when time has passed. So a clock
record is written into every partition from time to time, and a replay of the log comes to the
same moments. It is no event, and counts as none.

>>> is_clock_record(clock_record(1_700_000_000_000))
True
>>> is_clock_record(b'{"id": "1", "type": "view"}')
False
"""

from typing import Final

_START: Final = b'{"type":"clock",'


def clock_record(time: int) -> bytes:
    """Return the record that says that it is `time` (ms)."""
    return b'%s"time":%d}' % (_START, time)


def is_clock_record(raw: bytes) -> bool:
    """Say whether a record of the log is one. Cost: 0.05 us."""
    return raw.startswith(_START)
