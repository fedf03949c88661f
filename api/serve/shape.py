"""From ranked candidates to what is shown: what is hidden goes, and the shop's rules apply."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from api.serve.rules import Rule
from contracts.events import Item


@dataclass(frozen=True, slots=True)
class Pick:
    """One item that may be shown: `parts` are what each expert said of it.

    `propensity` is how likely it was to stand where it does, given all but the draw.
    """

    item: Item
    score: float
    strategy: str
    parts: dict[str, float] = field(default_factory=dict)
    rule: str | None = None
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be shown in one answer, and the rules in force for it."""

    hidden: frozenset[str] = frozenset()
    tired: frozenset[str] = frozenset()
    category: str | None = None
    rules: Sequence[Rule] = ()

    @property
    def wide(self) -> bool:
        """Whether an item far down the ranking may end at its head, or many fall out."""
        return self.category is not None or bool(self.rules)

    def allows(self, item: Item) -> bool:
        """Say whether an item may be shown at all."""
        return (
            item.in_stock
            and item.id not in self.hidden
            and (self.category is None or item.category == self.category)
            and not (self.rules and self._filtered(item))
        )

    @property
    def plain(self) -> bool:
        """Whether the order of the ranking is the order shown."""
        return not self.rules and not self.tired

    def _filtered(self, item: Item) -> bool:
        return any(
            rule.action == "filter" and rule.match.fits(item) != rule.keep for rule in self.rules
        )

    def behind(self, item: Item) -> int:
        """Return how far behind the others an item steps: not at all, tired, buried."""
        if self.plain:
            return 0
        buried = any(rule.action == "bury" and rule.match.fits(item) for rule in self.rules)
        return 2 * buried + (item.id in self.tired)


def shape(picks: Iterable[Pick], policy: Policy, n: int) -> list[Pick]:
    """Return the picks that may be shown, in the order the rules want: `n` of them or more.

    `picks` come best first. Boosts change scores; what is buried or was shown too often steps
    behind all others. Both keep the order within. Pins are set by `pin`, when it is known what
    else there is.
    """
    if policy.plain:
        return list(islice((pick for pick in picks if policy.allows(pick.item)), n))
    allowed = [_boosted(pick, policy.rules) for pick in picks if policy.allows(pick.item)]
    return sorted(allowed, key=lambda pick: (policy.behind(pick.item), -pick.score))


def pin(
    picks: Sequence[Pick], policy: Policy, find: Callable[[str], Item | None], n: int
) -> list[Pick]:
    """Return the first `n` picks with the pinned items at their positions.

    An item is pinned only if it exists and may be shown; what stood there moves down.
    """
    shown = list(picks)
    for rule, item, at in _pins(policy, find):
        _place(shown, item, rule, min(at, len(shown)))
    return shown[:n]


def pinned(policy: Policy, find: Callable[[str], Item | None], n: int) -> list[Item]:
    """Return the items that rules will pin among the first `n`."""
    return [item for _, item, at in _pins(policy, find) if at < n]


def _pins(policy: Policy, find: Callable[[str], Item | None]) -> Iterator[tuple[Rule, Item, int]]:
    for rule in policy.rules:
        if rule.action != "pin" or rule.position is None:
            continue
        for offset, id_ in enumerate(rule.match.items):
            item = find(id_)
            if item is not None and policy.allows(item) and rule.match.fits(item):
                yield rule, item, rule.position - 1 + offset


def _place(shown: list[Pick], item: Item, rule: Rule, at: int) -> None:
    here = next((number for number, pick in enumerate(shown) if pick.item.id == item.id), None)
    pick = shown.pop(here) if here is not None else Pick(item, 0.0, "pinned")
    shown.insert(min(at, len(shown)), replace(pick, strategy="pinned", rule=rule.name))


def _boosted(pick: Pick, rules: Sequence[Rule]) -> Pick:
    for rule in rules:
        if rule.action == "boost" and rule.factor is not None and rule.match.fits(pick.item):
            # A negative score, such as a logarithm, rises by being divided.
            score = pick.score * rule.factor if pick.score >= 0 else pick.score / rule.factor
            pick = replace(pick, score=score, rule=rule.name)
    return pick
