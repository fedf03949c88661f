"""Which arm do people do best with? Outcomes of different people, compared in pairs.

A challenger and the champion answer different people, so there is no one example that both are
judged on. Each person has one outcome in [0, 1] and counts once. As soon as there are people of
both arms who have not been compared, the mean of the ones minus the mean of the others is one
difference, and these people are done with. If people are given to arms by chance, each difference
is, on average, that of the arms, whatever came before: what `sequential` needs.
"""

import math
from typing import Any, Final

import msgspec

from contracts.codec import pack
from contracts.decisions import Promotion
from online_models.sequential import SequentialTest

PROMOTIONS_KEPT: Final = 20
MAX_ARMS: Final = 8


class Trial:
    """A champion and its challengers, which are those that outcomes are told of.

    With `promote`, a challenger whose evidence reaches 1/`alpha` after at least `least` differences
    takes the champion's place, and all begins anew. The chance of promoting one that people do no
    better with is at most `alpha` a challenger and reign.

    >>> trial = Trial("recommender", "blend")
    >>> trial.join("trending")
    >>> trial.outcome("blend", 0.2, time=1)
    False
    >>> trial.outcome("trending", 0.5, time=2)
    False
    >>> trial.report()["challengers"]["trending"]["ahead"]
    0.3
    """

    def __init__(
        self,
        name: str,
        champion: str,
        *,
        promote: bool = False,
        alpha: float = 0.01,
        least: int = 500,
    ) -> None:
        self.name = name
        self.champion = champion
        self.promotions: list[Promotion] = []
        self._promote, self._least = promote, least
        self._least_evidence = -math.log(alpha)
        self._arms: dict[str, _Arm] = {}

    @property
    def has_challengers(self) -> bool:
        """Whether there is anybody to compare the champion with."""
        return any(name != self.champion for name in self._arms)

    def join(self, arm: str) -> None:
        """Take note that an arm answers."""
        if arm not in self._arms and len(self._arms) < MAX_ARMS:
            self._arms[arm] = _Arm()

    def outcome(self, arm: str, value: float, time: int) -> bool:
        """Count one person's outcome, of event time `time` (ms); say whether that promoted one."""
        self.join(arm)
        told = self._arms.get(arm)
        if told is None:
            return False
        told.people += 1
        told.total += value
        challengers = [name for name in self._arms if name != self.champion]
        for name in challengers if arm == self.champion else [arm]:
            challenger = self._arms[name]
            waiting = challenger.theirs if arm == self.champion else challenger.own
            waiting.append(value)
            if challenger.own and challenger.theirs:
                challenger.compare()
        return self._promote and self._decide(time)

    def report(self) -> dict[str, Any]:
        """Return who is champion, how the others do, and what was decided, for a view."""
        champion = self._arms.get(self.champion, _Arm())
        return {
            "champion": self.champion,
            "loss": round(1.0 - champion.mean, 6),
            "judged": champion.people,
            "challengers": {
                name: {
                    "loss": round(1.0 - arm.mean, 6),
                    "judged": arm.people,
                    "compared": arm.test.examples,
                    "ahead": round(arm.test.mean, 6),
                    "log10_evidence": round(arm.test.log_evidence / math.log(10.0), 3),
                }
                for name, arm in sorted(self._arms.items())
                if name != self.champion
            },
            "promotions": self.promotions,
        }

    def pack(self) -> bytes:
        """Return the trial as bytes."""
        arms = {name: arm.saved() for name, arm in self._arms.items()}
        return pack((self.champion, arms, self.promotions))

    def restore(self, raw: bytes) -> None:
        """Replace the trial."""
        self.champion, arms, self.promotions = _decode(raw)
        self._arms = {name: _Arm.of(saved) for name, saved in arms.items()}

    def _decide(self, time: int) -> bool:
        tests = {name: arm.test for name, arm in self._arms.items() if name != self.champion}
        best = max(tests, key=lambda name: tests[name].log_evidence, default=None)
        if best is None:
            return False
        test = tests[best]
        if test.examples < self._least or test.log_evidence < self._least_evidence:
            return False
        promotion = Promotion(
            model=self.name,
            name=best,
            over=self.champion,
            time=time,
            examples=test.examples,
            ahead=round(test.mean, 6),
            log10_evidence=round(test.log_evidence / math.log(10.0), 3),
        )
        self.promotions = [*self.promotions[-PROMOTIONS_KEPT + 1 :], promotion]
        self.champion = best
        self._arms = {name: _Arm() for name in self._arms}
        return True


class _Arm:
    """Outcomes of one arm; for a challenger also those of both sides that wait for the other."""

    def __init__(self) -> None:
        self.people = 0
        self.total = 0.0
        self.own = _Waiting()
        self.theirs = _Waiting()
        self.test = SequentialTest()

    @property
    def mean(self) -> float:
        return self.total / self.people if self.people else 0.0

    def compare(self) -> None:
        self.test.learn_one(self.own.mean - self.theirs.mean)
        self.own, self.theirs = _Waiting(), _Waiting()

    def saved(self) -> "_SavedArm":
        own, theirs, test = self.own, self.theirs, self.test
        return (
            *(self.people, self.total, own.count, own.total, theirs.count, theirs.total),
            *(test.examples, test.total, test.spread),
        )

    @classmethod
    def of(cls, saved: "_SavedArm") -> "_Arm":
        arm = cls()
        arm.people, arm.total = saved[:2]
        arm.own, arm.theirs = _Waiting(*saved[2:4]), _Waiting(*saved[4:6])
        arm.test.examples, arm.test.total, arm.test.spread = saved[6:]
        return arm


class _Waiting:
    """Outcomes that have not been compared yet."""

    def __init__(self, count: int = 0, total: float = 0.0) -> None:
        self.count, self.total = count, total

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def mean(self) -> float:
        return self.total / self.count

    def append(self, value: float) -> None:
        self.count += 1
        self.total += value


_SavedArm = tuple[int, float, int, float, int, float, int, float, float]
_decode = msgspec.msgpack.Decoder(tuple[str, dict[str, _SavedArm], list[Promotion]]).decode
