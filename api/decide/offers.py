"""Offers and placements as data: a TOML file, checked field by field.

::

    [[offer]]
    id = "free-shipping"
    kind = "shipping"                 # one of `Kind`
    text = "Free shipping today"
    cost = 4.9                        # what it costs to make it
    budget = 500.0                    # what it may cost, a day (per = "day") or ever
    per = "day"
    per_user = 1                      # times that a person may have it, within per_user_hours
    placements = ["checkout"]         # none named: all
    when = { min_cart = 20, stages = ["new"], until = 2026-12-24T00:00:00Z }

    [[placement]]
    name = "checkout"
    policy = "linear-thompson"
    fixed = "free-shipping"           # what the baseline `fixed` always offers
    shares = { uniform = 0.05, fixed = 0.05, thompson = 0.05 }
    reward = "purchase"
    horizon_hours = 24
    worth = 20.0                      # money that a reward of 1 is worth: costs are weighed by it
"""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.decisions import RewardKind
from contracts.model_faults import in_file
from contracts.wording import closest_of

NOTHING: Final = "none"
"""The offer of nothing: always there, and free."""

PolicyName = Literal["linear-thompson", "linucb", "thompson", "fixed", "uniform"]
Kind = Literal[
    "benefit",
    "rebate",
    "points",
    "shipping",
    "message",
    "refund",
    "replacement",
    "callback",
    "none",
]
"""What an offer is; a refund, a replacement and a call back are proposals after a complaint."""

Name = Annotated[str, Field(min_length=1, max_length=256)]
Money = Annotated[float, Field(ge=0, le=1e9)]


class OffersError(ValueError):
    """An offers file that cannot be used: which file, which entry, which field, and why."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Table):
    """Who may be made an offer, and when: everybody always, unless a field says otherwise."""

    sites: list[str] = []
    segments: list[str] = []
    stages: list[str] = []
    min_cart: Money | None = None
    max_cart: Money | None = None
    min_orders: int | None = Field(None, ge=0)
    max_orders: int | None = Field(None, ge=0)
    min_complaints: int | None = Field(None, ge=1)
    max_satisfaction: float | None = Field(None, ge=-1, le=1)
    min_scores: dict[str, float] = {}
    max_scores: dict[str, float] = {}
    marketing: bool = Field(False, description="only with consent to marketing")
    start: datetime | None = Field(None, alias="from")
    until: datetime | None = None


class Offer(_Table):
    """Something that can be offered."""

    id: Name
    kind: Kind
    text: str = Field("", max_length=2_000)
    value: float | None = None
    cost: Money = 0.0
    budget: Money | None = None
    per: Literal["day", "ever"] = "ever"
    per_user: int | None = Field(None, ge=1, le=1_000_000)
    per_user_hours: float = Field(24.0, gt=0, le=24 * 366)
    placements: list[str] = []
    when: When = When()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.id == NOTHING:
            raise ValueError(f"`{NOTHING}` is there already: it offers nothing")
        if self.budget is not None and self.cost == 0.0:
            raise ValueError("`budget` needs a `cost` that is charged to it")
        return self


class Placement(_Table):
    """A place where something can be offered, and how it is chosen."""

    name: Name
    policy: PolicyName = "linear-thompson"
    fixed: str = NOTHING
    shares: dict[PolicyName, float] = {"uniform": 0.05, "fixed": 0.05, "thompson": 0.05}
    floor: float = Field(0.05, gt=0, le=1, description="of a learning policy, left to chance")
    nothing: bool = Field(True, description="nothing at all may be chosen too")
    reward: RewardKind = "click"
    horizon_hours: float = Field(24.0, gt=0, le=24 * 366)
    worth: Money | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if any(share < 0.0 for share in self.shares.values()) or sum(self.shares.values()) > 0.9:
            raise ValueError("`shares` are from 0 up, and leave the policy at least 0.1")
        if self.reward == "revenue" and self.worth is None:
            raise ValueError("the reward revenue needs `worth`: an order that counts as 1")
        return self


NOTHING_OFFERED: Final = Offer.model_construct(id=NOTHING, kind="none", text="")


class Book(_Table):
    """All offers and placements of a file."""

    offer: list[Offer] = Field([], max_length=256)
    placement: list[Placement] = Field([], max_length=64)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = [placement.name for placement in self.placement]
        offers = [offer.id for offer in self.offer]
        faults = []
        for what, names in (("offer", offers), ("placement", known)):
            twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
            faults += [f"two {what}s are called {name!r}" for name in twice]
        for offer in self.offer:
            faults += [
                f"offer {offer.id!r} names placement {name!r}, not there{closest_of(name, known)}"
                for name in offer.placements
                if name not in known
            ]
        faults += [
            f"placement {placement.name!r} has the fixed offer {placement.fixed!r}, "
            f"which is not there{closest_of(placement.fixed, [NOTHING, *offers])}"
            for placement in self.placement
            if placement.fixed not in (NOTHING, *offers)
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def at(self, name: str) -> Placement | None:
        """Return a placement."""
        return next((one for one in self.placement if one.name == name), None)

    def offers_at(self, placement: Placement) -> list[Offer]:
        """Return what could be offered at a placement, to whomever; nothing comes last."""
        named = [o for o in self.offer if not o.placements or placement.name in o.placements]
        return [*named, NOTHING_OFFERED] if placement.nothing else named


def parse(text: str, source: str) -> Book:
    """Return the book of a file's text; raise `OffersError` that points at the field.

    >>> parse('[[offer]]\\nid = "a"\\nkind = "gift"', "o.toml")
    Traceback (most recent call last):
        ...
    api.decide.offers.OffersError: o.toml: offer 1 ("a"): kind: expected `benefit`, `rebate`, \
`points`, `shipping`, `message`, `refund`, `replacement`, `callback` or `none`, got 'gift'
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OffersError(f"{source}: not valid TOML: {error}") from None
    try:
        return Book.model_validate(tree)
    except ValidationError as error:
        raise OffersError(f"{source}: {in_file(error, Book, tree)}") from None


def load(path: Path) -> Book:
    """Return the book of a file; raise `OffersError`."""
    try:
        return parse(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise OffersError(f"{path}: cannot be read: {error}") from None


def millis(moment: datetime) -> int:
    """Return epoch milliseconds; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)
