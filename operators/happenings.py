"""What happens to people, on its way to their facts and to campaigns."""

from typing import Any

from msgspec import Struct, field

from contracts.decisions import Score
from operators.messages import Arrived, Packed


class UserScore(Struct, array_like=True, gc=False):
    """A model's estimate, or a segment, on its way to the person's facts."""

    site: str
    user: str
    seq: int
    event: str
    score: Score
    segment: str | None = None
    near: tuple[str, ...] = ()
    """Segments nearly as fitting: who is in one of them stays in it."""


class UserFact(Struct, array_like=True, gc=False):
    """Something in a profile changed, on its way to the person's facts."""

    site: str
    user: str
    seq: int
    event: str
    time: int
    name: str
    value: Any


class Moment(Struct, array_like=True, tag="moment", gc=False):
    """One applied event, and the profile as it left it, for the conditions of campaigns.

    `levels` are the facts of `contracts.conditions.vocabulary.PROFILE`, in that order. `known`: the
    person was here before. `adopted`: the event was seen before, of the device.
    """

    seq: int
    arrived: Arrived
    user: str
    levels: tuple[float | str, ...]
    consent: list[str] | None
    traits: dict[str, str | int | float | bool]
    first_order: int
    last_order: int
    known: bool
    bot: bool = False
    adopted: bool = False


class Change(Struct, array_like=True, tag="change", gc=False):
    """A score or the segment of a person became another, because of an event."""

    seq: int
    site: str
    user: str
    event: str
    time: int
    name: str
    value: float | str
    previous: float | str | None


class Gone(Struct, array_like=True, tag="gone", gc=False):
    """Somebody to be forgotten: a device that was identified, or who withdrew consent.

    `facts` and `moments` are how many of those of the same slice came before: what comes after is
    of somebody new. `into` is the user that the device turned out to be, and `event` said so.
    """

    site: str
    user: str
    seq: int
    facts: int
    moments: int
    event: str = ""
    into: str = ""


class Joined(Struct, array_like=True, tag="joined", gc=False):
    """A user turned out to be who had a device until now: the other side of a `Gone`.

    `device` is a subject; `moments` as of a `Gone`.
    """

    site: str
    user: str
    seq: int
    moments: int
    device: str
    event: str


class Handover(Struct, array_like=True, tag="handover", gc=False):
    """What campaigns knew of a device, on its way to the user that it turned out to be.

    `watched` and `windows` are as they were packed; None where nothing was known.
    """

    site: str
    user: str
    seq: int
    device: str
    event: str
    watched: bytes | None
    windows: bytes | None


class FactSlice(Packed, array_like=True, tag="facts"):
    """What one bucket of users' facts gets from one stage; `clock` is the arrival time (ms)."""

    round: int
    stage: str
    facts: list[UserFact]
    scores: list[UserScore]
    gone: list[Gone] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    clock: int = 0
    joined: list[Joined] = field(default_factory=list)


Happening = Moment | Change | Gone | Joined | Handover
"""What campaigns are told of."""


class CampaignSlice(Packed, array_like=True, tag="campaigns"):
    """What happened to the people of one bucket, in order: to users, or to devices without one."""

    round: int
    clock: int
    happened: list[Happening]
    devices: bool = False


class Handovers(Packed, array_like=True, tag="handovers"):
    """What the campaigns of one bucket of devices hand over."""

    round: int
    clock: int
    items: list[Handover]
