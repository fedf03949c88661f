"""The task `ranking`: what is asked when, and what the figures come to."""

import math
import random
from pathlib import Path

import pytest

from contracts.codec import encode_json
from contracts.events import Event
from evaluation.errors import EvaluationError
from evaluation.impressions import lists_of, steps_of
from evaluation.ranking_task import _figures, run
from evaluation.tasks import RANKING, Request, task

MINUTE = 60_000
NOON = 1_511_524_800_000


def a_list(n: int, items: list[str], clicked: str | None) -> list[Event]:
    base = {"user": f"u{n}", "time": NOON + n * MINUTE, "request": f"r{n}"}
    made = [
        Event(id=f"{n}-{at}", type="impression", item=item, position=at, **base)
        for at, item in enumerate(items)
    ]
    if clicked is not None:
        made.append(Event(id=f"{n}-c", type="click", item=clicked, **base))
    return made


def recorded(folder: Path, lists: list[list[Event]]) -> Request:
    file = folder / "lists.jsonl"
    file.write_bytes(b"".join(encode_json(e) + b"\n" for made in lists for e in made))
    return Request(source=file, format="events")


def test_figures_of_one_list() -> None:
    assert _figures([0.0, 0.0, 0.0], [False, True, False]) == (1 / math.log2(3), 0.5, 0.0)
    assert _figures([3.0, 2.0], [True, False]) == (1.0, 1.0, 1.0)
    beyond = _figures([-n for n in range(12)], [n == 11 for n in range(12)])
    assert beyond == (0.0, 1 / 12, 0.0)


def test_many_clicks_can_reach_the_ideal() -> None:
    assert _figures([9.0] * 12 + [0.0], [True] * 12 + [False])[0] == pytest.approx(1.0)


def test_a_list_is_asked_about_before_anything_of_it_is_known() -> None:
    events = a_list(0, ["a", "b"], "b") + a_list(1, ["b", "a"], None)
    lists = lists_of(events)
    steps = [(step.event.id, step.asked, step.profile.events) for step in steps_of(events, lists)]
    asked = [(id_, n) for id_, asked, n in steps if asked is not None]
    assert asked == [("0-0", 0), ("1-0", 0)]
    assert [listed.asks for listed in lists.values()] == [True, False]


def test_the_ranker_beats_the_rest_where_there_is_something_to_learn(tmp_path: Path) -> None:
    rng = random.Random(1)
    names = [f"i{n}" for n in range(12)]
    lists = []
    for n in range(400):
        items = rng.sample(names, 6)
        clicked = min(items, key=lambda item: (rng.random() < 0.3, int(item[1:])))
        lists.append(a_list(n, items, clicked))
    board = task(RANKING)(recorded(tmp_path, lists))
    ndcg = {name: figures["ndcg@10"] for name, figures in board.models.items()}
    assert ndcg["ranker_unordered"] > ndcg["logged"] + 0.2
    assert ndcg["ranker_unordered"] > ndcg["popular"]
    assert board.about["predictions"] == 400


def test_lists_without_requests_are_refused(tmp_path: Path) -> None:
    event = Event(id="1", type="view", user="ada", item="cup", time=NOON)
    with pytest.raises(EvaluationError, match="`request`"):
        run(recorded(tmp_path, [[event]]))


def test_unknown_competitors_are_refused(tmp_path: Path) -> None:
    request = recorded(tmp_path, [a_list(0, ["a", "b"], "b")])
    request = Request(source=request.source, format="events", models="oracle")
    with pytest.raises(EvaluationError, match="oracle"):
        run(request)
