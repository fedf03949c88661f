"""Answers beside events, through the real engine: figures out, also through a crash."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main

from contracts.codec import encode_json, load_json
from contracts.decisions import Answer, ServedItem
from contracts.settings import FlowSettings
from flows.answer_log import add_answers
from flows.live import Resources, Sinks, build
from flows.records import Raw, RawBatch
from flows.recovery import prepare
from operators.catalogue import Catalogue
from operators.judging import WITHIN_MS
from tests.builders import MINUTE, NOON, SECOND, raw

SETTINGS = FlowSettings(buckets=8, shards=4, publish_ms=0, families=["scoreboard"], score_share=1.0)


def answer(user: str, at: int, *shown: str, arm: str = "blend") -> tuple[bytes, int]:
    items = [ServedItem(item, place, 0.5, "together") for place, item in enumerate(shown)]
    made = Answer(
        request=f"{user}-{at}",
        site="default",
        user=user,
        kind="recommendations",
        time=NOON + at,
        items=items,
        arm=arm,
        lists={"blend": list(shown), "trending": ["cup"]},
    )
    return encode_json(made), NOON + at


def touch(user: str, at: int, item: str, type_: str = "view") -> tuple[bytes, int]:
    return raw(type_, user=user, item=item, at=at, id=f"{user}-{at}"), NOON + at


def batches(part: str, records: Sequence[tuple[bytes, int]]) -> list[RawBatch]:
    return [
        RawBatch(part, None, None, [Raw(value, at, f"{part}/", number)])
        for number, (value, at) in enumerate(records)
    ]


EVENTS = [
    touch("ada", 0, "kettle"),
    touch("ada", 2 * SECOND, "teapot"),
    touch("bob", 3 * SECOND, "cup"),
    touch("bob", 4 * SECOND, "kettle", "dislike"),
    touch("eve", 5 * SECOND, "rake"),
    touch("ada", MINUTE + WITHIN_MS, "hose"),
]
ANSWERS = [
    answer("ada", SECOND, "teapot", "cup"),
    answer("bob", SECOND, "teapot", "cup"),
    (b"{", NOON + SECOND),
    answer("eve", SECOND, "teapot", arm="trending"),
    answer("zoe", SECOND, "teapot"),
    (answer("old", -MINUTE, "x")[0], NOON - WITHIN_MS),
]


def run(
    folder: Path, *, workers: int = 1, aborts: Sequence[int] = (), events: Any = EVENTS
) -> dict[str, Any]:
    views: list[Any] = []
    refused: list[Any] = []
    facts: list[Any] = []
    triggers: list[Any] = []
    sinks = Sinks(
        TestingSink(views), TestingSink(refused), TestingSink(facts), TestingSink(triggers)
    )
    resources = Resources(Catalogue(), b"k" * 32, folder / "state")
    for abort in (*aborts, None):
        items: list[Any] = batches("events.click/0", events)
        if abort is not None:
            items.insert(abort, TestingSource.ABORT())
        answers = TestingSource(batches("answers/0", ANSWERS))
        flow = build(
            TestingSource(items),
            sinks,
            SETTINGS,
            resources,
            tell=lambda flow, answers=answers: add_answers(  # type: ignore[misc]
                flow, answers, now_ms=lambda: NOON + SECOND
            ),
        )
        if workers > 1:
            cluster_main(flow, [], 0, worker_count_per_proc=workers)
        elif aborts:
            prepare(folder / "recovery", 2)
            config = RecoveryConfig(folder / "recovery")
            run_main(flow, epoch_interval=timedelta(0), recovery_config=config)
        else:
            run_main(flow)
    told = [
        view.value
        for _, message in views
        for view in message.items
        if (view.kind, view.id) == ("model", "scoreboard")
    ]
    found: dict[str, Any] = load_json(told[-1])
    return found


@pytest.mark.parametrize("workers", [1, 3])
def test_answers_are_judged_by_the_events_that_follow(tmp_path: Path, workers: int) -> None:
    told = run(tmp_path, workers=workers)
    shown = told["models"]["shown"]
    assert (shown["predictions"], shown["hr@10"], shown["mrr@10"]) == (3, 0.6667, 0.5)
    assert told["models"]["trending"]["hr@10"] == 0.3333
    assert told["arms"]["blend"]["answers"] == 3
    assert told["arms"]["blend"]["touched"] == 2
    assert told["arms"]["trending"]["hr@10"] == 0.0
    assert told["contest"]["champion"] == "blend"
    assert (told["waiting"], told["unjudged"]) == (0, 0)


@pytest.mark.parametrize("abort", range(1, 6))
def test_figures_survive_a_crash(tmp_path: Path, abort: int) -> None:
    assert run(tmp_path / "a", aborts=(abort,))["sums"] == run(tmp_path / "b")["sums"]
