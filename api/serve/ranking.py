"""From what is known of a person and a site to the items shown: pure, and the same every time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.serve.exploring import Chance, explored
from api.serve.filling import filled, fillers, leaders
from api.serve.memory import Site
from api.serve.rules import Rule, in_force
from api.serve.shape import Pick, Policy, pin, pinned, shape
from api.serve.varied import ANY, Variety, varied
from api.serve.visitor import Trail, Visitor
from contracts.events import Item
from online_models.blend import Candidate, best
from online_models.contenders import BLEND, CONTENDERS, first_of, lined_up
from online_models.diversity import POOL
from online_models.popularity import HORIZONS
from online_models.rows import NeighbourRow
from online_models.slate import CANDIDATES, EXPERTS, HEAD, Slate, featured, slate
from online_models.touches import number_of

JUDGED: Final = 20
"""Items of each list that is judged."""

SPARE: Final = 10
"""Candidates beyond those asked for, since some will be out of stock."""

Rows = Mapping[int, NeighbourRow]


@dataclass(frozen=True, slots=True)
class Ask:
    """What an answer was asked for. `item` is that of the page it stands on."""

    n: int
    item: str | None = None
    category: str | None = None
    exclude: frozenset[str] = field(default_factory=frozenset)
    explain: bool = False
    variety: Variety = ANY

    @property
    def depth(self) -> int:
        """How many ranked items are looked at: variety chooses from more than are shown."""
        if self.variety.cap:
            return CANDIDATES
        return max(POOL, 2 * self.n) if self.variety else self.n


@dataclass(frozen=True, slots=True)
class Who:
    """Who orders an answer's candidates (`online_models.contenders`), and what is to be known.

    With a `chance` one place may go to an item that would not be shown. If the answer `is_judged`,
    it is told what the others would have shown.
    """

    arm: str = BLEND
    chance: Chance | None = None
    is_judged: bool = False


@dataclass(slots=True)
class Ranking:
    """The items shown, best first.

    `fallback`: nothing of the person's or page's own spoke, or there is nothing to show. `explore`
    is the share of answers in which a place is given to an explored item; `lists` has what each
    contender would have shown, by item id, where that is asked for.
    """

    picks: list[Pick]
    fallback: bool
    arm: str = ""
    explore: float = 0.0
    lists: dict[str, list[str]] = field(default_factory=dict)


def recommend(
    visitor: Visitor,
    trail: Trail,
    rows: Rows,
    site: Site,
    rules: Sequence[Rule],
    ask: Ask,
    now: int,
    who: Who | None = None,
) -> Ranking:
    """Return the `ask.n` items for a person; fewer only if the site has no more to show.

    `who` says who orders the candidates: the blend if it is None. Cost: 0.4 to 0.6 ms with 20 rows
    and 20 items; 0.3 ms more for one that is judged.
    """
    who = who or Who()
    policy = _policy(visitor, site.name, rules, ask, now)
    barred = {number_of(id_) for id_ in policy.hidden}
    content = site.catalogue.content
    candidates = slate(trail.touches, rows, site.crowd, barred, now, content=content)
    barred |= {touch.item for touch in trail.touches}

    def first(count: int) -> list[Pick]:
        found = lined_up(who.arm, candidates, site.weights, site.tops, barred, count)
        return shape(_picks(found, site), policy, ask.depth)

    wanted = CANDIDATES if policy.wide else ask.depth + SPARE
    picks = first(wanted)
    if len(picks) < ask.n and wanted < CANDIDATES:
        picks = first(CANDIDATES)
    shown = _finished(picks, policy, site, ("trending", "popular"), ask)
    spoke = any(number in rows for number in trail.steps)
    fallback = not (shown and spoke)
    ranking = Ranking(shown, fallback, who.arm)
    if who.is_judged:
        ranking.lists = _lists(candidates, barred, policy, site)
    if who.chance is not None:
        pool = partial(_unshown, shown, candidates, policy, site, ask)
        ranking.picks = explored(shown, pool, who.chance)
        ranking.explore = who.chance.share
    return ranking


def similar(
    trail: Trail, rows: Rows, site: Site, rules: Sequence[Rule], ask: Ask, now: int
) -> Ranking:
    """Return items that go with `ask.item`, whoever asks; popular ones of its kind without any."""
    nobody = Visitor("")
    candidates = slate(
        trail.touches, rows, site.linked, {number_of(id_) for id_ in ask.exclude}, now
    )
    policy = _policy(nobody, site.name, rules, ask, now)
    picks = shape(_picks(best(candidates, site.weights, CANDIDATES), site), policy, ask.depth)
    fallback = not picks
    own = site.catalogue.get(ask.item) if ask.item is not None else None
    if len(picks) < ask.n and own is not None and own.category and ask.category is None:
        alike = Policy(policy.hidden, category=own.category, rules=policy.rules)
        picks = filled(picks, alike, site, ("popular",), ask.n)
    shown = _finished(picks, policy, site, ("trending", "popular"), ask)
    return Ranking(shown, fallback or not shown)


def leading(
    site: Site, rankings: Sequence[str], rules: Sequence[Rule], ask: Ask, now: int
) -> Ranking:
    """Return what leads the first ranking that has anything, then the next ones."""
    policy = _policy(Visitor(""), site.name, rules, ask, now)
    first = site.top(rankings[0])
    picks = [] if first is None else shape(leaders(first, rankings[0], site), policy, ask.depth)
    fallback = not picks
    shown = _finished(picks, policy, site, rankings[1:], ask)
    return Ranking(shown, fallback or not shown)


def reorder(
    given: Sequence[str],
    visitor: Visitor,
    trail: Trail,
    rows: Rows,
    site: Site,
    rules: Sequence[Rule],
    ask: Ask,
    now: int,
) -> Ranking:
    """Return the given items, best first: all of them, but for those excluded or filtered out.

    What was bought or lies in the cart stays, since the caller named it; what nobody knows
    anything about comes last, in the order given.
    """
    known = {item.id: item for item in map(site.catalogue.get, given) if item is not None}
    items = {number_of(id_): known.get(id_, Item(id=id_)) for id_ in given}
    numbers = np.sort(np.fromiter(items, np.uint64, len(items)))
    scored = best(_slate_of(numbers, trail, rows, site, now), site.weights, len(items))
    scores = {c.item: c for c in scored if any(c.parts.values())}
    picks = [
        Pick(item, scores[n].score, scores[n].strategy, scores[n].parts)
        if n in scores
        else Pick(item, 0.0, "given")
        for n, item in items.items()
    ]
    picks.sort(key=lambda pick: -pick.score)
    spoke = any(number in rows for number in trail.steps)
    fallback = not (spoke or any(pick.strategy == "repeat" for pick in picks))
    return arranged(picks, known, visitor, site, rules, ask, now, fallback=fallback)


def arranged(
    picks: Sequence[Pick],
    known: Mapping[str, Item],
    visitor: Visitor,
    site: Site,
    rules: Sequence[Rule],
    ask: Ask,
    now: int,
    *,
    fallback: bool,
) -> Ranking:
    """Return given items, which come best first, as the shop's rules have them."""
    policy = _policy(Visitor(visitor.user, tired=visitor.tired), site.name, rules, ask, now)
    return Ranking(pin(shape(picks, policy, ask.n), policy, known.get, ask.n), fallback)


