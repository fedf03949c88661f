"""Merchandising rules: what a shop wants shown, whatever the models say.

A TOML file holds a list of rules, applied in order::

    [[rule]]
    name = "summer sale first"
    action = "boost"                  # pin, boost, bury or filter
    factor = 2.0                      # boost only; how many times the score
    match = { category = "garden", max_price = 50 }

    [[rule]]
    name = "new kettle on top"
    action = "pin"
    position = 1
    match = { items = ["kettle-2"] }
    when = { segments = ["bargain-hunters"], until = 2026-09-01T00:00:00Z }
"""

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.events import Item
from contracts.model_faults import in_file


class RulesError(ValueError):
    """A rules file that cannot be used: which file, which rule, which field, and why."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Table):
    """Which items a rule is about: all that fit every field given."""

    items: list[str] = []
    categories: list[str] = []
    brands: list[str] = []
    tags: list[str] = []
    min_price: float | None = None
    max_price: float | None = None
    props: dict[str, str | float | bool] = {}

    def fits(self, item: Item) -> bool:
        """Say whether an item fits; one without a price fits no price."""
        return (
            (not self.items or item.id in self.items)
            and (not self.categories or item.category in self.categories)
            and (not self.brands or item.brand in self.brands)
            and (not self.tags or not set(self.tags).isdisjoint(item.tags))
            and self._fits_price(item.price)
            and all(item.props.get(name) == value for name, value in self.props.items())
        )

    def _fits_price(self, price: float | None) -> bool:
        if self.min_price is None and self.max_price is None:
            return True
        if price is None:
            return False
        return (self.min_price is None or price >= self.min_price) and (
            self.max_price is None or price <= self.max_price
        )


class When(_Table):
    """When a rule is in force: always, unless a field says otherwise."""

    sites: list[str] = []
    segments: list[str] = []
    categories: list[str] = Field([], description="the category that was asked for")
    start: datetime | None = Field(None, alias="from")
    until: datetime | None = None

    def holds(self, site: str, segment: str | None, category: str | None, now: int) -> bool:
        """Say whether it is in force for an answer at `now` (ms)."""
        return (
            (not self.sites or site in self.sites)
            and (not self.segments or segment in self.segments)
            and (not self.categories or category in self.categories)
            and (self.start is None or now >= _millis(self.start))
            and (self.until is None or now < _millis(self.until))
        )


class Rule(_Table):
    """One rule."""

    name: Annotated[str, Field(min_length=1)]
    action: Literal["pin", "boost", "bury", "filter"]
    match: Match = Match()
    when: When = When()
    position: int | None = Field(None, ge=1, le=1_000, description="pin: of the first item")
    factor: float | None = Field(None, gt=0, le=1_000, description="boost: times the score")
    keep: bool = Field(False, description="filter: keep what matches, instead of dropping it")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wanted = {"pin": "position", "boost": "factor"}.get(self.action)
        for name in ("position", "factor"):
            given = getattr(self, name) is not None
            if given and name != wanted:
                raise ValueError(f"`{name}` is not for the action {self.action}")
            if not given and name == wanted:
                raise ValueError(f"the action {self.action} needs `{name}`")
        if self.keep and self.action != "filter":
            raise ValueError(f"`keep` is not for the action {self.action}")
        if self.action == "pin" and not self.match.items:
            raise ValueError("the action pin needs `match.items`")
        if self.match == Match():
            raise ValueError("`match` names nothing: the rule would be about every item")
        return self


class _File(_Table):
    rule: list[Rule] = []


def parse(text: str, source: str) -> list[Rule]:
    """Return the rules of a file's text; raise `RulesError` that points at the field.

    >>> parse('[[rule]]\\nname = "sale"\\naction = "boost"\\nmatch = {tags = ["sale"]}', "r.toml")
    Traceback (most recent call last):
        ...
    api.serve.rules.RulesError: r.toml: rule 1 ("sale"): the action boost needs `factor`
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{source}: not valid TOML: {error}") from None
    try:
        return _File.model_validate(tree).rule
    except ValidationError as error:
        raise RulesError(f"{source}: {in_file(error, _File, tree)}") from None


def load(path: Path) -> list[Rule]:
    """Return the rules of a file; raise `RulesError`."""
    try:
        return parse(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: cannot be read: {error}") from None


def in_force(
    rules: Sequence[Rule], site: str, segment: str | None, category: str | None, now: int
) -> list[Rule]:
    """Return the rules that an answer must follow, in their order."""
    return [rule for rule in rules if rule.when.holds(site, segment, category, now)]


def _millis(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)
