"""The tasks `intent` and `response`: which row of a CSV becomes a yes?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from evaluation.classifiers import Classifier, field_of, play
from evaluation.errors import EvaluationError
from evaluation.table import Table, read_table
from evaluation.tasks import Request, Scoreboard
from online_models.intent import IntentModel
from online_models.response import CAMPAIGN, NOBODY, ResponseModel

INTENT: Final = "intent"
RESPONSE: Final = "response"
COLUMNS: Final = ("auc", "log_loss", "brier", "ece", "score_us", "learn_us")
WARM_UP: Final = 0.1
"""Share of the rows that does not count, where the request does not say."""

VISITS: Final = ("visit", "response", "responded", "clicked")
AFTERWARDS: Final = ("visit", "conversion", "spend")
ARMS: Final = ("segment", "campaign", "treatment", "arm")


def run_intent(request: Request) -> Scoreboard:
    """Let classifiers guess each row of a CSV, then learn from it."""
    outcome = None if request.by == "item" else request.by
    table = read_table(request.source, outcome)
    makers: dict[str, Callable[[], Classifier]] = {
        INTENT: lambda: IntentModel(window=8_192, pace=8, slow=250),
        "intent-live": IntentModel,
    }
    return _board(INTENT, request, table, makers)


def run_response(request: Request) -> Scoreboard:
    """The same for answers to campaigns that chance gave out; and what the campaigns added."""
    table, arm = read_campaigns(request)
    makers: dict[str, Callable[[], Classifier]] = {RESPONSE: partial(_Answering, arm)}
    board = _board(RESPONSE, request, table, makers)
    begin = _begin(request, len(table.rows))
    board.about["uplift"] = uplift_by_third(table, arm, begin)
    board.notes.append(f"treatment by column {arm}; `uplift`: by third of what was foretold")
    return board


def _board(
    name: str, request: Request, table: Table, makers: Mapping[str, Callable[[], Classifier]]
) -> Scoreboard:
    if not 0.0 < request.until <= 1.0:
        raise EvaluationError(f"--until {request.until}: expected a share above 0, at most 1")
    end = round(request.until * len(table.rows))
    rows, outcomes = table.rows[:end], table.outcomes[:end]
    begin = _begin(request, len(table.rows))
    if begin >= end or len(set(outcomes[begin:])) < 2:
        raise EvaluationError(f"{request.source}: too few rows count, or all end alike")
    board = Scoreboard(name, "prequential", end, COLUMNS)
    board.about = {"outcome": table.outcome, "counted": end - begin}
    board.notes = [f"guessed: {table.outcome}; counted from row {begin:,} on"]
    for who, make in field_of(request.models, makers).items():
        tell = partial(_tell, request, who, end)
        board.models[who] = play(make(), rows, outcomes, begin, tell)
    return board


def _begin(request: Request, rows: int) -> int:
    return round((request.test_from or WARM_UP) * rows)


def _tell(request: Request, name: str, end: int, at: int) -> None:
    request.progress(name, at / end)


def read_campaigns(request: Request) -> tuple[Table, str]:
    """Return the rows of an experiment, and the column that says who got what."""
    given = None if request.by == "item" else request.by
    names = [name for name in VISITS if given is None]
    for name in names:
        try:
            table = read_table(request.source, name, AFTERWARDS)
            break
        except EvaluationError:
            continue
    else:
        table = read_table(request.source, given, AFTERWARDS)
    arm = next((name for name in ARMS if name in table.rows[0]), None)
    if arm is None:
        raise EvaluationError(f"{request.source}: no column says who got what: {', '.join(ARMS)}")
    return table, arm


class _Answering:
    """The response model as a classifier of rows in which column `arm` is the campaign."""

    def __init__(self, arm: str) -> None:
        self.arm = arm
        self.model = ResponseModel(window=8_192, pace=8)

    def predict_proba_one(self, x: Any) -> Mapping[Any, float]:
        return self.model.predict_proba_one(self.named(x))

    def learn_one(self, x: Any, y: bool) -> None:
        self.model.learn_one(self.named(x), y)

    def named(self, x: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as the model takes it: with the campaign under its own name."""
        rest = {name: value for name, value in x.items() if name != self.arm}
        return {**rest, CAMPAIGN: campaign_of(x[self.arm])}


@dataclass
class _Told:
    uplift: float
    treated: bool
    came: bool


def campaign_of(value: Any) -> str:
    """Return the campaign that a table's value stands for.

    >>> campaign_of("No E-Mail"), campaign_of("Mens E-Mail"), campaign_of(0.0)
    ('none', 'Mens E-Mail', 'none')
    """
    word = str(value)
    return NOBODY if word.lower().startswith(("no", "control", "0")) else word


def uplift_by_third(table: Table, arm: str, begin: int) -> list[dict[str, float]]:
    """Return, for thirds by foretold uplift, lowest first: what was foretold, and what came of it.

    What came is the share of yes among the treated less that among the others, which is fair
    where chance decided who was treated.
    """
    subject = _Answering(arm)
    arms = sorted({campaign_of(row[arm]) for row in table.rows} - {NOBODY})
    told = []
    for at, (x, y) in enumerate(zip(table.rows, table.outcomes, strict=True)):
        if at >= begin:
            named = subject.named(x)
            gains = [subject.model.uplift_one({**named, CAMPAIGN: each}) for each in arms]
            told.append(_Told(float(np.mean(gains)), named[CAMPAIGN] != NOBODY, y))
        subject.learn_one(x, y)
    told.sort(key=lambda each: each.uplift)
    thirds = np.array_split(np.arange(len(told)), 3)
    return [_third([told[at] for at in part]) for part in thirds]


def _third(told: Sequence[_Told]) -> dict[str, float]:
    treated = [each.came for each in told if each.treated]
    others = [each.came for each in told if not each.treated]
    came = sum(treated) / max(len(treated), 1) - sum(others) / max(len(others), 1)
    foretold = sum(each.uplift for each in told) / max(len(told), 1)
    return {"foretold": round(foretold, 4), "came": round(came, 4), "people": len(told)}
