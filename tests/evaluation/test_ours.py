"""Our recommender in the table: asked, taught, and better than chance where there is structure."""

import random

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
