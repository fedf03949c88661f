"""A graph of what a site is about: categories, brands, tags, words, and what goes with what.

Concepts are related by the decayed normalised pointwise mutual information (Bouma, "Normalized
(pointwise) mutual information in collocation extraction", GSCL 2009) of their appearing in one
window: a few items that a person touched one after another, and what was searched for meanwhile.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import nsmallest
from itertools import combinations, pairwise
from typing import Final, NamedTuple

import msgspec

from contracts.decisions import DECISION_VERSION, Concept, KnownConcept, Linked
from online_models.decay import CELL, ForwardDecay
from online_models.frequent import FrequentCounts
from online_models.links import Links
from online_models.names import Names
from online_models.spelling import spellings
from online_models.words import concept_name, path_of, words_of

HOUR_MS: Final = 3_600_000
HALF_LIFE_MS: Final = 30 * 24 * HOUR_MS
TREND_HALF_LIFE_MS: Final = 24 * HOUR_MS
MAX_WINDOW: Final = 16
KNOWN: Final = 4_096
TAGS: Final = 4
WORDS: Final = 4
MIN_WEIGHT: Final = 2.5
RARE: Final = 3
RELATED: Final = 10
ITEMS: Final = 40
SYNONYM: Final = 0.7
SHARED_ITEMS: Final = 3
MANY_ITEMS: Final = 200
DOUBT: Final = 5.0

CATEGORY, BRAND, TAG, WORD, QUERY = "category", "brand", "tag", "word", "query"


class Thing(NamedTuple):
    """An item as it is described where it was touched."""

    item: str
    category: str = ""
    brand: str = ""
    tags: Sequence[str] = ()
    title: str = ""


class ConceptGraph:
    """Learns from windows what concepts there are, and which go together.

    Args:
        half_life_ms: after so long a window counts half.
        concepts: rows kept of concepts; of pairs of them there are `pairs`, of a concept with an
            item `items`. While learning there may be twice as many.
        max_window: concepts that one window teaches: what was searched for, then what most of its
            items share.

    Counts miss at most the sum of all weights / (rows kept + 1): `online_models.frequent`. Cost:
    some 10 us a touch with everything new. Memory: 300 bytes a row, 40 MB at most at the
    defaults.

    >>> graph = ConceptGraph()
    >>> tea = [Thing("t1", "Kitchen > Tea", title="Green tea"), Thing("k1", "Kitchen > Kettles")]
    >>> for number in range(20):
    ...     graph.learn_one(tea if number % 2 else [Thing("r1", "Garden > Rakes")], (), number)
    >>> [linked.name for linked in graph.describe("kettle").related]
    ['green', 'tea']
    >>> graph.describe("kettle").parents
    ['kitchen']
    """

    def __init__(
        self,
        half_life_ms: int = HALF_LIFE_MS,
        concepts: int = 4_000,
        pairs: int = 40_000,
        items: int = 20_000,
        max_window: int = MAX_WINDOW,
    ) -> None:
        self.max_window = max_window
        self.windows = 0
        self.time = 0
        self.counts = FrequentCounts[str](concepts)
        self.lately = FrequentCounts[str](concepts)
        self.pairs = Links(pairs)
        self.items = Links(items)
        self.names = Names(3 * concepts)
        self.changed: set[str] = set()
        self._slow, self._fast = ForwardDecay(half_life_ms), ForwardDecay(TREND_HALF_LIFE_MS)
        self._total = self._total_lately = 0.0
        # What has been named already; it saves a third of the time, and tells nothing new.
        self._known: dict[Thing, list[str]] = {}

    def learn_one(self, things: Sequence[Thing], queries: Sequence[str], time: int) -> None:
        """Learn from one window at `time` (ms)."""
        about = {thing.item: self._concepts_of(thing) for thing in things}
        searched = self._searched(queries)
        chosen = self._choose(searched, about.values())
        if not chosen:
            return
        gain, gain_lately = self._gains(time)
        self.windows += 1
        self._total += gain
        self._total_lately += gain_lately
        self.counts.add(chosen, gain)
        self.lately.add(chosen, gain_lately)
        self.pairs.add(list(combinations(chosen, 2)), gain)
        kept = set(chosen)
        self.items.add(
            [
                (name, item)
                for item in sorted(about)
                for name in dict.fromkeys((*about[item], *searched))
                if name in kept
            ],
            gain,
        )
        self.changed.update(chosen)
        if len(self.names) > self.names.limit:
            self.names.keep(self.counts)
            self._known = {}
        if len(self.changed) > self.names.limit:
            self.changed = {name for name in self.changed if name in self.counts}

    def strength(self, first: str, second: str) -> float:
        """Return how two concepts are related: -1 to 1, 0 for independence or too little evidence.

        NPMI, discounted where it rests on few windows (Pantel and Lin, "Discovering word senses
        from text", KDD 2002).
        """
        factor = self._slow.factor(self.time)
        both = self.pairs.weight(*sorted((first, second))) * factor
        total = self._total * factor
        if both < MIN_WEIGHT or total <= 0:
            return 0.0
        one, other = (self._upper(name) * factor for name in (first, second))
        information = math.log(both * total / (one * other))
        share = min(both / total, 1.0)
        npmi = information / -math.log(share) if share < 1.0 else 0.0
        rarer = min(one, other)
        return max(-1.0, min(1.0, npmi * both / (both + 1) * rarer / (rarer + 1)))

    def related(self, name: str, limit: int = RELATED) -> list[Linked]:
        """Return the concepts that go with one, strongest first; not those above or below it."""
        family = {*self.names.parents(name), *self.names.children(name)}
        found = [
            Linked(other, round(strength, 4))
            for other in self.pairs.of(name)
            if other not in family and (strength := self.strength(name, other)) > 0.0
        ]
        return sorted(found, key=_strongest)[:limit]

    def best_items(self, name: str, limit: int = RELATED) -> list[Linked]:
        """Return the items people touch in a concept's windows, with their share of those."""
        whole = self._upper(name)
        weights = self.items.heaviest(name, limit)
        return [Linked(item, round(w / max(whole, w), 4)) for item, w in weights if w > 0]

    def trend(self, name: str) -> float:
        """Return how many times as often a concept is met of late as it usually is; 1: as ever."""
        slow, fast = self._slow.factor(self.time), self._fast.factor(self.time)
        share = self.counts.weight(name) / self._total if self._total > 0 and slow > 0 else 0.0
        expected = share * self._total_lately * fast
        return (self.lately.weight(name) * fast + DOUBT) / (expected + DOUBT)

    def describe(self, name: str) -> Concept | None:
        """Return what is known of a concept, by its name (`words.concept_name`), or None."""
        if name not in self.counts:
            return None
        alias = self._alias_of(name)
        return Concept(
            DECISION_VERSION,
            name,
            self.names.label(name),
            self.names.kinds(name),
            round(min(1.0, self.counts.weight(name) / self._total), 6),
            self.counts.get(name).seen,
            round(self.trend(name), 3),
            self.time,
            self.related(name),
            self.best_items(name, ITEMS),
            self.names.parents(name),
            [child for child in self.names.children(name) if child in self.counts][:RELATED],
            self._synonyms(name),
            alias,
        )

    def directory(self, limit: int = 2_000) -> list[KnownConcept]:
        """Return the most met concepts, most met first."""
        total = self._total or 1.0
        return [
            KnownConcept(
                name,
                self.names.label(name),
                self.names.kinds(name),
                round(self.counts.weight(name) / total, 6),
            )
            for name in self.counts.top(limit)
        ]

    def take_stale(self, seen: Mapping[str, int], turn: int, limit: int) -> list[str]:
        """Return concepts met since they were last taken, at most `limit`, the most due first.

        `seen` says in which turn each was last. Due is the age times the root of how often it is
        met: so what is looked at as often as it is met is of the least age in the mean, and each
        gets its turn (the square root rule; Ammar and Wong, "The design of teletext broadcast
        cycles", Performance Evaluation 5(4), 1985).
        """
        ages = {name: turn - seen.get(name, 0) for name in self.changed if name in self.counts}
        roots = {name: math.sqrt(self.counts.weight(name)) for name in ages}
        names = nsmallest(limit, ages, key=lambda name: (-ages[name] * roots[name], name))
        self.changed = self.changed.difference(names)
        return names

    def take_unseen(self, seen: Collection[str], limit: int) -> list[str]:
        """Return changed concepts that are not `seen`, at most `limit`, the most met first."""
        unseen = [name for name in self.changed if name not in seen and name in self.counts]
        names = nsmallest(limit, unseen, key=lambda name: (-self.counts.weight(name), name))
        self.changed = self.changed.difference(names)
        return names

    def forget_rare(self, least: int = RARE) -> list[str]:
        """Forget words and searches of fewer windows than `least`; return which they were.

        For somebody who is to be forgotten: what so few windows had may be of one person. No
        other concept's description ever names it.
        """
        own = {WORD, QUERY}
        rare = {
            name
            for name in {*self.counts, *self.lately, *self.names}
            if self.counts.get(name).seen < least and own.issuperset(self.names.kinds(name))
        }
        for counts in (self.counts, self.lately):
            counts.discard(rare.__contains__)
        self.pairs.discard(rare)
        self.items.discard(rare)
        self.names.discard(rare)
        self.changed -= rare
        self._known = {}
        return sorted(rare)

    def sort(self) -> None:
        """Put the counts in order, so that graphs of the same windows have equal full dumps."""
        for table in self._tables():
            table.sort()

    def dump(self, *, full: bool = True) -> bytes:
        """Return what was learnt, or what changed of it since the last dump."""
        state = (self.windows, self.time, self._total, self._total_lately)
        landmarks = (self._slow.landmark, self._fast.landmark)
        tables = [table.dump(full=full) for table in self._tables()]
        return msgspec.msgpack.encode(
            (state, landmarks, tables, self.names.dump(full=full), sorted(self.changed))
        )

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what was learnt."""
        decoded = [_parts.decode(part) for part in parts]
        if not decoded:
            return
        state, landmarks, _, _, changed = decoded[-1]
        self.windows, self.time, self._total, self._total_lately = state
        self._slow.landmark, self._fast.landmark = landmarks
        for at, table in enumerate(self._tables()):
            table.load([part[2][at] for part in decoded])
        self.names.load([part[3] for part in decoded])
        self._known = {}
        self.changed = set(changed)

    def _tables(self) -> list[FrequentCounts[str] | Links]:
        return [self.counts, self.lately, self.pairs, self.items]

    def _upper(self, name: str) -> float:
        known = self.counts.get(name)
        return known.weight + known.missed

    def _gains(self, time: int) -> tuple[float, float]:
        self.time = max(self.time, time)
        slow = 2.0 ** (-CELL * self._slow.advance(self.time))
        fast = 2.0 ** (-CELL * self._fast.advance(self.time))
        if slow != 1.0:
            self._total *= slow
            self.counts.fade(slow)
            self.pairs.fade(slow)
            self.items.fade(slow)
        if fast != 1.0:
            self._total_lately *= fast
            self.lately.fade(fast)
        return 1.0 / self._slow.factor(time), 1.0 / self._fast.factor(time)

    def _concepts_of(self, thing: Thing) -> list[str]:
        tags = tuple(thing.tags[:TAGS])
        key = Thing("", thing.category, thing.brand, tags, thing.title)
        names = self._known.get(key)
        if names is None:
            names = self._name(key)
            if len(self._known) >= KNOWN:
                self._known = {}
            self._known[key] = names
        return names

    def _name(self, thing: Thing) -> list[str]:
        path = path_of(thing.category) if thing.category else ()
        for above, below in pairwise(path):
            self.names.place(below, above)
        names = [self._met(name, name, CATEGORY) for name in path[-3:]]
        names += [self._met(concept_name(b), b, BRAND) for b in (thing.brand,) if b]
        names += [self._met(concept_name(tag), tag, TAG) for tag in thing.tags[:TAGS]]
        names += [self._met(word, word, WORD) for word in words_of(thing.title, WORDS)]
        return list(dict.fromkeys(name for name in names if name))

    def _searched(self, queries: Sequence[str]) -> list[str]:
        names = [concept_name(query) for query in queries]
        names += [word for query in queries for word in words_of(query, WORDS)]
        return [self._met(name, name, QUERY) for name in dict.fromkeys(names) if name]

    def _met(self, name: str, label: str, kind: str) -> str:
        if name:
            self.names.meet(name, label, kind)
        return name

    def _choose(self, searched: list[str], about: Iterable[list[str]]) -> list[str]:
        """Return what the window teaches: what was searched for, then what most items share."""
        counts: dict[str, float] = dict.fromkeys(searched, math.inf)
        for names in about:
            for name in names:
                counts[name] = counts.get(name, 0.0) + 1.0
        ordered = sorted(counts, key=lambda name: (-counts[name], name))
        return sorted(ordered[: self.max_window])

    def _alias_of(self, name: str) -> str | None:
        mine = self.counts.weight(name)
        for other in spellings(name, self.counts):
            heavier = self.counts.weight(other) >= max(3 * mine, MIN_WEIGHT)
            if heavier and self._share_items(name, other):
                return other
        return None

    def _share_items(self, name: str, other: str) -> bool:
        return bool(set(self.items.after(name)) & set(self.items.after(other)))

    def _synonyms(self, name: str) -> list[Linked]:
        """Return concepts of nearly the same items: the cosine of both rows of weights.

        Not of a concept that is everywhere, and not among concepts of many times more items.
        """
        if not SHARED_ITEMS <= self.items.size(name) <= MANY_ITEMS:
            return []
        mine = self.items.row(name)
        family = {name, *self.names.parents(name), *self.names.children(name)}
        near = Counter(other for item in mine for other in self.items.before(item))
        found = []
        for other, shared_items in sorted(near.items()):
            size = self.items.size(other)
            if other in family or 4 * shared_items < max(len(mine), size):
                continue
            if self.counts.get(other).seen < RARE:
                continue
            theirs = self.items.row(other)
            shared = [mine[item] * theirs[item] for item in sorted(mine.keys() & theirs.keys())]
            if len(shared) >= SHARED_ITEMS:
                length = _length(mine) * _length(theirs)
                # What has nearly faded out has squares of 0.
                cosine = min(1.0, sum(shared) / length) if length > 0 else 0.0
                found += [Linked(other, round(cosine, 4))] if cosine >= SYNONYM else []
        return sorted(found, key=_strongest)[:RELATED]


_parts = msgspec.msgpack.Decoder(
    tuple[
        tuple[int, int, float, float],
        tuple[int | None, int | None],
        list[bytes],
        bytes,
        list[str],
    ]
)


def _strongest(linked: Linked) -> tuple[float, str]:
    return -linked.strength, linked.name


def _length(weights: dict[str, float]) -> float:
    return math.sqrt(sum(weights[item] ** 2 for item in sorted(weights)))
