"""Concepts: spellings brought together, relations that mean something, bounded memory."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.concepts import ConceptGraph, Thing
from online_models.expansion import asked, beside, rank
from online_models.spelling import spellings
from online_models.words import MAX_NAME, concept_name, path_of, words_of

KETTLE = Thing("kettle", "Home > Kitchen > Kettles", "Acme", ("steel",), "Steel kettle")
TEAPOT = Thing("teapot", "Home > Kitchen > Teapots", "Bell", ("china",), "China teapot")
RAKE = Thing("rake", "Garden > Rakes", "Acme", ("steel",), "Leaf rake")
HOSE = Thing("hose", "Garden > Hoses", "Hydro", (), "Garden hose")


def graph_of(windows, **given_):
    graph = ConceptGraph(**given_)
    for number, (things, queries) in enumerate(windows):
        graph.learn_one(things, queries, number * 60_000)
    return graph


@pytest.fixture
def shop():
    kitchen, garden = ([KETTLE, TEAPOT], ["tea"]), ([RAKE, HOSE], ["garden tools"])
    return graph_of([kitchen, garden, kitchen, garden, ([KETTLE], []), ([HOSE], [])] * 10)


@given(st.text(max_size=200))
def test_a_name_in_its_one_spelling_stays_as_it_is(text):
    name = concept_name(text)
    assert len(name) <= MAX_NAME
    assert len(name) == MAX_NAME or concept_name(name) == name
    assert all(len(word) <= MAX_NAME for word in words_of(text))
    assert all(path_of(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Kettles", "KETTLE"), ("Café-Crème", "cafe creme"), ("T-Shirts", "t shirt"), ("Öl", "ol")],
)
def test_spellings_of_one_name_are_one(one, other):
    assert concept_name(one) == concept_name(other)


def test_a_slip_is_forgiven_and_a_short_word_is_not():
    assert spellings("tepaot", ["teapot", "carpet"]) == ["teapot"]
    assert spellings("rake", ["cake", "rate"]) == []


def test_what_is_touched_together_is_related(shop):
    related = {linked.name: linked.strength for linked in shop.related("kettle")}
    assert {"teapot", "china", "tea"} <= related.keys()
    assert "hose" not in related
    assert shop.strength("kettle", "hose") <= 0.0
    assert all(0.0 < strength <= 1.0 for strength in related.values())


def test_strength_is_the_discounted_npmi():
    graph = graph_of([([Thing(n, tags=(n,)) for n in w], ()) for w in ("ab", "ab", "ab", "a", "c")])
    npmi = math.log(0.6 / (0.8 * 0.6)) / -math.log(0.6)
    # Minutes of a half-life of a month: weights are ones, nearly.
    assert graph.strength("a", "b") == pytest.approx(npmi * 3 / 4 * 3 / 4, rel=1e-2)
    assert graph.strength("a", "c") == 0.0


def test_the_catalogues_hierarchy_is_kept_apart_from_what_is_related(shop):
    kettle = shop.describe("kettle")
    assert kettle.parents == ["kitchen"]
    assert "kitchen" not in [linked.name for linked in kettle.related]
    assert set(shop.describe("kitchen").children) == {"kettle", "teapot"}
    assert shop.describe("acme").kinds == ["brand"]
    assert shop.describe("acme").label == "Acme"
    assert shop.describe("nothing of the kind") is None


def test_a_rarer_spelling_leads_to_the_common_one():
    right, wrong = ([KETTLE, TEAPOT], ["teapots"]), ([TEAPOT], ["taepot"])
    graph = graph_of([*[right] * 20, *[wrong] * 3])
    assert graph.describe("taepot").alias_of == "teapot"
    assert graph.describe("teapot").alias_of is None


def test_words_for_the_same_items_are_synonyms():
    tellies = [Thing(f"tv{n}", "Television", tags=("tv",)) for n in range(4)]
    graph = graph_of([([one, RAKE], ()) for one in tellies * 8])
    assert [linked.name for linked in graph.describe("television").synonyms] == ["tv"]


def test_what_comes_up_of_late_has_a_trend():
    graph = ConceptGraph()
    hour = 3_600_000
    for number in range(24 * 30):
        graph.learn_one([KETTLE], (), number * hour)
    for number in range(60):
        graph.learn_one([HOSE], (), 24 * 30 * hour + number * 60_000)
    assert graph.trend("hose") > 3.0
    assert graph.trend("kettle") < 1.0


def test_a_query_finds_items_that_do_not_hold_its_words(shop):
    views = {name: shop.describe(name) for name in asked("tea") if shop.describe(name)}
    near = beside(views)
    views |= {name: shop.describe(name) for name in near}
    found = [linked.name for linked in rank(views, {"tea": 1.0, **near}, 10)]
    assert set(found[:2]) == {"kettle", "teapot"}
    assert rank({}, {"nothing": 1.0}, 10) == []


def test_memory_is_bounded_whatever_comes():
    rng = random.Random(3)
    graph = ConceptGraph(concepts=50, pairs=200, items=100)
    for number in range(2_000):
        word = f"word{rng.randrange(5_000)}"
        things = [
            Thing(f"i{rng.randrange(10_000)}", f"{word} > sub{word}", word, (word,), f"a {word}")
            for _ in range(5)
        ]
        graph.learn_one(things, [f"query {rng.random()}" * 30], number)
    assert len(graph.counts) <= 100
    assert len(graph.pairs) <= 400
    assert len(graph.items) <= 200
    assert len(graph.names) <= 150 + 5 * 20
    assert len(graph.dump()) < 150_000
    assert len(graph.directory()) <= 100


def test_dumps_of_changes_make_the_same_graph(shop):
    parts = [shop.dump()]
    for number in range(50):
        shop.learn_one([HOSE, Thing(f"new{number}", f"Shelf {number}")], (), 10**7 + number)
        if number % 10 == 0:
            parts.append(shop.dump(full=False))
    parts.append(shop.dump(full=False))
    assert len(parts[1]) < len(parts[0])
    copy = ConceptGraph()
    copy.load(parts)
    copy.sort()
    shop.sort()
    assert copy.dump() == shop.dump()
    assert copy.describe("hose") == shop.describe("hose")


def test_what_nobody_saw_yet_is_taken_the_most_met_first(shop):
    most = [known.name for known in shop.directory(3)]
    assert shop.take_unseen(set(), 2) == most[:2]
    assert shop.take_unseen({most[2]}, 1) != [most[2]]
    assert most[0] not in shop.take_stale({}, 1, 1_000)
    assert shop.take_unseen(set(), 2) == []


def test_what_changed_is_taken_in_turns_and_oftener_what_is_met_oftener(shop):
    everything, seen, taken = set(shop.counts), dict[str, int](), Counter[str]()
    for turn in range(1, 100 * len(everything)):
        shop.changed = set(everything)  # all of it is met all the time
        (name,) = shop.take_stale(seen, turn, 1)
        seen[name] = turn
        taken[name] += 1
    assert taken.keys() == everything, "each gets its turn"
    first, *_, last = (known.name for known in shop.directory())
    times = math.sqrt(shop.counts.weight(first) / shop.counts.weight(last))
    assert taken[first] / taken[last] == pytest.approx(times, rel=0.1)
    assert len(shop.take_stale(seen, turn, 1_000)) == len(everything) - 1
    assert shop.take_stale(seen, turn, 3) == []