def _policy(visitor: Visitor, site: str, rules: Sequence[Rule], ask: Ask, now: int) -> Policy:
    own = frozenset() if ask.item is None else frozenset((ask.item,))
    force = in_force(rules, site, visitor.segment, ask.category, now)
    return Policy(visitor.hidden | ask.exclude | own, visitor.tired, ask.category, force)


def _picks(candidates: Sequence[Candidate], site: Site) -> Iterator[Pick]:
    find = site.catalogue.by_number
    for number, score, strategy, parts in candidates:
        item = find(number)
        if item is not None:
            yield Pick(item, score, strategy, parts)


def _finished(
    picks: list[Pick], policy: Policy, site: Site, rankings: Sequence[str], ask: Ask
) -> list[Pick]:
    """Return the items shown: varied as it was asked for, filled up, with the pins in place."""
    find = site.catalogue.get
    if ask.variety:
        more = fillers(picks, policy, site, rankings)
        picks = varied(picks, more, pinned(policy, find, ask.n), policy, ask.variety, ask.n)
    return pin(filled(picks, policy, site, rankings, ask.n), policy, find, ask.n)


def _lists(candidates: Slate, barred: set[int], policy: Policy, site: Site) -> dict[str, list[str]]:
    """Return the first `JUDGED` that each contender would show: of what may be shown, unvaried."""
    count = CANDIDATES if policy.wide else JUDGED + SPARE
    lists = {}
    for name in CONTENDERS:
        numbers = first_of(name, candidates, site.weights, site.tops, barred, count)
        found = filter(None, map(site.catalogue.by_number, numbers))
        fitting = (item.id for item in found if policy.allows(item))
        lists[name] = list(islice(fitting, JUDGED))
    return lists


