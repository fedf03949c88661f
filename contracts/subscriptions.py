"""Subscriptions to triggers: who wants which, how they are delivered, and how far that has come.

A *position* says how far a reader has come in a site's stream of triggers: the id of the last
entry that it has seen, and how many entries were ever added up to there, which tells what was
trimmed before it was seen.

>>> at = Position.parse("1732836469000-0.17")
>>> at.id, at.ordinal, str(at)
('1732836469000-0', 17, '1732836469000-0.17')
"""

import re
from typing import Final, Literal, NamedTuple, Self

import msgspec
from msgspec import Struct

SUBSCRIPTION_VERSION: Final = 1
MAX_SUBSCRIPTIONS: Final = 100
"""Of one site: each may hold several connections and some memory."""

MAX_NAMED: Final = 100
"""Campaigns, segments or types that one filter may name."""

Delivery = Literal["webhook", "pull"]
_POSITION: Final = re.compile(r"([0-9]{1,20}-[0-9]{1,20})\.([0-9]{1,18})")


class Position(NamedTuple):
    """How far a reader has come: the last entry seen, and its number among all ever added.

    A negative number: whatever is kept, and nothing was missed before.
    """

    id: str
    ordinal: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the position that a cursor spells; raise `ValueError`. `0` is the beginning."""
        if text == "0":
            return cls("0-0", -1)
        found = _POSITION.fullmatch(text)
        if found is None or max(map(int, found[1].split("-"))) >> 63:
            raise ValueError("expected a cursor as an answer gave it, or 0 for all that is kept")
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.id}.{self.ordinal}"

    @property
    def order(self) -> tuple[int, int]:
        """What positions are compared by."""
        ms, _, number = self.id.partition("-")
        return int(ms), int(number)


class Marks(NamedTuple):
    """What a filter looks at of a trigger; `type` is the template that its campaign is made of."""

    type: str
    campaign: str | None
    segment: str | None


class Filter(Struct, kw_only=True, omit_defaults=True, frozen=True, forbid_unknown_fields=True):
    """Which triggers: those that match one entry of every list that is not empty.

    >>> Filter(campaigns=("cart",)).wants(Marks("cart_abandoned", "cart", None))
    True
    >>> Filter(campaigns=("cart",), segments=("s1",)).wants(Marks("custom", "cart", None))
    False
    """

    campaigns: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def wants(self, marks: Marks) -> bool:
        """Tell whether a trigger passes."""
        return (
            (not self.campaigns or marks.campaign in self.campaigns)
            and (not self.segments or marks.segment in self.segments)
            and (not self.types or marks.type in self.types)
        )


class Secret(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A webhook's secret (`whsec_...`); `expires` (epoch ms) once a newer one has replaced it."""

    key: str
    created: int
    expires: int | None = None

    def valid(self, now: int) -> bool:
        """Tell whether it signs at `now`."""
        return self.expires is None or now < self.expires


class Subscription(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A subscription as its owner defined it. `start` is where it began to be delivered.

    `enabled` (epoch ms) is when it was last switched on: later than when delivery gave up, and
    delivery goes on. Times are epoch ms.
    """

    id: str
    site: str
    delivery: Delivery
    created: int
    updated: int
    enabled: int
    start: str
    name: str = ""
    url: str | None = None
    filter: Filter = Filter()
    secrets: tuple[Secret, ...] = ()
    v: int = SUBSCRIPTION_VERSION

    def signing(self, now: int) -> list[str]:
        """Return the secrets that sign at `now`, the newest first: two during a rotation."""
        return [secret.key for secret in self.secrets if secret.valid(now)]


class Progress(Struct, kw_only=True, frozen=True):
    """How far delivery has come, and how it goes. Times are epoch ms, 0: never.

    `lost` counts triggers that were trimmed before they were acknowledged, `dropped` dead letters
    that were pushed out by newer ones.
    """

    cursor: str = ""
    delivered: int = 0
    failed: int = 0
    dead: int = 0
    dropped: int = 0
    lost: int = 0
    last_success: int = 0
    last_failure: int = 0
    last_error: str = ""
    failing_since: int = 0
    paused_until: int = 0
    disabled: int = 0
    disabled_why: str = ""

    @classmethod
    def of(cls, fields: dict[bytes, bytes]) -> Self:
        """Return what a hash of the store holds."""
        return msgspec.convert(
            {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()},
            cls,
            strict=False,
        )


class Pending(Struct, array_like=True):
    """A trigger that a webhook did not take yet: its bytes, its attempts so far, its last error."""

    event: bytes
    attempts: int
    first: int
    error: str = ""


class DeadLetter(Struct, kw_only=True, omit_defaults=True):
    """A trigger that a webhook never took, after every attempt."""

    id: str
    event: msgspec.Raw
    attempts: int
    first: int
    last: int
    error: str


class Replay(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What is to be delivered once more: what was accepted from `after` to before `before` (ms).

    Of the triggers that are kept, up to the position `end`; or of the dead letters, which leave
    their list by it. `cursor` says how far that has come.
    """

    id: str
    after: int
    before: int
    end: str
    dead: bool = False
    cursor: str = ""
    sent: int = 0


class _Data(Struct):
    campaign: str | None = None
    segment: str | None = None
    type: str = ""
    holdout: bool = False


class _Envelope(Struct):
    id: str
    data: _Data


_envelope: Final = msgspec.json.Decoder(_Envelope)


def marks_of(event: bytes) -> tuple[str, Marks] | None:
    """Return the id and the marks of a trigger's CloudEvent. Cost: about 1 us.

    None for what is to be delivered to nobody: a person who was held out, or bytes that are no
    trigger.
    """
    try:
        found = _envelope.decode(event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if found.data.holdout:
        return None
    return found.id, Marks(found.data.type, found.data.campaign, found.data.segment)
