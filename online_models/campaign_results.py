"""What a campaign did: counts that add up over parts, and what they say against the holdout."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.codec import pack
from online_models.confidence import Sums, uplift
from online_models.sample_ratio import log_evidence, mismatch

HOLDOUT: Final = "holdout"
SENT: Final = "sent"
"""The group of those sent to, where a campaign has no variants."""

SEGMENTS: Final = 64
"""Of a group; people of further ones are counted under `other`."""

OTHER: Final = "other"


class Cell(Struct, array_like=True):
    """One group's counts in one segment.

    `triggers` of the holdout were sent to nobody. `delivered`, `opened` and `clicked` count
    windows with such an answer. `orders` (lines of them) and `revenue` came within the horizon;
    `converted` and `paid` are of each person's first window alone, one outcome a person.
    """

    triggers: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    orders: int = 0
    revenue: float = 0.0
    converted: Sums = msgspec.field(default_factory=Sums)
    paid: Sums = msgspec.field(default_factory=Sums)

    def add(self, other: "Cell") -> None:
        """Add another part's counts."""
        self.triggers += other.triggers
        self.delivered += other.delivered
        self.opened += other.opened
        self.clicked += other.clicked
        self.orders += other.orders
        self.revenue += other.revenue
        self.converted.merge(other.converted)
        self.paid.merge(other.paid)


Groups = dict[str, dict[str, Cell]]
"""Cells by group (a variant, `sent`, or `holdout`), then by segment."""

Counts = dict[int, Groups]
"""Groups by version of the campaign."""

unpack_counts = msgspec.msgpack.Decoder(Counts).decode


def pack_counts(counts: Counts) -> bytes:
    """Return counts as bytes, the same for the same counts."""
    return pack(
        {
            version: {group: dict(sorted(cells.items())) for group, cells in sorted(groups.items())}
            for version, groups in sorted(counts.items())
        }
    )


def merge(parts: Iterable[Counts]) -> Counts:
    """Return the counts of all parts together.

    >>> one = {1: {"sent": {"": Cell(triggers=2)}}}
    >>> merge([one, one])[1]["sent"][""].triggers
    4
    """
    merged: Counts = {}
    for counts in parts:
        for version, groups in counts.items():
            for group, cells in groups.items():
                mine = merged.setdefault(version, {}).setdefault(group, {})
                for segment, cell in cells.items():
                    mine.setdefault(segment, Cell()).add(cell)
    return merged


def shares_of(holdout: float, variants: Mapping[str, float]) -> dict[str, float]:
    """Return the share of people that each group was meant to have.

    >>> shares_of(0.1, {})
    {'holdout': 0.1, 'sent': 0.9}
    """
    total = sum(variants.values())
    sent = {name: weight / total for name, weight in variants.items()} if total else {SENT: 1.0}
    shares = {name: (1.0 - holdout) * share for name, share in sorted(sent.items())}
    return {HOLDOUT: holdout, **shares} if holdout else shares


def report(groups: Groups, shares: Mapping[str, float]) -> dict[str, Any]:
    """Return what one version did: totals, each group, what it added, and where.

    `value_per_send` is the revenue that a trigger added, against people who were held out; None
    without any. Cost: 10 us a segment.
    """
    whole = {group: _sum(cells.values()) for group, cells in groups.items()}
    holdout = whole.get(HOLDOUT, Cell())
    treated = _sum(cell for group, cell in whole.items() if group != HOLDOUT)
    segments = sorted({segment for cells in groups.values() for segment in cells})
    return {
        "sent": _figures(treated),
        "holdout": _figures(holdout) if HOLDOUT in whole else None,
        "variants": {
            group: {**_figures(cell), **_added(cell, holdout)}
            for group, cell in sorted(whole.items())
            if group not in (HOLDOUT, SENT)
        },
        **_added(treated, holdout),
        "segments": {segment: _in(groups, segment) for segment in segments},
        "assignment": assignment(whole, shares),
    }


def assignment(whole: Mapping[str, Cell], shares: Mapping[str, float]) -> dict[str, Any]:
    """Return the groups' sizes, those that were meant, and whether they fit together."""
    names = sorted({*whole, *shares})
    counts = [whole[name].converted.people if name in whole else 0 for name in names]
    meant = [shares.get(name, 0.0) for name in names]
    evidence = log_evidence(counts, meant)
    return {
        "people": dict(zip(names, counts, strict=True)),
        "meant": dict(zip(names, meant, strict=True)),
        "log_evidence": evidence if evidence != float("inf") else None,
        "mismatch": mismatch(counts, meant),
    }


def _in(groups: Groups, segment: str) -> dict[str, Any]:
    holdout = groups.get(HOLDOUT, {}).get(segment, Cell())
    treated = _sum(
        cells[segment] for g, cells in groups.items() if g != HOLDOUT and segment in cells
    )
    return {**_figures(treated), **_added(treated, holdout)}


def _sum(cells: Iterable[Cell]) -> Cell:
    total = Cell()
    for cell in cells:
        total.add(cell)
    return total


def _figures(cell: Cell) -> dict[str, Any]:
    return {
        "triggers": cell.triggers,
        "delivered": cell.delivered,
        "opened": cell.opened,
        "clicked": cell.clicked,
        "people": cell.converted.people,
        "converted": cell.converted.hits,
        "conversion": cell.converted.mean,
        "purchases": cell.orders,
        "revenue": round(cell.revenue, 2),
        "revenue_per_person": cell.paid.mean,
    }


def _added(treated: Cell, holdout: Cell) -> dict[str, Any]:
    """Return what the treated have over the holdout, with bounds that hold at any look."""
    rate = uplift(treated.converted, holdout.converted)
    money = uplift(treated.paid, holdout.paid, amounts=True)
    compared = bool(treated.converted.people and holdout.converted.people)
    worth = None
    if compared and treated.triggers:
        worth = money.difference * treated.paid.people / treated.triggers
    return {
        "uplift": _bounds(rate) if compared else None,
        "uplift_revenue": _bounds(money) if compared else None,
        "value_per_send": worth,
    }


def _bounds(found: Any) -> dict[str, Any]:
    return {
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "sure": found.sure,
    }


def newest(counts: Mapping[int, Groups], versions: Sequence[int]) -> int | None:
    """Return the newest of the versions that has done anything; else the newest of all."""
    done = [version for version in versions if version in counts]
    return max(done or versions, default=None)
