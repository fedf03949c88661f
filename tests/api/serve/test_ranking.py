"""Properties of the ranking, over generated people, rows, rankings, rules and catalogues."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from api.serve.exploring import Chance
from api.serve.memory import Memory, Site
from api.serve.ranking import Ask, Who, leading, recommend, reorder, similar
from api.serve.rules import Rule
from api.serve.shape import Pick, Policy
from api.serve.varied import Variety
from api.serve.visitor import Visitor, trail_of
from contracts.codec import pack
from contracts.events import Item
from contracts.keys import Keys, item_key
from contracts.profile import Recent
from online_models.rows import NeighbourRow, TopList, pack_top

IDS = [f"i{number}" for number in range(30)]
CATEGORIES = ["a", "b", ""]
NOW = 1_700_000_000_000

ids = st.sampled_from(IDS)
some = st.lists(ids, max_size=12, unique=True)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    site = Memory("live", ["s"]).sites["s"]
    for id_ in draw(st.lists(ids, max_size=30, unique=True)):
        item = Item(
            id=id_, category=draw(st.sampled_from(CATEGORIES)), in_stock=draw(st.integers(0, 4)) > 0
        )
        site.catalogue.put_packed(id_, pack(item))
    values: dict[str, bytes | None] = dict.fromkeys(site.wanted)
    keys = Keys("live")
    for ranking in ("short", "medium", "long", "popular", "trending"):
        if listed := draw(some):
            numbers = np.array([item_key(id_) for id_ in listed], np.uint64)
            weights = np.sort(np.array(draw(_weights(len(listed))), np.float32))[::-1]
            values[keys.top("s", ranking)] = pack_top(
                TopList(numbers, weights, NOW, float(weights.sum()))
            )
    site.take(values)
    return site


def _weights(count: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(0.01, 1e6), min_size=count, max_size=count)


@st.composite
def visitors(draw: st.DrawFn) -> Visitor:
    recents = [
        Recent.of(id_, draw(st.sampled_from(["view", "purchase", "dislike"])), NOW - 10 + at)
        for at, id_ in enumerate(draw(st.lists(ids, max_size=15)))
    ]
    return Visitor(
        "ada",
        recents=tuple(recents),
        hidden=frozenset(draw(some)),
        tired=frozenset(draw(some)),
    )


@st.composite
def rows_for(draw: st.DrawFn) -> dict[int, NeighbourRow]:
    rows = {}
    for id_ in draw(some):
        near = draw(some)
        numbers = np.array([item_key(one) for one in near], np.uint64)
        weights = np.array(draw(_weights(2 * len(near))), np.float32).reshape(-1, 2)
        rows[item_key(id_)] = NeighbourRow(numbers, weights, NOW)
    return rows


rules = st.lists(
    st.one_of(
        st.builds(
            lambda match, position: Rule.model_validate(
                {"name": "p", "action": "pin", "position": position, "match": {"items": match}}
            ),
            st.lists(ids, min_size=1, max_size=3),
            st.integers(1, 12),
        ),
        st.builds(
            lambda category, factor: Rule.model_validate(
                {
                    "name": "b",
                    "action": "boost",
                    "factor": factor,
                    "match": {"categories": [category]},
                }
            ),
            st.sampled_from("ab"),
            st.floats(0.1, 100),
        ),
        st.builds(
            lambda category, keep: Rule.model_validate(
                {
                    "name": "f",
                    "action": "filter",
                    "keep": keep,
                    "match": {"categories": [category]},
                }
            ),
            st.sampled_from("ab"),
            st.booleans(),
        ),
        st.builds(
            lambda item: Rule.model_validate(
                {"name": "d", "action": "bury", "match": {"items": [item]}}
            ),
            ids,
        ),
    ),
    max_size=3,
)
asks = st.builds(
    Ask,
    n=st.integers(1, 40),
    item=st.none() | ids,
    category=st.none() | st.sampled_from("ab"),
    exclude=some.map(frozenset),
    variety=st.builds(Variety, st.integers(0, 3), st.sampled_from([0.0, 0.3, 1.0])),
)


@settings(max_examples=60)
@given(sites(), visitors(), rows_for(), rules, asks)
def test_no_answer_shows_what_it_must_not_or_leaves_out_what_it_could(
    site: Site,
    visitor: Visitor,
    rows: dict[int, NeighbourRow],
    rules: list[Rule],
    ask: Ask,
) -> None:
    touched = list(visitor.recents) + ([Recent.of(ask.item, "view", NOW)] if ask.item else [])
    trail = trail_of(touched)
    barred = visitor.hidden | ask.exclude | {ask.item}
    allowed = {
        item.id
        for item in site.catalogue.items()
        if item.in_stock
        and item.id not in barred
        and (ask.category is None or item.category == ask.category)
        and all(rule.match.fits(item) == rule.keep for rule in rules if rule.action == "filter")
    }
    ranking = recommend(visitor, trail, rows, site, rules, ask, NOW)
    shown = [pick.item.id for pick in ranking.picks]
    assert len(set(shown)) == len(shown) == min(ask.n, len(allowed))
    assert set(shown) <= allowed
    assert all(np.isfinite(pick.score) for pick in ranking.picks)
    assert ranking.fallback == (not shown or not set(trail.steps) & set(rows))
    again = recommend(visitor, trail, rows, site, rules, ask, NOW)
    assert [pick.item.id for pick in again.picks] == shown
    _keeps_the_cap(ranking.picks, allowed, visitor, site, rules, ask)
    drawn = recommend(visitor, trail, rows, site, rules, ask, NOW, Who(chance=Chance(0.5, 7, "a")))
    assert {pick.item.id for pick in drawn.picks} <= allowed
    assert len({pick.item.id for pick in drawn.picks}) == len(shown)
    assert sum(pick.strategy == "explored" for pick in drawn.picks) <= 1
    assert all(0.0 < pick.propensity <= 1.0 for pick in drawn.picks)


def _keeps_the_cap(
    picks: list[Pick],
    allowed: set[str],
    visitor: Visitor,
    site: Site,
    rules: list[Rule],
    ask: Ask,
) -> None:
    """Nothing is over the cap while anything that is not could have been shown in its place."""
    if ask.variety.cap < 1 or ask.category is not None:
        return
    policy = Policy(tired=visitor.tired, rules=rules)
    counts = Counter(pick.item.category for pick in picks if pick.strategy == "pinned")
    for pick in picks:
        if pick.strategy == "pinned" or policy.behind(pick.item) or not pick.item.category:
            continue
        counts[pick.item.category] += 1
        if counts[pick.item.category] > ask.variety.cap:
            left = [site.catalogue.get(id_) for id_ in allowed - {p.item.id for p in picks}]
            fitting = [i for i in left if i and counts[i.category] < ask.variety.cap]
            assert all(policy.behind(item) for item in fitting)
            return


@settings(max_examples=60)
@given(sites(), visitors(), rows_for(), rules, asks, st.lists(ids, min_size=1, unique=True))
def test_ranking_given_items_returns_each_once(
    site: Site,
    visitor: Visitor,
    rows: dict[int, NeighbourRow],
    rules: list[Rule],
    ask: Ask,
    listed: list[str],
) -> None:
    ask = Ask(len(listed), exclude=ask.exclude)
    picks = reorder(listed, visitor, trail_of(visitor.recents), rows, site, rules, ask, NOW).picks
    shown = [pick.item.id for pick in picks]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= set(listed) - ask.exclude
    if not rules:
        out = {id_ for id_ in listed if (i := site.catalogue.get(id_)) and not i.in_stock}
        assert set(shown) == set(listed) - ask.exclude - out


@settings(max_examples=60)
@given(sites(), rows_for(), rules, asks)
def test_similar_and_trending_show_only_what_may_be_shown(
    site: Site, rows: dict[int, NeighbourRow], rules: list[Rule], ask: Ask
) -> None:
    item = ask.item or "i0"
    ask = Ask(ask.n, item, ask.category, ask.exclude)
    trail = trail_of([Recent.of(item, "view", NOW)])
    own = {number: row for number, row in rows.items() if number in trail.steps}
    for ranking in (
        similar(trail, own, site, rules, ask, NOW),
        leading(site, ("trending", "popular"), rules, ask, NOW),
    ):
        shown = [pick.item for pick in ranking.picks]
        assert len({one.id for one in shown}) == len(shown) <= ask.n
        assert all(one.in_stock and one.id not in {*ask.exclude, item} for one in shown)
        assert all(ask.category in (None, one.category) for one in shown)


def test_given_items_are_scored_however_many_there_are() -> None:
    site = Memory("live", ["s"]).sites["s"]
    listed = [f"g{number}" for number in range(700)]
    near = np.array([item_key(id_) for id_ in reversed(listed)], np.uint64)
    weights = np.stack([np.arange(700, 0, -1), np.zeros(700)], axis=1).astype(np.float32)
    rows = {item_key("kettle"): NeighbourRow(near, weights, NOW)}
    trail = trail_of([Recent.of("kettle", "view", NOW)])
    picks = reorder(listed, Visitor("ada"), trail, rows, site, [], Ask(700), NOW).picks
    assert [pick.item.id for pick in picks] == listed[::-1]
    assert {pick.strategy for pick in picks} == {"together"}
