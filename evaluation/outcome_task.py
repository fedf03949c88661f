"""The tasks `churn`, `spend` and `order-value`: what becomes of visits, over a recording.

Profiles, features and labels are those of the live graph (`operators.outcomes`), with one look at
each visit. A visit is guessed at its start and learnt from when its outcome is known on the event
clock, so models are as ignorant as they are live. Events without a user are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from time import process_time
from typing import Any, Final, NamedTuple, Protocol

from contracts.events import Event
from contracts.settings import FlowSettings
from evaluation.classifiers import field_of
from evaluation.errors import EvaluationError
from evaluation.judged import amounts, bounds, probabilities
from evaluation.tasks import Request, Scoreboard
from flows import importers
from flows.importers import ImporterError, Report
from online_models.churn import ChurnModel
from online_models.estimate import Estimate
from online_models.order_value import OrderValueModel
from online_models.spend import SpendModel
from operators.examples import Example
from operators.messages import Arrived, Attributed
from operators.outcomes import VISIT_FEATURES, ChurnExamples, OrderExamples, SpendExamples
from operators.profile import Profiles

CHUNK: Final = 256
WARM_UP: Final = 0.1
"""Share of the outcomes that does not count, where the request does not say."""

Maker = ChurnExamples | SpendExamples | OrderExamples
X = Mapping[str, float]


class Guesser(Protocol):
    """Estimates an outcome, and learns."""

    def estimate_one(self, x: X) -> Estimate:
        """Return the estimate."""
        ...

    def learn_one(self, x: X, y: float) -> Any:
        """Learn an outcome."""
        ...


class RunningMean:
    """Says the mean so far: what every model has to beat."""

    def __init__(self) -> None:
        self._count = self._sum = 0.0

    def estimate_one(self, x: X) -> Estimate:
        """Return the mean."""
        mean = self._sum / max(self._count, 1.0)
        return Estimate(mean, mean, 0.0, 0.0)

    def learn_one(self, x: X, y: float) -> None:
        """Count."""
        self._count += 1.0
        self._sum += y


class OwnMean(RunningMean):
    """Says what the person's orders were worth so far, on the mean; else the mean of all."""

    def estimate_one(self, x: X) -> Estimate:
        """Return the person's mean."""
        if x["orders"] <= 0.0:
            return super().estimate_one(x)
        mean = 2.718281828459045 ** x["spend_per_order"] - 1.0
        return Estimate(mean, mean, 0.0, 0.0)


class Outcome(NamedTuple):
    """One visit in time: asked about (`y` None), or its outcome; `key` is the same of both."""

    key: tuple[str, str]
    x: X
    y: float | None


def run_churn(request: Request) -> Scoreboard:
    """Who will stay away for 30 days?"""
    outcomes, board = _prepared("churn", request, ChurnExamples)
    board.columns = ("auc", "log_loss", "brier", "ece", "score_us", "learn_us")
    for name, make in field_of(request.models, {"churn": lambda: ChurnModel(pace=8)}).items():
        board.models[name] = _play_classifier(make(), outcomes, request, name)
    return board


def run_spend(request: Request) -> Scoreboard:
    """What will be spent in 30 days, from the visit's beginning on?"""
    makers: dict[str, Callable[[], Guesser]] = {"spend": lambda: SpendModel(pace=8)}
    return _amounts("spend", request, SpendExamples, makers)


def run_order_value(request: Request) -> Scoreboard:
    """What will the visit's order be worth?"""
    makers: dict[str, Callable[[], Guesser]] = {
        "order-value": OrderValueModel,
        "own-mean": OwnMean,
    }
    return _amounts("order-value", request, OrderExamples, makers)


def _amounts(
    name: str,
    request: Request,
    make_examples: Callable[[FlowSettings], Maker],
    makers: dict[str, Callable[[], Guesser]],
) -> Scoreboard:
    makers["running-mean"] = RunningMean
    wanted = list(makers) if request.models is None else request.models.split(",")
    if unknown := sorted(set(wanted) - set(makers)):
        raise EvaluationError(f"--models {', '.join(unknown)}: expected of {', '.join(makers)}")
    outcomes, board = _prepared(name, request, make_examples)
    board.columns = ("mae", "mae_typical", "bias", "coverage", "width", "score_us", "learn_us")
    for who in wanted:
        board.models[who] = _play_amounts(makers[who](), outcomes, request, who)
    return board


