"""Challengers and contests as the conformance suite meets them."""

from typing import Any

import msgspec

from contracts.codec import pack
from online_models.amount_arms import AmountArm
from online_models.arms import RiverArm
from online_models.challenger import Contest
from online_models.cluster_contest import ClusterContest
from online_models.clusterers import RiverClusters
from online_models.features import SESSION_FEATURES, USER_FEATURES
from online_models.guard import Guard
from online_models.intent import IntentModel
from online_models.order_value import OrderValueModel
from online_models.segments import SegmentModel
from online_models.spend import SpendModel
from tests.online_models.conformance import Case
from tests.online_models.made_people import Labelled, broken_people, people
from tests.online_models.predictors import KEY, Guarded


class Arm(Guarded):
    """A challenger from River."""

    kind = "tree"

    @classmethod
    def make(cls) -> Any:
        return RiverArm(cls.kind, seed=1)


class ForestArm(Arm):
    """The heavier one."""

    kind = "forest"


class Match:
    """A champion and a challenger."""

    def __init__(self) -> None:
        models = {"line": IntentModel(seed=1), "tree": RiverArm("tree", seed=1)}
        guards: dict[str, Guard[Any]] = {name: Guard(m, KEY) for name, m in models.items()}
        self.contest = Contest("intent", guards, every=2, promote=True)

    @property
    def model(self) -> Any:
        contest = self.contest
        return [contest.champion, *(guard.model for guard in contest.models.values())]

    def learn(self, example: Labelled) -> None:
        self.contest.learn_one(*example)

    def answer(self, example: Labelled) -> list[Any]:
        told = self.contest.report()["challengers"].get("tree", {})
        return [self.contest.predict_proba_one(example[0]), told.get("log10_evidence", 0.0)]

    def save(self) -> bytes:
        return self.contest.snapshot()

    def restore(self, saved: bytes) -> None:
        self.contest.restore(saved)


class Rivals:
    """Segments beside a clusterer of River's, on all looks."""

    kind = "streamkmeans"

    def __init__(self) -> None:
        self.champion = Guard(SegmentModel(n_segments=3, warmup=50, seed=1), KEY)
        rival = Guard(RiverClusters(self.kind, 3, seed=1), KEY)
        self.contest = ClusterContest("segments", {self.kind: rival}, every=1)

    @property
    def model(self) -> Any:
        rivals = [guard.model for guard in self.contest.rivals.values()]
        return [self.champion.model, *rivals, self.contest.report()]

    def learn(self, example: Labelled) -> None:
        self.champion.learn_one(example[0])
        self.contest.learn_one(example[0], self.champion.predict_one)

    def answer(self, example: Labelled) -> list[Any]:
        rival = self.contest.rivals[self.kind]
        told = self.contest.report()
        return [rival.predict_one(example[0]), told["silhouette"], told["kept"]]

    def save(self) -> bytes:
        return pack((self.champion.snapshot(), self.contest.snapshot()))

    def restore(self, saved: bytes) -> None:
        champion, contest = msgspec.msgpack.decode(saved)
        self.champion.restore(champion)
        self.contest.restore(contest)


class KMeansRivals(Rivals):
    """The same beside River's k-means."""

    kind = "kmeans"


class AmountsArm(Guarded):
    """A challenger of amounts from River."""

    kind = "tree"

    @classmethod
    def make(cls) -> Any:
        return AmountArm(cls.kind, seed=1)

    def outcome(self, x: dict[str, float], y: bool) -> float:
        return 20.0 + 100.0 * y

    def answer(self, example: Labelled) -> list[float]:
        return list(self.guard.estimate_one(example[0]))


class AmountsForest(AmountsArm):
    """The heavier one."""

    kind = "forest"


class SpendArms(AmountsArm):
    """The challenger of spending: two of River's, one for whether and one for how much."""

    @classmethod
    def make(cls) -> Any:
        arm = AmountArm("tree", seed=1)
        return SpendModel(whether=RiverArm("tree", seed=1), how_much=arm)

    def outcome(self, x: dict[str, float], y: bool) -> float:
        return 120.0 * y


class AmountsMatch(AmountsArm):
    """A champion and a challenger of amounts."""

    def __init__(self) -> None:
        models = {"ours": OrderValueModel(window=128, pace=8), "tree": AmountArm("tree", seed=1)}
        guards: dict[str, Guard[Any]] = {name: Guard(m, KEY) for name, m in models.items()}
        contest = Contest("order_value", guards, loss="amount", every=2, promote=True)
        self.guard: Any = contest

    @property
    def model(self) -> Any:
        contest = self.guard
        return [contest.champion, *(guard.model for guard in contest.models.values())]


FEW = people(USER_FEATURES[:8]), broken_people(USER_FEATURES[:8])

CASES = (
    Case("tree arm", Arm, people(SESSION_FEATURES), broken_people(SESSION_FEATURES), limit=200_000),
    Case(
        "forest arm",
        ForestArm,
        people(SESSION_FEATURES[:8]),
        broken_people(SESSION_FEATURES[:8]),
        limit=400_000,
        count=300,
    ),
    Case("contest", Match, people(SESSION_FEATURES), broken_people(SESSION_FEATURES), 7_000_000),
    Case("rivals", Rivals, people(USER_FEATURES), broken_people(USER_FEATURES), 900_000, 500),
    Case("k-means", KMeansRivals, people(USER_FEATURES), broken_people(USER_FEATURES), 900_000),
    Case("tree, amounts", AmountsArm, *FEW, limit=2_000_000, count=300),
    Case("forest, amounts", AmountsForest, *FEW, limit=2_000_000, count=300),
    Case("arms of spending", SpendArms, *FEW, limit=2_500_000, count=300),
    Case("contest of amounts", AmountsMatch, *FEW, limit=3_000_000, count=200),
)
