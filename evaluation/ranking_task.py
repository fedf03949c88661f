"""The task `ranking`: the lists of a recording put in order anew, each before its clicks are known.

Figures, over the lists of which some items were clicked and some not: `ndcg@10` (a click is
relevant; Järvelin and Kekäläinen, TOIS 2002), `mrr` (1 over the place of the first clicked item),
`hit@1` (whether the first was clicked); `score_us` a list, `learn_us` an event, CPU time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import process_time
from typing import Final

import numpy as np

from contracts.events import Event
from evaluation.errors import EvaluationError
from evaluation.impressions import Listed, lists_of, steps_of
from evaluation.list_rankers import ListRanker, Logged, Ours, Popular, RandomOrder
from evaluation.tasks import RANKING, Request, Scoreboard
from flows import importers
from flows.importers import ImporterError, Report

COLUMNS: Final = ("ndcg@10", "mrr", "hit@1", "score_us", "learn_us")
TOP: Final = 10
TELL_EVERY: Final = 2_000

MAKERS: Final[Mapping[str, Callable[[], ListRanker]]] = {
    "random": RandomOrder,
    "logged": Logged,
    "popular": Popular,
    "trending": lambda: Popular(12.0),
    "click_rate": lambda: Popular(rate=True),
    "ranker_unordered": lambda: Ours(ordered=False),
    "ranker": lambda: Ours(ordered=True),
}
"""`ranker_unordered` does not know the order in which the list was shown, as one that seeks the
best; `ranker` does, as one that is to improve on it. Both learn alike."""


def run(request: Request) -> Scoreboard:
    """Play the recording to each competitor; return the table."""
    if not 0.0 < request.until <= 1.0:
        raise EvaluationError(f"--until {request.until}: expected a share above 0, at most 1")
    events, notes = _events(request)
    lists = lists_of(events)
    asked = [name for name, listed in lists.items() if listed.asks]
    counted = set(asked[round(len(asked) * request.test_from) :])
    if not counted:
        raise EvaluationError(
            f"{request.source}: no list is left with some items clicked and some not; "
            "impressions and clicks need the `request` they belong to"
        )
    board = Scoreboard(RANKING, "list", len(events), COLUMNS, notes=notes)
    for name in _wanted(request.models):
        board.models[name] = _play(name, events, lists, counted, request)
    sizes = [len(lists[name].offered) for name in counted]
    board.about = {
        "test_from": request.test_from,
        "lists": len(lists),
        "predictions": len(counted),
        "items_per_list": round(float(np.mean(sizes)), 1),
    }
    return board


def _events(request: Request) -> tuple[list[Event], list[str]]:
    report = Report()
    try:
        events = list(importers.read(request.format, request.source, report))
    except ImporterError as error:
        raise EvaluationError(str(error)) from error
    site = request.site or (events[0].site if events else "")
    events = [event for event in events if event.site == site]
    notes = [f"skipped: {count:,} lines: {reason}" for reason, count in report.skipped.items()]
    return events[: round(len(events) * request.until)], notes


def _wanted(models: str | None) -> list[str]:
    if models is None:
        return list(MAKERS)
    names = [name.strip() for name in models.split(",") if name.strip()]
    unknown = [name for name in names if name not in MAKERS]
    if unknown or not names:
        raise EvaluationError(
            f"--models {models}: {', '.join(unknown) or 'nothing'} is none of {', '.join(MAKERS)}"
        )
    return [name for name in MAKERS if name in names]


def _play(
    name: str,
    events: Sequence[Event],
    lists: dict[str, Listed],
    counted: set[str],
    request: Request,
) -> dict[str, float]:
    ranker = MAKERS[name]()
    figures: list[tuple[float, float, float]] = []
    scoring = learning = 0.0
    for at, (event, profile, asked) in enumerate(steps_of(events, lists)):
        if asked is not None and event.request in counted:
            offered = asked.ordered()
            begin = process_time()
            scores = ranker.score(offered, profile, event.time)
            scoring += process_time() - begin
            figures.append(_figures(scores, [one.item in asked.clicked for one in offered]))
        begin = process_time()
        ranker.learn_one(event, profile)
        learning += process_time() - begin
        if at % TELL_EVERY == 0:
            request.progress(name, at / len(events))
    means = np.mean(figures, axis=0).round(4).tolist()
    return {
        **dict(zip(COLUMNS, means, strict=False)),
        "score_us": round(1e6 * scoring / len(figures), 1),
        "learn_us": round(1e6 * learning / len(events), 1),
    }


def _figures(scores: Iterable[float], clicked: Sequence[bool]) -> tuple[float, float, float]:
    """Return NDCG@10, reciprocal rank and whether the first is right, of one list."""
    order = np.argsort(-np.asarray(list(scores)), kind="stable")
    hits = np.asarray(clicked, np.float64)[order]
    gains = 1.0 / np.log2(np.arange(2, 2 + TOP))
    best = gains[: int(hits.sum())].sum()
    ndcg = (hits[:TOP] * gains[: len(hits)]).sum() / best
    return float(ndcg), 1.0 / (1.0 + int(hits.argmax())), float(hits[0])