def _unshown(
    shown: Sequence[Pick], candidates: Slate, policy: Policy, site: Site, ask: Ask
) -> Iterator[Pick]:
    """Yield what may be shown and is not: new items, then the candidates, by their scores.

    Nothing of a category that the cap lets no more of, or that steps behind.
    """
    counts = Counter(pick.item.category for pick in shown if pick.item.category)
    cap = ask.variety.cap if ask.category is None else 0
    full = {category for category, count in counts.items() if 0 < cap <= count}
    seen = {pick.item.id for pick in shown}
    numbers = set(candidates.items.tolist())

    def fits(item: Item) -> bool:
        free = item.id not in seen and item.category not in full
        return free and policy.allows(item) and not policy.behind(item)

    for item in site.catalogue.newest():
        if number_of(item.id) not in numbers and fits(item):
            yield Pick(item, 0.0, "catalogue")
    scored = _picks(best(candidates, site.weights, CANDIDATES), site)
    yield from (pick for pick in scored if fits(pick.item))


def _slate_of(numbers: NDArray[np.uint64], trail: Trail, rows: Rows, site: Site, now: int) -> Slate:
    """Return a slate of exactly the given items (rising numbers)."""
    shares = np.zeros((len(numbers), len(EXPERTS)))
    for expert, name in enumerate(EXPERTS):
        if name in HORIZONS and (top := site.top(name)) is not None:
            shares[:, expert] = top.shares_of(numbers)
    features, own = featured(shares), np.zeros(len(numbers), np.bool_)
    others = _others(numbers, trail, rows, site)
    found = slate((), {}, {}, (), now)
    for first in range(0, len(numbers), CANDIDATES):
        part = numbers[first : first + CANDIDATES]
        rest = np.setdiff1d(numbers, part)
        barred = {*others, *rest.tolist()}
        found = slate(trail.touches, rows, site.crowd, barred, now, repeats=True)
        at = np.searchsorted(numbers, found.items)
        features[at], own[at] = found.features, found.own
    return found._replace(items=numbers, features=features, own=own)


def _others(numbers: NDArray[np.uint64], trail: Trail, rows: Rows, site: Site) -> set[int]:
    """Return every number that a slate could hold beside the given ones."""
    every: set[int] = {touch.item for touch in trail.touches}
    for row in rows.values():
        every.update(row.keys.tolist())
    for top in site.tops.values():
        every.update(top.keys[:HEAD].tolist())
    return every - set(numbers.tolist())