def _prepared(
    name: str, request: Request, make_examples: Callable[[FlowSettings], Maker]
) -> tuple[list[Outcome], Scoreboard]:
    settings = FlowSettings(outcome_every=1)
    report = Report()
    try:
        events = list(importers.read(request.format, request.source, report))
    except ImporterError as error:
        raise EvaluationError(str(error)) from error
    events = [event for event in events if event.user is not None]
    events = events[: round(request.until * len(events))]
    outcomes = list(outcomes_of(events, settings, make_examples(settings)))
    known = sum(each.y is not None for each in outcomes)
    if known < 100:
        raise EvaluationError(
            f"{request.source}: only {known} visits have an outcome within the recording"
        )
    board = Scoreboard(name, "delayed", len(events), ())
    board.about = {"outcomes": known, "visits": len(outcomes) - known}
    board.notes = [f"{known:,} visits of {len(outcomes) - known:,} have an outcome"]
    return outcomes, board


def outcomes_of(events: list[Event], settings: FlowSettings, maker: Maker) -> Iterator[Outcome]:
    """Yield what is asked and what came of it, in the order in which it would be known live."""
    profiles = Profiles(settings, [maker])
    for chunk in batched_events(events):
        items = [
            Attributed(event.user or "", Arrived(event, event.time, number))
            for number, event in chunk
        ]
        clock = chunk[-1][1].time
        profiles.on_batch(items, clock)
        for example in maker.take(clock):
            yield _outcome(example)


def batched_events(events: list[Event]) -> Iterator[list[tuple[int, Event]]]:
    """Yield numbered events in chunks.

    >>> len(list(batched_events([Event(id="1", type="view", user="ada", time=5)])))
    1
    """
    numbered = list(enumerate(events))
    for at in range(0, len(numbered), CHUNK):
        yield numbered[at : at + CHUNK]


def _outcome(example: Example) -> Outcome:
    x = dict(zip(VISIT_FEATURES, example.values, strict=True))
    return Outcome((example.user, example.event), x, example.label)


class _Played:
    """What was said of visits whose outcome counts, beside what came; and what it cost."""

    def __init__(self, known: int, request: Request) -> None:
        self.begin = round((request.test_from or WARM_UP) * known)
        self.said: list[Any] = []
        self.came: list[float] = []
        self.scoring = self.learning = 0.0
        self.asked = self.learnt = 0

    def costs(self) -> dict[str, float]:
        return {
            "score_us": round(1e6 * self.scoring / max(self.asked, 1), 1),
            "learn_us": round(1e6 * self.learning / max(self.learnt, 1), 1),
        }


def _play(
    outcomes: list[Outcome],
    request: Request,
    name: str,
    ask: Callable[[X], Any],
    learn: Callable[[X, float], Any],
) -> _Played:
    """Ask at each visit, learn at each outcome, and keep what counts."""
    played = _Played(sum(each.y is not None for each in outcomes), request)
    open_: dict[tuple[str, str], Any] = {}
    for at, outcome in enumerate(outcomes):
        started = process_time()
        if outcome.y is None:
            open_[outcome.key] = ask(outcome.x)
            played.scoring += process_time() - started
            played.asked += 1
        else:
            learn(outcome.x, outcome.y)
            played.learning += process_time() - started
            played.learnt += 1
            said = open_.pop(outcome.key)
            if played.learnt > played.begin:
                played.said.append(said)
                played.came.append(outcome.y)
        if at % 500 == 0:
            request.progress(name, at / len(outcomes))
    return played


def _play_classifier(
    model: Any, outcomes: list[Outcome], request: Request, name: str
) -> dict[str, Any]:
    played = _play(
        outcomes,
        request,
        name,
        lambda x: float(model.predict_proba_one(x).get(True, 0.0)),
        lambda x, y: model.learn_one(x, y > 0.5),
    )
    came = [y > 0.5 for y in played.came]
    return {**probabilities(played.said, came), **played.costs()}


def _play_amounts(
    model: Guesser, outcomes: list[Outcome], request: Request, name: str
) -> dict[str, Any]:
    played = _play(outcomes, request, name, model.estimate_one, model.learn_one)
    figures = amounts([each.expected for each in played.said], played.came)
    typical = amounts([each.typical for each in played.said], played.came)
    figures["mae_typical"] = typical["mae"]
    if any(each.high > each.low for each in played.said):
        low, high = [each.low for each in played.said], [each.high for each in played.said]
        figures |= bounds(low, high, played.came)
    return {**figures, **played.costs()}
