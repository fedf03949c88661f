"""The task `uplift`: what did each arm of an experiment add, and who should get it?

A CSV with a row for each person, an arm and an outcome, played in its order. Bounds of the gain
are looked at all along. Models foretell each person's gain, then learn; their order of people is
judged by the Qini curve (`evaluation.qini`).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import EvaluationError
from evaluation.intent_task import campaign_of, read_campaigns
from evaluation.qini import Qini, qini
from evaluation.table import Row
from evaluation.tasks import Request, Scoreboard
from online_models.confidence import Sums, uplift
from online_models.response import NOBODY
from online_models.sample_ratio import log_evidence, mismatch
from online_models.uplift import UpliftModel

COLUMNS: Final = (
    "qini",
    "qini_error",
    "gain_everyone",
    "gain_best",
    "best_share",
    "best_arm",
    "one_arm",
)
LATER_HALF: Final = 0.5
LOOKS: Final = 100
"""How often the bounds are looked at along the stream."""


class Foreteller(Protocol):
    """Foretells gains, and learns."""

    def uplift_one(self, x: Mapping[str, Any], arm: str) -> float:
        """Return the gain of an arm."""
        ...

    def learn_one(self, x: Mapping[str, Any], y: bool, arm: str) -> None:
        """Learn what became of a person."""
        ...


class ByChance:
    """Foretells gains by chance: what an order without knowledge reaches."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)

    def uplift_one(self, x: Mapping[str, Any], arm: str) -> float:
        """Return anything."""
        return float(self._rng.random())

    def learn_one(self, x: Mapping[str, Any], y: bool, arm: str) -> None:
        """Learn nothing."""


MAKERS: Final[Mapping[str, Callable[[], Foreteller]]] = {
    "by-chance": ByChance,
    "t-learner": lambda: UpliftModel("t-learner"),
    "transformed": UpliftModel,
}


def run(request: Request) -> Scoreboard:
    """Play the experiment; raise `EvaluationError` where it is none."""
    table, column = read_campaigns(request)
    end = round(request.until * len(table.rows))
    begin = round((request.test_from or LATER_HALF) * len(table.rows))
    people = [_person(row, column) for row in table.rows[:end]]
    outcomes = table.outcomes[:end]
    arms = sorted({arm for _, arm in people} - {NOBODY})
    if not arms or all(arm != NOBODY for _, arm in people):
        raise EvaluationError(
            f"{request.source}: column {column} needs a control group (no..., control, 0 or none) "
            "and another"
        )
    if begin >= end or not any(outcomes[begin:]):
        raise EvaluationError(f"{request.source}: too few rows count, or nobody answered")
    board = Scoreboard("uplift", "prequential", end, COLUMNS)
    board.about = {"outcome": table.outcome, "arms": ", ".join(arms), "counted": end - begin}
    board.about["gains"] = gains(people, outcomes, arms)
    board.about["sizes"] = _sizes(people, arms)
    for name, make in _field(request.models).items():
        foretold = _play(make(), people, outcomes, arms, partial(request.progress, name))
        board.models.update(
            _judged(name, foretold[:, begin:], people[begin:], outcomes[begin:], arms)
        )
    board.notes = list(_notes(board, begin))
    return board


def _field(names: str | None) -> dict[str, Callable[[], Foreteller]]:
    wanted = list(MAKERS) if names is None else [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in MAKERS]
    if unknown:
        raise EvaluationError(f"--models {', '.join(unknown)}: expected of {', '.join(MAKERS)}")
    return {name: MAKERS[name] for name in wanted}


