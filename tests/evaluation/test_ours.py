"""Our recommender in the table: asked, taught, and better than chance where there is structure."""

import random
from dataclasses import replace

from contracts.events import Item
from evaluation.competitors import ALWAYS, field_of
from evaluation.next_item import play
from evaluation.questions import Rules
from evaluation.stream import Stream, stream_of
from tests.builders import SECOND, event


def pairs_of_items(people: int = 300) -> Stream:
    """Everybody touches some of 40 pairs, one item right after the other."""
    rng = random.Random(1)
    made = []
    for user in range(people):
        for visit in range(3):
            pair = rng.randrange(40)
            at = (user * 3 + visit) * 10 * SECOND
            made.append(event(user=f"u{user}", item=f"{pair}a", at=at))
            made.append(event(user=f"u{user}", item=f"{pair}b", at=at + SECOND))
    return stream_of(made)


def test_it_finds_the_other_of_the_pair_where_popularity_cannot() -> None:
    stream, rules = pairs_of_items(), Rules(test_from=0.5)
    got = {
        name: play(stream, ALWAYS[name](stream, rules), rules).figures()
        for name in ("popular", "transition", "blend")
    }
    # Every second touch cannot be guessed.
    assert got["blend"]["mrr@10"] > 0.4
    assert got["transition"]["mrr@10"] > 0.4
    assert got["popular"]["mrr@10"] < 0.15


def test_the_same_stream_gives_the_same_figures() -> None:
    stream, rules = pairs_of_items(30), Rules("session")
    tables = []
    for _ in range(2):
        rows = {}
        for name, make in field_of().makers.items():
            row = play(stream, make(stream, rules), rules).figures()
            rows[name] = {key: value for key, value in row.items() if not key.endswith("_us")}
        tables.append(rows)
    assert tables[0] == tables[1]


def test_items_that_only_the_catalogue_knows_are_found() -> None:
    """Everybody stays with one kind, and every item is touched once."""
    made = [
        event(user=f"u{user}", item=f"k{user % 6}-{user}-{visit}", at=(visit * 60 + user) * SECOND)
        for visit in range(8)
        for user in range(60)
    ]
    names = [f"k{user % 6}-{user}-{visit}" for visit in range(8) for user in range(60)]
    entries = [Item(id=name, category=name.split("-")[0]) for name in names]
    random.Random(2).shuffle(entries)
    stream, rules = stream_of(made), Rules(test_from=0.25)
    with_catalogue = replace(stream, catalogue=entries)
    known = play(with_catalogue, ALWAYS["blend"](with_catalogue, rules), rules).figures()
    blind = play(stream, ALWAYS["blend"](stream, rules), rules).figures()
    assert known["cold_predictions"] == known["predictions"]
    assert blind["cold_hr@10"] == blind["new_hr@10"] == 0.0
    assert known["new_hr@10"] > 1.5 * 10 / len(entries)
    assert known["new_hr@10"] >= known["cold_hr@10"]
