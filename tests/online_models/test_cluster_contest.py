"""Clusterers side by side on a sample: what is told of them, and when."""

import random

import pytest

from online_models.cluster_contest import JUDGE_EVERY, WINDOW, ClusterContest
from online_models.clusterers import CLUSTERERS, NOWHERE, WARM_UP, RiverClusters
from online_models.guard import Guard

KEY = b"a key for tests, not for use"


class ByKind(RiverClusters):
    """Knows the three kinds of people there are; or is wrong about one in so many."""

    def __init__(self, wrong: int = 0) -> None:
        super().__init__("kmeans", 3)
        self.wrong = wrong

    def predict_one(self, x: dict[str, float]) -> str:
        if self.wrong and round(x["a"] * 1e6) % self.wrong == 0:
            return "lost"
        return str(round(x["a"] / 10))


def person(rng: random.Random) -> dict[str, float]:
    kind = 10 * rng.randrange(3)
    return {name: kind + rng.gauss(0.0, 0.5) for name in ("a", "b")}


def played(looks: int, every: int = 1, own: int = 0, **rivals: int) -> ClusterContest:
    rng, champion = random.Random(1), ByKind(own)
    guards = {name: Guard(ByKind(wrong), KEY) for name, wrong in rivals.items()}
    contest = ClusterContest("own", guards, every)
    for _ in range(looks):
        contest.learn_one(person(rng), champion.predict_one)
    return contest


def test_who_groups_people_as_they_are_is_tighter_and_gathers_evidence() -> None:
    told = played(40_000, own=3, better=0, worse=2).report()
    better, worse = told["challengers"]["better"], told["challengers"]["worse"]
    assert better["silhouette"] > told["silhouette"] > worse["silhouette"]
    assert better["loss"] == pytest.approx((1 - better["silhouette"]) / 2, abs=1e-4)
    assert better["log10_evidence"] > 2.0 > 0.0 > worse["log10_evidence"]
    assert better["groups"] == 3
    assert told["promotions"] == []


def test_people_who_do_not_change_stay_with_whom_they_are() -> None:
    told = played(1_000, steady=0).report()["challengers"]["steady"]
    assert (told["kept"], told["adjusted_rand"]) == (1.0, 1.0)


def test_judgement_begins_with_a_full_window_and_comes_once_in_so_many_looks() -> None:
    assert played(WINDOW - 1, r=0).report()["judged"] == 0
    assert played(WINDOW, r=0).report()["judged"] == 1
    assert played(WINDOW + 3 * JUDGE_EVERY, r=0).report()["judged"] == 4
    sampled = played(20 * WINDOW, every=20, r=0)
    assert sampled.report()["judged"] == 1
    assert sampled.rivals["r"].counts()["learned"] == WINDOW


def test_rivals_may_come_and_go_between_runs() -> None:
    old = played(500, gone=0, stays=0)
    new = ClusterContest("own", {name: Guard(ByKind(), KEY) for name in ("stays", "new")}, 1)
    new.restore(old.snapshot())
    told = new.report()["challengers"]
    assert (told["stays"]["judged"], told["new"]["judged"]) == (4, 0)
    assert sorted(told) == ["new", "stays"]


def test_without_rivals_nothing_is_kept() -> None:
    contest = played(500)
    assert contest.report()["judged"] == 0
    assert len(contest.snapshot()) < 200


@pytest.mark.parametrize("kind", sorted(CLUSTERERS))
def test_rivers_clusterers_tell_kinds_apart_after_a_while(kind: str) -> None:
    rng, clusters = random.Random(2), RiverClusters(kind, 3, seed=1)
    assert clusters.predict_one({}) == NOWHERE
    for _ in range(WARM_UP + 900):
        clusters.learn_one(person(rng))
    found = {clusters.predict_one({"a": kind, "b": kind}) for kind in (0.0, 10.0, 20.0)}
    assert len(found) >= 2


def test_an_unknown_clusterer_is_told() -> None:
    with pytest.raises(ValueError, match="clustream, kmeans, streamkmeans"):
        RiverClusters("oracle")
