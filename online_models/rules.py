"""Association rules over a stream of baskets: who takes this takes that, and how sure that is.

Pairs and triples of items are counted as baskets come (`online_models.frequent`), decayed, in
bounded memory. A triple is looked for only where its pairs are frequent (Agrawal and Srikant,
"Fast algorithms for mining association rules", VLDB 1994). Rules are ranked by a lower bound of
their lift, so that a few coincidences do not lead.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, combinations
from typing import Final, NamedTuple

import msgspec

from online_models.decay import CELL, ForwardDecay
from online_models.frequent import Frequency, FrequentCounts

DAY_MS: Final = 86_400_000
HALF_LIFE_MS: Final = 90 * DAY_MS
MAX_ITEMS: Final = 100
TRIPLE_ITEMS: Final = 20
MIN_WEIGHT: Final = 5.0
RULES_KEPT: Final = 10
Z: Final = 1.64
"""Of the lower bound that rules are ranked by: one-sided 95 %."""

_FADE: Final = 2.0**-CELL


class Rule(NamedTuple):
    """Baskets with all items of `given` hold `then` as well, in a share `confidence` of them.

    `support` is the share of all baskets that hold all of them, `lift` how many times as often
    `then` comes with `given` as it comes at all: these are decayed. `seen` is how many baskets it
    was, undecayed; `missed` how many more it may have been at most. `bound` is the lift that the
    rule has with 95 % certainty.
    """

    given: tuple[str, ...]
    then: str
    support: float
    confidence: float
    lift: float
    seen: int
    missed: int
    bound: float


class RuleMiner:
    """Learns rules from baskets.

    Args:
        half_life_ms: after so long a basket counts half; None: never.
        items: rows kept of single items; of pairs and triples there are `pairs` and `triples`.
            While learning there may be twice as many.
        max_items: a basket of more is left out as no one's choice (a restocking): `oversized`.
        triple_items: a basket of more teaches no triples.
        min_weight: decayed baskets that a rule rests on at least, and a pair before triples with
            it are looked for.

    **Bound.** With N the decayed number of baskets of at most `max_items`, and P that of the pairs
    in them, what a pair misses is at most P / (`pairs` + 1), for an item S / (`items` + 1) with S
    the items in baskets. A triple misses at most T / (`triples` + 1), and what came while one of
    its pairs was light: less than `min_weight` + P / (`pairs` + 1), and large baskets. Each rule
    says in `missed` how many baskets it came to, and `oversized` says how many were left out.
    Cost: 0.2 to 2 us a pair. Memory: some 300 bytes a row, 50 MB at the defaults.

    >>> miner = RuleMiner(min_weight=2.0)
    >>> for number in range(60):
    ...     miner.learn_one([["tea", "cup"], ["tea", "cup", "milk"], ["hose"]][number % 3], number)
    >>> rule = miner.rules("tea")[0]
    >>> rule.given, rule.then, rule.seen, round(rule.confidence, 2), round(rule.lift, 2)
    (('tea',), 'cup', 40, 1.0, 1.5)
    """

    def __init__(
        self,
        half_life_ms: int | None = HALF_LIFE_MS,
        items: int = 20_000,
        pairs: int = 50_000,
        triples: int = 10_000,
        max_items: int = MAX_ITEMS,
        triple_items: int = TRIPLE_ITEMS,
        min_weight: float = MIN_WEIGHT,
    ) -> None:
        self.max_items = max_items
        self.triple_items = triple_items
        self.min_weight = min_weight
        self.baskets = 0
        self.oversized = 0
        self.large = 0
        self.time = 0
        self.items = FrequentCounts[str](items)
        self.pairs = FrequentCounts[tuple[str, str]](pairs)
        self.triples = FrequentCounts[tuple[str, str, str]](triples)
        self.changed: set[str] = set()
        self._decay = ForwardDecay(half_life_ms) if half_life_ms is not None else None
        self._total = 0.0
        self._partners: dict[str, set[str]] = {}
        self._cuts = 0

    def learn_one(self, basket: Collection[str], time: int, before: Collection[str] = ()) -> None:
        """Learn from a basket at `time` (ms), or from what came into it after `before`."""
        old = set(before)
        new = sorted(set(basket) - old)
        if not new:
            return
        if len(old) + len(new) > self.max_items:
            self.oversized += len(old) <= self.max_items
            return
        gain = self._gain(time)
        if not old:
            self.baskets += 1
            self._total += gain
        self.items.add(new, gain)
        heavy = self.pairs.add(_pairs(old, new), gain, self.min_weight * gain)
        if len(old) + len(new) <= self.triple_items:
            self.triples.add(self._triples(old, new, heavy, gain), gain)
        elif len(old) <= self.triple_items:
            self.large += 1
        self._note(new, heavy)

    def rules(self, item: str, limit: int = RULES_KEPT) -> list[Rule]:
        """Return the rules with `item` among the given ones, the surest lift first."""
        partners = sorted(self._partners.get(item, ()))
        found = [self._rule((item,), other, self._of_pair(item, other)) for other in partners]
        for first, second in self._sides(partners):
            triple = _triple(item, first, second)
            if triple in self.triples:
                counted = self._of_triple(triple)
                found.append(self._rule(_pair(item, first), second, counted))
                found.append(self._rule(_pair(item, second), first, counted))
        kept = [rule for rule in found if rule is not None and rule.bound > 1.0]
        return sorted(kept, key=lambda rule: (-rule.bound, rule.given, rule.then))[:limit]

    def antecedents(self) -> list[str]:
        """Return the items that may have rules."""
        return sorted(self._partners)

    def take_changed(self) -> list[str]:
        """Return the items whose counts changed since the last call and that may have rules."""
        changed, self.changed = self.changed, set()
        return sorted(item for item in changed if item in self._partners)

    @property
    def weight(self) -> float:
        """The decayed number of baskets, as of the newest one."""
        return self._total * self._factor()

    def sort(self) -> None:
        """Put the counts in order, so that miners of the same baskets have equal full dumps."""
        for table in self._tables():
            table.sort()

    def dump(self, *, full: bool = True) -> bytes:
        """Return what was learnt, or what changed of it since the last dump."""
        landmark = self._decay.landmark if self._decay is not None else None
        state = (self.baskets, self.oversized, self.large, self.time, self._total, landmark)
        tables = [table.dump(full=full) for table in self._tables()]
        return msgspec.msgpack.encode((state, tables, sorted(self.changed)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what was learnt."""
        decoded = [_parts.decode(part) for part in parts]
        if not decoded:
            return
        state, _, changed = decoded[-1]
        self.baskets, self.oversized, self.large, self.time, self._total, landmark = state
        if self._decay is not None:
            self._decay.landmark = landmark
        for at, table in enumerate(self._tables()):
            table.load([tables[at] for _, tables, _ in decoded])
        self.changed = set(changed)
        self._index()

    def _tables(self) -> tuple[FrequentCounts[str], FrequentCounts, FrequentCounts]:  # type: ignore[type-arg]
        return self.items, self.pairs, self.triples

    def _gain(self, time: int) -> float:
        self.time = max(self.time, time)
        if self._decay is None:
            return 1.0
        factor = _FADE ** self._decay.advance(self.time)
        if factor != 1.0:
            self._total *= factor
            for table in self._tables():
                table.fade(factor)
        return 1.0 / self._decay.factor(time)

    def _factor(self) -> float:
        return 1.0 if self._decay is None else self._decay.factor(self.time)

    def _triples(
        self, old: set[str], new: list[str], heavy: list[tuple[str, str]], gain: float
    ) -> list[tuple[str, str, str]]:
        limit = self.min_weight * gain
        known = [pair for pair in combinations(sorted(old), 2) if self.pairs.weight(pair) >= limit]
        after: dict[str, set[str]] = {}
        for first, second in chain(heavy, known):
            after.setdefault(first, set()).add(second)
        fresh = set(new)
        return sorted(
            (first, second, third)
            for first, seconds in after.items()
            for second in seconds
            for third in seconds & after.get(second, set())
            if first in fresh or second in fresh or third in fresh
        )

    def _sides(self, partners: list[str]) -> Iterator[tuple[str, str]]:
        """Yield the pairs of partners that are partners of each other."""
        for first in partners:
            for second in sorted(self._partners[first].intersection(partners)):
                if first < second:
                    yield first, second

    def _note(self, new: list[str], heavy: list[tuple[str, str]]) -> None:
        for first, second in heavy:
            self._partners.setdefault(first, set()).add(second)
            self._partners.setdefault(second, set()).add(first)
        self.changed.update(new)
        self.changed.update(chain.from_iterable(heavy))
        if self._cuts != self.pairs.cuts or len(self.changed) > 2 * self.items.capacity:
            self._index()

    def _index(self) -> None:
        """Find the partners of each item anew: after a cut, and after loading."""
        self._cuts = self.pairs.cuts
        self._partners = {}
        limit = self.min_weight / self._factor()
        for first, second in self.pairs:
            if self.pairs.weight((first, second)) >= limit:
                self._partners.setdefault(first, set()).add(second)
                self._partners.setdefault(second, set()).add(first)
        self.changed = {item for item in self.changed if item in self._partners}

    def _of_pair(self, first: str, second: str) -> Frequency:
        return self.pairs.get(_pair(first, second))

    def _of_triple(self, triple: tuple[str, str, str]) -> Frequency:
        found = self.triples.get(triple)
        sides = [self.pairs.get(side) for side in combinations(triple, 2)]
        most = min(side.seen + side.seen_missed for side in sides)
        return found._replace(seen_missed=max(0, most - found.seen))

    def _rule(self, given: tuple[str, ...], then: str, whole: Frequency) -> Rule | None:
        factor = self._factor()
        if whole.weight * factor < self.min_weight or self._total <= 0:
            return None
        part = self._of_pair(*given) if len(given) == 2 else self.items.get(given[0])
        base, other = part.weight + part.missed, self.items.get(then)
        share = min(1.0, (other.weight + other.missed) / self._total)
        confidence = min(1.0, whole.weight / max(base, whole.weight))
        return Rule(
            given,
            then,
            whole.weight / self._total,
            confidence,
            confidence / share,
            whole.seen,
            whole.seen_missed,
            lower_bound(confidence, base * factor) / share,
        )


_parts = msgspec.msgpack.Decoder(
    tuple[tuple[int, int, int, int, float, int | None], list[bytes], list[str]]
)


def lower_bound(share: float, count: float, z: float = Z) -> float:
    """Return what a share seen in `count` trials is at least (Wilson, JASA 1927).

    >>> round(lower_bound(0.5, 10), 3), round(lower_bound(0.5, 1000), 3)
    (0.27, 0.474)
    """
    if count <= 0:
        return 0.0
    spread: float = z * ((share * (1 - share) + z * z / (4 * count)) / count) ** 0.5
    return max(0.0, (share + z * z / (2 * count) - spread) / (1 + z * z / count))


def _pairs(old: set[str], new: list[str]) -> list[tuple[str, str]]:
    pairs: Iterator[tuple[str, str]] = combinations(new, 2)
    return [*pairs, *(_pair(first, second) for first in new for second in sorted(old))]


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first < second else (second, first)


def _triple(first: str, second: str, third: str) -> tuple[str, str, str]:
    a, b, c = sorted((first, second, third))
    return a, b, c
