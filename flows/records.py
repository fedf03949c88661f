"""What the sources hand to the first step: records as they came, many at a time.

>>> record = Raw(b"{}", 1511544070500, "events.click/0/", 7)
>>> record.origin
'events.click/0/7'
"""

from msgspec import Struct

from contracts.rejects import RejectReason
from operators.messages import Packed


class Raw(Struct, array_like=True, gc=False):
    """One message as it came.

    `received` is when it arrived (ms). `place` and `number` say where it lies, and are only put
    together for a record that is refused. `seq` numbers the records of a replay from 1 in their
    total order; live it is 0. `fault` is the reason and the words of a reader that could make no
    event of it: the bytes are refused as they are.
    """

    value: bytes
    received: int
    place: str
    number: int
    seq: int = 0
    fault: tuple[RejectReason, str] | None = None

    @property
    def origin(self) -> str:
        """Where the record lies: `TOPIC/PARTITION/OFFSET` or `FILE:LINE`."""
        return f"{self.place}{self.number}"


class RawBatch(Packed, array_like=True, tag="raw"):
    """Records of one source partition, in order. Pickles as one string of bytes.

    `round` and `watermark` (the arrival clock, ms) are those of a replay, `None` live. `last`
    says that the partition has no more (a replay), or that all that was there at the start has
    been read (a table). `number` stands for a live partition and its log in ledgers.
    """

    part: str
    round: int | None
    watermark: int | None
    records: list[Raw]
    last: bool = False
    number: int = 0
