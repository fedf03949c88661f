"""The tasks `rules` and `concepts`: what is planted in a recording is found, chance is not."""

import random
from pathlib import Path

import pytest

from contracts.codec import encode_json
from contracts.events import Event
from evaluation.baskets import baskets_of
from evaluation.errors import EvaluationError
from evaluation.tasks import Request, task

MINUTE = 60_000
NOON = 1_700_000_000_000


def recording(path: Path, orders: bool, shelves: int = 8) -> Path:
    rng = random.Random(5)
    lines = []
    for at in range(1_100):
        shelf = rng.randrange(shelves)
        for number, item in enumerate(rng.sample(range(6), 3)):
            event = Event(
                id=f"{at}-{number}",
                type="purchase" if orders else "view",
                time=NOON + at * MINUTE + number,
                user=f"u{at}" if orders else f"u{at % 60}",
                item=f"i{shelf}-{item}",
                order=f"o{at}" if orders else None,
                props={"category": f"All > Shelf {shelf}", "tags": [f"tag {shelf}"]},
            )
            lines.append(encode_json(event))
    path.mkdir()
    (path / "events.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return path


@pytest.mark.parametrize("orders", [True, False])
def test_rules_beat_popular_and_random(tmp_path: Path, orders: bool) -> None:
    source = recording(tmp_path / "in", orders)
    board = task("rules")(Request(source, "events"))
    lifts = {name: figures["lift"] for name, figures in board.models.items()}
    assert board.protocol == ("order" if orders else "visit")
    assert lifts["rules"] > 3 * lifts["popular"]
    assert lifts["rules"] > 3 * lifts["random"]
    assert lifts["rules"] > 0.8 * lifts["exact, by lift"]


def test_concepts_beat_popular_and_random(tmp_path: Path) -> None:
    source = recording(tmp_path / "in", orders=False, shelves=30)
    board = task("concepts")(Request(source, "events"))
    lifts = {name: f["lift"] for name, f in board.models.items() if "lift" in f}
    # Visitors wander from shelf to shelf: a shelf and its tag belong together, shelves do not.
    assert lifts["concepts"] > 2 * max(lifts["popular"], lifts["random"])
    found = {name: figures["recall@20"] for name, figures in board.models.items()}
    assert found["concepts"] > found["random"]


def test_orders_are_whole_and_windows_are_short(tmp_path: Path) -> None:
    found = baskets_of(Request(recording(tmp_path / "in", orders=True), "events"))
    assert len(found.orders) == 1_100
    assert {len(items) for _, items in found.orders} == {3}
    assert found.events == 3_300


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    event = Event(id="1", type="search", query="tea", time=NOON, user="ada")
    (tmp_path / "in" / "events.jsonl").write_bytes(encode_json(event) + b"\n")
    for name in ("rules", "concepts"):
        with pytest.raises(EvaluationError, match="to learn"):
            task(name)(Request(tmp_path / "in", "events"))
