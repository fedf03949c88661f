"""What the stages of the graph say to each other.

Every message that may cross a process is `Packed`: it pickles as one MessagePack string, since
pickling a batch object by object costs several times the work of a stage.

>>> import pickle
>>> event = Event(id="1", type="view", time=5)
>>> slice_ = Slice("d0", LIVE_ROUND, clock=5, items=[Arrived(event, 5, 0)])
>>> pickle.loads(pickle.dumps(slice_)) == slice_
True

What there is one of for each event has `gc=False`: these are trees that never come to hold
themselves, and the garbage collector, which would walk them all again and again, need not see
them. That was a sixth of a worker's time.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from contracts.codec import pack
from contracts.decisions import Fact, Trigger
from contracts.erasures import Erasure
from contracts.events import Event
from contracts.rejects import Rejected
from operators.examples import AnyExample

M = TypeVar("M", bound="Packed")

LIVE_ROUND = -1
"""The round of messages outside a replay: nobody waits for the rest of it."""


def _unpack(type_: type[M], raw: bytes) -> M:
    return msgspec.msgpack.decode(raw, type=type_)


class Packed(Struct):
    """A message that pickles as one string of bytes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, (type(self), pack(self))


class Arrived(Struct, array_like=True, gc=False):
    """A valid event, enriched, with its arrival time (ms) and its number in a replay's order.

    `part` and `number` stand for its source partition and its identity (`operators.ledger`).
    """

    event: Event
    received: int
    seq: int
    late: bool = False
    category: str = ""
    brand: str = ""
    tags: list[str] = []
    known: bool = False
    title: str = ""
    part: int = 0
    number: int = 0


class Ends(Struct, omit_defaults=True):
    """How many events ended in which way; `late` and `unlearnt` are part of `applied`."""

    applied: int = 0
    late: int = 0
    duplicate: int = 0
    rejected: dict[str, int] = {}
    withheld: dict[str, int] = {}
    unlearnt: dict[str, int] = {}

    def add(self, other: "Ends") -> None:
        """Add another count to this one."""
        self.applied += other.applied
        self.late += other.late
        self.duplicate += other.duplicate
        self.rejected = _sum(self.rejected, other.rejected)
        self.withheld = _sum(self.withheld, other.withheld)
        self.unlearnt = _sum(self.unlearnt, other.unlearnt)

    def __bool__(self) -> bool:
        return bool(self.applied or self.duplicate or self.rejected or self.withheld)


def _sum(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in sorted({*a, *b})} if b else a


class Slice(Packed, array_like=True, tag="slice"):
    """The events of one batch that one bucket of devices gets; `clock` is the arrival time (ms)."""

    bucket: str
    round: int
    clock: int
    items: list[Arrived]


class Attributed(Struct, array_like=True, gc=False):
    """An event and whose it is.

    `adopted`: it was applied to the device before, and counted. `merged_into`: the subject, a
    device, turned out to be this user, so its own profile ends; `merged_from`: the subject, a user,
    turned out to be who had this device, a subject as well; the event itself is applied in neither.
    `refused`: on this device someone withdrew consent, and nobody has given it since. `erased`:
    nothing of it may be kept.
    """

    subject: str
    arrived: Arrived
    adopted: bool = False
    merged_into: str | None = None
    refused: bool = False
    erased: bool = False
    merged_from: str | None = None


class UserSlice(Packed, array_like=True, tag="users"):
    """The events of one batch that one bucket of users gets."""

    bucket: str
    round: int
    clock: int
    items: list[Attributed]


class Refused(Packed, array_like=True, tag="refused"):
    """What the first step did not let through, and how much of it there was.

    `number` stands for the source partition (`operators.ledger`).
    """

    part: str
    records: list[Rejected]
    ends: Ends
    number: int = 0


class AttributedSlice(Packed, array_like=True, tag="attributed"):
    """The events of one bucket of devices, on their way to the buckets of users."""

    round: int
    clock: int
    items: list[Attributed]


class Touchpoint(Struct, array_like=True, gc=False):
    """A person touched an item: what item rows and popularity learn from.

    `before` are the other items touched before and liked, newest first, as numbers.
    """

    site: str
    item: int
    type: str
    time: int
    seq: int
    before: list[int]


class Named(Struct, array_like=True, gc=False):
    """An item as an event describes it; `known`: the catalogue describes it better."""

    site: str
    id: str
    category: str
    brand: str
    price: float | None
    seq: int
    known: bool


class Lesson(Packed, array_like=True, tag="lesson"):
    """What one bucket of users teaches in a batch; `examples` by the name of their family."""

    round: int
    touchpoints: list[Touchpoint]
    named: list[Named]
    examples: dict[str, list[AnyExample]]


class ItemBatch(Packed, array_like=True, tag="items"):
    """What one shard of items learns from a batch: arrays as bytes, one entry a pair or touch."""

    shard: str
    round: int
    site: str
    pairs: "PairArrays"
    touches: "TouchArrays"
    named: list[Named]


class PairArrays(Struct, array_like=True, gc=False):
    """Pairs to learn: uint64 items and neighbours, int8 channels, float32 weights, int64 times."""

    items: bytes = b""
    neighbours: bytes = b""
    channels: bytes = b""
    weights: bytes = b""
    times: bytes = b""


class TouchArrays(Struct, array_like=True, gc=False):
    """Touches to count: uint64 items, float32 weights, int64 times."""

    items: bytes = b""
    weights: bytes = b""
    times: bytes = b""


class TopPart(Packed, array_like=True, tag="top"):
    """One shard's rankings of its items, packed, by horizon; and how many items it has seen."""

    site: str
    shard: str
    items: int
    rankings: dict[str, bytes]


class Examples(Packed, array_like=True, tag="examples"):
    """What one family gets in a batch."""

    round: int
    family: str
    items: list[AnyExample]


class Tick(Packed, array_like=True, tag="tick"):
    """How far time has come in one source partition (ms), which all its earlier events say."""

    part: str
    clock: int


class Erase(Packed, array_like=True, tag="erase"):
    """All that is known of some people is to go, from one key's state, now.

    `renews`: and what the state was written to before is to be written anew.
    """

    erasures: list[Erasure]
    renews: bool


class Triggers(Packed, array_like=True, tag="triggers"):
    """Triggers that one bucket of users made, in order."""

    items: list[Trigger]


class View(Struct, array_like=True, gc=False):
    """A view's new value: absolute, so writing it again changes nothing. `None` deletes it."""

    kind: str
    site: str
    id: str
    value: bytes | None


class Views(Packed, array_like=True, tag="views"):
    """The views that one owner writes."""

    items: list[View]


class Facts(Packed, array_like=True, tag="facts-out"):
    """Facts for the topic `facts`."""

    items: list[Fact]
