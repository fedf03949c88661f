"""A champion and its challengers: one stream, all learn, one answers, evidence decides.

Every model learns from the same examples of the log, whoever answered: no arm is starved, and a
challenger is judged on what happened to everybody rather than on those it was shown to.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from contracts.codec import pack
from contracts.decisions import Promotion
from online_models.digest import digest
from online_models.estimate import Estimate
from online_models.guard import MAGIC, Guard
from online_models.sequential import SequentialTest

PROMOTIONS_KEPT: Final = 20
PACE: Final = 0.001
"""With which the mean loss that is told follows."""

LOG_UNIT: Final = 8.0
"""Of `amount`: being wrong by a factor of 3,000 is a loss of 1."""


class Contest:
    """Guarded models by name, of which one, the champion, answers.

    `every` is one in how many examples the challengers see, are judged on and learn from; the
    champion learns from all. With `promote`, a challenger whose evidence reaches 1/`alpha` after
    at least `least` examples takes the champion's place, which becomes a challenger of it; the
    chance of promoting one that is on average no better is at most `alpha` a challenger and reign.
    A loss lies in [0, 1]: `brier` of probabilities; `amount`, the distance of what is typical from
    what came on the scale log(1 + y), over 8.

    >>> from online_models.intent import IntentModel
    >>> key = b"sixteen bytes or more"
    >>> models = {name: Guard(IntentModel(), key) for name in ("champion", "twin")}
    >>> contest = Contest("intent", models)
    >>> round(contest.learn_one({"carts": 1.0}, True, time=5), 4)
    0.9409
    >>> contest.champion, contest.report()["challengers"]["twin"]["ahead"]
    ('champion', 0.0)
    """

    def __init__(
        self,
        name: str,
        models: Mapping[str, Guard[Any]],
        *,
        loss: str = "brier",
        every: int = 1,
        promote: bool = False,
        alpha: float = 0.01,
        least: int = 500,
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f"no loss {loss!r}; there are {', '.join(sorted(LOSSES))}")
        self.name = name
        self.models = dict(models)
        self.champion = next(iter(self.models))
        self.promotions: list[Promotion] = []
        self._loss, self._method = LOSSES[loss]
        self._every, self._promote, self._least = every, promote, least
        self._least_evidence = -math.log(alpha)
        self._seen = 0
        self._losses = dict.fromkeys(self.models, 0.0)
        self._judged = dict.fromkeys(self.models, 0)
        self._tests = self._new_tests()

    @property
    def guard(self) -> Guard[Any]:
        """The champion."""
        return self.models[self.champion]

    @property
    def model(self) -> Any:
        """The champion without its guard, to look at it."""
        return self.guard.model

    def predict_proba_one(self, x: Mapping[str, Any]) -> dict[Any, float]:
        """Return the champion's probabilities."""
        return self.guard.predict_proba_one(x)

    def estimate_one(self, x: Mapping[str, Any]) -> Estimate:
        """Return the amount that the champion expects, with its bounds."""
        return self.guard.estimate_one(x)

    def learn_one(self, x: Mapping[str, Any], y: Any, time: int = 0) -> float:
        """Judge, then learn, as of `time` (ms); return the champion's loss on this example."""
        self._seen += 1
        lost = self._judge(self.champion, x, y)
        if self._seen % self._every == 0:
            for name, test in self._tests.items():
                test.learn_one(lost - self._judge(name, x, y))
                self.models[name].learn_one(x, y)
        self.guard.learn_one(x, y)
        if self._promote and self._seen % self._every == 0:
            self._decide(time)
        return lost

    def report(self) -> dict[str, Any]:
        """Return who is champion, how the others do, and what was decided, for a view."""
        return {
            "champion": self.champion,
            "loss": round(self._losses[self.champion], 6),
            "judged": self._judged[self.champion],
            "challengers": {
                name: {
                    "loss": round(self._losses[name], 6),
                    "judged": test.examples,
                    "ahead": round(test.mean, 6),
                    "log10_evidence": round(test.log_evidence / math.log(10.0), 3),
                    **self.models[name].counts(),
                }
                for name, test in sorted(self._tests.items())
            },
            "promotions": self.promotions,
        }

    def counts(self) -> dict[str, int]:
        """Return what the champion's guard counts."""
        return self.guard.counts()

    @property
    def cause(self) -> str:
        """What the champion's last rollback was for."""
        return self.guard.cause

    def verify(self) -> None:
        """Let each guard look after its model."""
        for guard in self.models.values():
            guard.verify()

    def digest(self) -> str:
        """Return a fingerprint of all parameters."""
        return digest((self.champion, {n: g.digest() for n, g in self.models.items()}))

    def snapshot(self) -> bytes:
        """Return the whole state; models lie in signed envelopes."""
        saved = _Saved(
            self.champion,
            {name: guard.snapshot() for name, guard in self.models.items()},
            self._seen,
            self._losses,
            self._judged,
            {n: (t.examples, t.total, t.spread) for n, t in self._tests.items()},
            self.promotions,
        )
        return pack(saved)

    def restore(self, raw: bytes) -> None:
        """Replace the state. Models that were not there begin afresh, those that went are left out.

        Raises what `Guard.restore` does.
        """
        if raw.startswith(MAGIC):  # of before it had challengers
            self.guard.restore(raw)
            return
        saved = msgspec.msgpack.decode(raw, type=_Saved)
        for name, guard in self.models.items():
            if name in saved.models:
                guard.restore(saved.models[name])
        if saved.champion in self.models:
            self.champion = saved.champion
        self._seen, self.promotions = saved.seen, list(saved.promotions)
        self._losses |= {n: v for n, v in saved.losses.items() if n in self.models}
        self._judged |= {n: v for n, v in saved.judged.items() if n in self.models}
        self._tests = self._new_tests()
        for name, test in self._tests.items():
            if name in saved.tests:
                test.examples, test.total, test.spread = saved.tests[name]

    def _judge(self, name: str, x: Mapping[str, Any], y: Any) -> float:
        answer = getattr(self.models[name], self._method)(x)
        lost = min(max(self._loss(y, answer), 0.0), 1.0)
        self._judged[name] += 1
        pace = max(PACE, 1.0 / self._judged[name])
        self._losses[name] += pace * (lost - self._losses[name])
        return lost

    def _decide(self, time: int) -> None:
        best = max(self._tests, key=lambda n: self._tests[n].log_evidence, default=None)
        if best is None:
            return
        test = self._tests[best]
        if test.examples < self._least or test.log_evidence < self._least_evidence:
            return
        self.promotions = [
            *self.promotions[-PROMOTIONS_KEPT + 1 :],
            Promotion(
                model=self.name,
                name=best,
                over=self.champion,
                time=time,
                examples=test.examples,
                ahead=round(test.mean, 6),
                log10_evidence=round(test.log_evidence / math.log(10.0), 3),
            ),
        ]
        self.champion = best
        self._tests = self._new_tests()

    def _new_tests(self) -> dict[str, SequentialTest]:
        return {name: SequentialTest() for name in self.models if name != self.champion}


class _Saved(msgspec.Struct, array_like=True):
    champion: str
    models: dict[str, bytes]
    seen: int
    losses: dict[str, float]
    judged: dict[str, int]
    tests: dict[str, tuple[int, float, float]]
    promotions: Sequence[Promotion]


def _brier(y: Any, answer: Mapping[Any, float]) -> float:
    return (float(bool(y)) - answer.get(True, 0.0)) ** 2


def _amount(y: float, answer: Estimate) -> float:
    if not math.isfinite(y):
        return 1.0  # no guard lets it through to be learnt from
    return abs(math.log1p(max(y, 0.0)) - math.log1p(max(answer.typical, 0.0))) / LOG_UNIT


LOSSES: Final[dict[str, tuple[Callable[[Any, Any], float], str]]] = {
    "brier": (_brier, "predict_proba_one"),
    "amount": (_amount, "estimate_one"),
}
"""What a loss is made of, and which question is judged by it."""