def gains(
    people: Sequence[tuple[Row, str]], outcomes: Sequence[bool], arms: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return, by arm, the gain with its bounds at the end, and whether they held at every look.

    `held` says whether the difference of all rows lay within the bounds at each of a hundred
    looks; `sure_from` is the first look at which they left out 0, in people seen.
    """
    sums = {arm: Sums() for arm in (NOBODY, *arms)}
    looks: dict[str, list[tuple[int, float, float]]] = {arm: [] for arm in arms}
    every = max(len(people) // LOOKS, 1)
    for at, ((_, arm), came) in enumerate(zip(people, outcomes, strict=True), 1):
        sums[arm].add(float(came))
        if at % every == 0 or at == len(people):
            for each in arms:
                found = uplift(sums[each], sums[NOBODY])
                if found.low is not None and found.high is not None:
                    looks[each].append((at, found.low, found.high))
    return {arm: _gain(sums[arm], sums[NOBODY], looks[arm]) for arm in arms}


def _gain(
    treated: Sums, control: Sums, looks: Sequence[tuple[int, float, float]]
) -> dict[str, Any]:
    found = uplift(treated, control)
    held = all(low <= found.difference <= high for _, low, high in looks)
    sure = next((at for at, low, high in looks if not low <= 0.0 <= high), None)
    rounded = [None if bound is None else round(bound, 5) for bound in (found.low, found.high)]
    return {
        "rate": round(treated.mean, 5),
        "control": round(control.mean, 5),
        "gain": round(found.difference, 5),
        "low": rounded[0],
        "high": rounded[1],
        "looks": len(looks),
        "held": held,
        "sure_from": sure,
    }


def _sizes(people: Sequence[tuple[Row, str]], arms: Sequence[str]) -> dict[str, Any]:
    """Return the groups' sizes, and whether they can be of equal shares."""
    names = [NOBODY, *arms]
    counts = [sum(arm == name for _, arm in people) for name in names]
    shares = [1.0 / len(names)] * len(names)
    return {
        "people": dict(zip(names, counts, strict=True)),
        "log_evidence": round(log_evidence(counts, shares), 2),
        "mismatch": mismatch(counts, shares),
    }


def _person(row: Row, column: str) -> tuple[Row, str]:
    return {name: value for name, value in row.items() if name != column}, campaign_of(row[column])


def _play(
    model: Foreteller,
    people: Sequence[tuple[Row, str]],
    outcomes: Sequence[bool],
    arms: Sequence[str],
    tell: Callable[[float], None],
) -> NDArray[np.float64]:
    """Return the gains (arms, n) that were foretold of each person before they were learnt."""
    foretold = np.zeros((len(arms), len(people)))
    for at, ((x, arm), came) in enumerate(zip(people, outcomes, strict=True)):
        foretold[:, at] = [model.uplift_one(x, each) for each in arms]
        model.learn_one(x, came, arm)
        if at % 500 == 0:
            tell(at / len(people))
    return foretold


def _judged(
    name: str,
    foretold: NDArray[np.float64],
    people: Sequence[tuple[Row, str]],
    outcomes: Sequence[bool],
    arms: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """Return a row for each arm: sent to whom it gains most from, against nobody."""
    got = np.array([arm for _, arm in people])
    came = np.array(outcomes, np.float64)
    rows = {}
    # To anybody at all: in the order of the mean gain, whichever of the arms they got.
    anything = qini(foretold.mean(axis=0), (got != NOBODY).astype(float), came)
    best_arm = _best_arm(foretold, got, came, arms)
    one_arm = round(max(float(came[got == arm].mean()) for arm in arms), 5)
    for at, arm in enumerate(arms):
        asked = (got == arm) | (got == NOBODY)
        found = qini(foretold[at][asked], (got[asked] == arm).astype(float), came[asked])
        rows[f"{name}: {arm}"] = _figures(found)
    rows[f"{name}: any"] = {**_figures(anything), "best_arm": best_arm, "one_arm": one_arm}
    return rows


def _figures(found: Qini) -> dict[str, Any]:
    return {
        "qini": round(found.area, 5),
        "qini_error": round(found.error, 5),
        "gain_everyone": round(found.everyone, 5),
        "gain_best": round(found.best, 5),
        "best_share": round(found.best_share, 3),
        "curve_by_tenth": found.curve,
    }


def _best_arm(
    foretold: NDArray[np.float64],
    got: NDArray[np.str_],
    came: NDArray[np.float64],
    arms: Sequence[str],
) -> float:
    """Return the share that answers if each gets the arm with the highest foretold gain.

    Of those who got that arm by chance, each stands for as many as the arm's share makes him.
    """
    wanted = np.array(arms)[foretold.argmax(axis=0)]
    met = got == wanted
    shares = {arm: float((got == arm).mean()) for arm in arms}
    weights = np.array([1.0 / shares[arm] if shares[arm] else 0.0 for arm in wanted])
    total = float(weights[met].sum())
    return round(float((weights * came)[met].sum()) / total, 5) if total else 0.0


def _notes(board: Scoreboard, begin: int) -> Any:
    yield f"models are judged on what comes from row {begin:,} on"
    for arm, found in board.about["gains"].items():
        bounds = (
            f"[{found['low']}, {found['high']}]" if found["low"] is not None else "no bounds yet"
        )
        yield (
            f"{arm}: {found['rate']:.4f} against {found['control']:.4f}, gain {found['gain']:.4f} "
            f"{bounds}; at {found['looks']} looks "
            + ("always within" if found["held"] else "NOT always within")
            + f", sure from {found['sure_from'] or 'never'}"
        )
    yield (
        "groups of equal size are "
        + (
            "NOT believable: mind how people were assigned"
            if board.about["sizes"]["mismatch"]
            else "believable"
        )
    )
