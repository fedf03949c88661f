"""Exploration: what is logged as a propensity is how often it happens, and can be checked again."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from api.serve.exploring import STRATEGY, Chance, explored, odds_of
from api.serve.memory import Memory, Site
from api.serve.ranking import Ask, Ranking, Who, recommend
from api.serve.rules import Rule
from api.serve.shape import Pick
from api.serve.varied import Variety
from api.serve.visitor import Visitor, trail_of
from cli.embedded import EmbeddedBroker
from contracts.codec import decode_json
from contracts.decisions import Answer
from contracts.events import Item
from contracts.keys import ANSWERS_TOPIC, Keys, item_key
from contracts.profile import Recent
from online_models.rows import NeighbourRow, TopList, pack_top
from tests.api.running import TopicReader
from tests.api.serve.shop import Shop, fill, now_ms, open_shop, shop
from tests.conftest import PARTITIONS
from tests.storage.servers import StoreServer

NOW = 1_700_000_000_000
SEED = 7
ADA = "/v1/users/ada/recommendations"


def picks(*scores: float, first: int = 0) -> list[Pick]:
    return [
        Pick(Item(id=f"i{n}", category="ab"[n % 2]), score, "together")
        for n, score in enumerate(scores, first)
    ]


def test_items_stand_where_they_stand_as_often_as_their_propensities_say() -> None:
    shown, pool = picks(0.5, 0.3, 0.1, 0.05), picks(0.03, 0.02, 0.0, 0.0, 0.0, first=4)
    draws = 40_000
    seen: Counter[tuple[str, int]] = Counter()
    told: dict[tuple[str, int], float] = {}
    for number in range(draws):
        made = explored(shown, lambda: iter(pool), Chance(0.4, SEED, f"{number:032x}"))
        assert len({pick.item.id for pick in made}) == 4
        for at, pick in enumerate(made):
            seen[pick.item.id, at] += 1
            # The same item at the same place always has the same propensity.
            assert told.setdefault((pick.item.id, at), pick.propensity) == pick.propensity
    assert len(told) == 4 + 4 * 5
    assert sum(p for (_, at), p in told.items() if at == 2) == pytest.approx(1.0)
    for key, propensity in told.items():
        deviation = (draws * propensity * (1.0 - propensity)) ** 0.5
        assert abs(seen[key] - draws * propensity) < 4.5 * deviation, (key, propensity)


def test_what_is_pinned_is_not_open_and_nothing_to_draw_from_changes_nothing() -> None:
    shown = picks(0.5, 0.3)
    pinned = Pick(shown[0].item, 0.0, "pinned")
    for number in range(200):
        chance = Chance(0.5, SEED, str(number))
        made = explored([pinned, shown[1]], lambda: iter(picks(0.1, first=9)), chance)
        assert (made[0], made[1].propensity) == (pinned, 0.5)
        assert [p.propensity for p in explored(shown, lambda: iter(()), chance)] == [1.0, 1.0]


def test_half_of_the_chance_goes_by_the_scores() -> None:
    assert odds_of([3.0, 1.0, 0.0, 0.0]) == [0.5, 0.25, 0.125, 0.125]


def a_site(items: int = 40) -> Site:
    site = Memory("live", ["s"]).sites["s"]
    for number in range(items):
        site.catalogue.put(Item(id=f"i{number}", category="abcd"[number % 4]))
    values: dict[str, bytes | None] = dict.fromkeys(site.wanted)
    keys = np.array([item_key(f"i{number}") for number in range(20)], np.uint64)
    weights = np.arange(20, 0, -1).astype(np.float32)
    for ranking in ("short", "medium", "long", "popular", "trending"):
        top = TopList(keys, weights, NOW, float(weights.sum()))
        values[Keys("live").top("s", ranking)] = pack_top(top)
    site.take(values)
    return site


def asked(site: Site, request: str, ask: Ask, share: float = 0.3, *rules: Rule) -> Ranking:
    near = np.array([item_key(f"i{number}") for number in range(2, 12)], np.uint64)
    weights = np.ones((10, 2), np.float32) * np.arange(10, 0, -1)[:, None].astype(np.float32)
    rows = {item_key("i1"): NeighbourRow(near, weights, NOW)}
    trail = trail_of([Recent.of("i1", "view", NOW - 5)])
    chance = Chance(share, SEED, request)
    return recommend(Visitor("ada"), trail, rows, site, rules, ask, NOW, Who(chance=chance))


def test_whole_answers_are_served_as_often_as_logged() -> None:
    site, ask, draws = a_site(), Ask(5), 3_000
    seen: Counter[tuple[str, int]] = Counter()
    weights: dict[tuple[str, int], list[float]] = {}
    for number in range(draws):
        ranking = asked(site, f"{number:032x}", ask)
        assert ranking.explore == 0.3
        for at, pick in enumerate(ranking.picks):
            seen[pick.item.id, at] += 1
            weights.setdefault((pick.item.id, at), []).append(pick.propensity)
    # Items of the catalogue alone are found as well as those of the rankings.
    assert {f"i{n}" for n in range(20, 40)} & {item for item, _ in seen}
    for key, told in weights.items():
        assert len(set(told)) == 1
        deviation = (draws * told[0] * (1.0 - told[0])) ** 0.5
        assert abs(seen[key] - draws * told[0]) < 5.0 * deviation + 1.0, key


def test_an_explored_item_keeps_the_cap_the_filters_and_the_exclusions() -> None:
    site = a_site()
    rule = Rule.model_validate(
        {"name": "f", "action": "filter", "match": {"categories": ["d"]}},
    )
    ask = Ask(6, exclude=frozenset({"i4"}), variety=Variety(cap=2))
    drawn = 0
    for number in range(300):
        picks = asked(site, str(number), ask, 0.5, rule).picks
        drawn += any(pick.strategy == STRATEGY for pick in picks)
        counts = Counter(pick.item.category for pick in picks)
        assert max(counts.values()) <= 2
        assert "d" not in counts
        assert "i4" not in {pick.item.id for pick in picks}
    # The three categories are full: there is nothing that may take a place.
    assert drawn == 0
    wider = Ask(5, exclude=frozenset({"i4"}), variety=Variety(cap=2))
    found = [
        pick
        for number in range(300)
        for pick in asked(site, str(number), wider, 0.5, rule).picks
        if pick.strategy == STRATEGY
    ]
    assert 100 < len(found) < 200


@pytest.fixture
def exploring(store_server: StoreServer, own_broker: EmbeddedBroker) -> Iterator[Shop]:
    fill(store_server, shop(now_ms()))
    broker = {"kafka.bootstrap_servers": own_broker.bootstrap_servers}
    with open_shop(store_server, **broker, **{"api.explore": 0.5}) as opened:
        yield opened


def test_the_log_can_be_checked_against_the_draws(
    exploring: Shop, own_broker: EmbeddedBroker
) -> None:
    given = [exploring.get(ADA, n=3, explain=True) for _ in range(60)]
    reader = TopicReader(own_broker.bootstrap_servers, [ANSWERS_TOPIC], PARTITIONS)
    messages = reader.until(lambda messages: len(messages) >= 60)
    reader.close()
    logged = {a.request: a for m in messages if (a := decode_json(m.value(), Answer))}
    drawn = 0
    for sent in given:
        answer = logged[sent["request"]]
        assert [i.propensity for i in answer.items] == [i["propensity"] for i in sent["items"]]
        at, _ = Chance(answer.explore, SEED, answer.request).place(len(answer.items))
        places = [item.position for item in answer.items if item.strategy == STRATEGY]
        assert places == ([] if at is None else [at])
        assert {i.propensity for i in answer.items if i.position not in places} == {1 - 0.5 / 3}
        drawn += len(places)
    assert 12 <= drawn <= 48
    shown = next(i for sent in given for i in sent["items"] if i["strategy"] == STRATEGY)
    assert shown["reasons"][0] == "for a change"  # what else speaks for it comes after
