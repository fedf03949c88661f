"""What the models about people cost, and what watches and challenges them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks._timing import KEY, NOW, Cost, learnt, people, timed
from online_models.amount_arms import AMOUNT_KINDS, AmountArm
from online_models.anomaly import LIMITS, AnomalyModel
from online_models.arms import KINDS, RiverArm
from online_models.campaigns import CampaignTally
from online_models.challenger import Contest
from online_models.churn import ChurnModel
from online_models.cluster_contest import ClusterContest
from online_models.clusterers import CLUSTERERS, RiverClusters
from online_models.digest import digest
from online_models.drift import DriftWatch
from online_models.features import SESSION_FEATURES, USER_FEATURES
from online_models.guard import Guard
from online_models.order_value import OrderValueModel
from online_models.rates import EventRates
from online_models.response import CAMPAIGN, NOBODY, ResponseModel
from online_models.segments import SegmentModel
from online_models.sequential import SequentialTest
from online_models.spend import SpendModel
from operators.outcomes import VISIT_FEATURES
from operators.responses import RESPONSE_FEATURES


def outcome_costs() -> Iterator[Cost]:
    """Yield what the models of visits and campaigns cost."""
    examples = people(VISIT_FEATURES, 3_000)
    churn, spend, order = ChurnModel(), SpendModel(), OrderValueModel()
    bought = [(x, 40.0 * (n % 3)) for n, x in enumerate(examples)]
    yield learnt("churn", churn.learn_one, [(x, y > 0.0) for x, y in bought])
    asked = timed(lambda: churn.predict_proba_one(examples[0]), 1_000)
    yield Cost("churn", "predict", asked, len(pickle.dumps(churn)))
    for name, model in (("spend", spend), ("order value", order)):
        yield learnt(name, model.learn_one, bought)
        ask = partial(model.estimate_one, examples[0])
        yield Cost(name, "estimate", timed(ask, 1_000), len(pickle.dumps(model)))
    yield from response_costs()


def response_costs() -> Iterator[Cost]:
    response, tally = ResponseModel(), CampaignTally()
    sent = [
        ({**x, CAMPAIGN: ("spring", "autumn", NOBODY)[n % 3]}, n % 9 == 0)
        for n, x in enumerate(people(RESPONSE_FEATURES, 3_000))
    ]
    yield learnt("response", response.learn_one, sent)
    asked = timed(lambda: response.predict_proba_one(sent[0][0]), 1_000)
    yield Cost("response", "predict", asked, len(pickle.dumps(response)))
    yield Cost("response", "uplift", timed(lambda: response.uplift_one(sent[0][0]), 1_000))
    counted = timed(lambda: tally.approach("spring", "a", NOW), 2_000)
    yield Cost("campaigns", "count an approach", counted, len(tally.dump()))


def challenger_costs() -> Iterator[Cost]:
    """Yield what River's trees, forests and clusterers cost as challengers."""
    visits = people(VISIT_FEATURES, 2_000)
    sessions = people(SESSION_FEATURES, 2_000)
    arms: list[tuple[str, Any, list[tuple[Any, Any]]]] = []
    for kind in sorted(KINDS):
        rows = [(x, x["session_views"] > 1.0) for x in sessions]
        arms.append((kind, RiverArm(kind, seed=1), rows))
    for kind in sorted(AMOUNT_KINDS):
        amounts = [(x, 40.0 * x["orders"]) for x in visits]
        arms.append((f"{kind} of amounts", AmountArm(kind, seed=1), amounts))
    for name, arm, rows in arms:
        yield learnt(name, arm.learn_one, rows)
        ask = arm.estimate_one if isinstance(arm, AmountArm) else arm.predict_proba_one
        yield Cost(name, "predict", timed(partial(ask, rows[0][0]), 300), len(pickle.dumps(arm)))
    test = SequentialTest()
    yield Cost("contest", "learn a difference", timed(lambda: test.learn_one(0.1), 2_000))
    yield Cost("contest", "evidence", timed(lambda: test.log_evidence, 2_000))
    models: dict[str, Any] = {"ours": ChurnModel(), "tree": RiverArm("tree", seed=1)}
    contest = Contest("churn", {n: Guard(m, KEY) for n, m in models.items()}, every=4)
    yield learnt("contest, one in 4", contest.learn_one, [(x, x["orders"] > 1.0) for x in visits])
    yield from clusterer_costs()


def clusterer_costs() -> Iterator[Cost]:
    looks = people(USER_FEATURES, 2_000)
    for kind in sorted(CLUSTERERS):
        clusters = RiverClusters(kind, seed=1)
        yield learnt(f"river {kind}", clusters.learn_one, [(x, NOW) for x in looks])
        asked = timed(partial(clusters.predict_one, looks[0]), 300)
        yield Cost(f"river {kind}", "predict", asked, len(pickle.dumps(clusters)))
    segments = SegmentModel(seed=1)
    for x in looks:
        segments.learn_one(x)
    rivals = {"streamkmeans": Guard(RiverClusters("streamkmeans", seed=1), KEY)}
    contest = ClusterContest("segments", rivals, every=1)
    rows = [(x, segments.predict_one) for x in looks]
    yield learnt("rivals, of all looks", contest.learn_one, rows)
    yield Cost("rivals, of all looks", "saved", 0.0, len(contest.snapshot()))


def segment_costs() -> Iterator[Cost]:
    examples = people(USER_FEATURES, 3_000)
    model = SegmentModel(seed=1)
    for x in examples:
        model.learn_one(x)
    rows = iter(examples)
    yield Cost("segments", "learn", timed(lambda: model.learn_one(next(rows)), 3_000))
    yield Cost("segments", "predict", timed(lambda: model.predict_one(examples[0]), 1_000))
    yield Cost("segments", "describe", timed(model.describe, 50), len(pickle.dumps(model)))
    yield Cost("segments", "digest", timed(lambda: digest(model), 10))


def watching_costs() -> Iterator[Cost]:
    """Yield what drift, event rates and the anomaly score cost."""
    examples = people(SESSION_FEATURES, 3_000)
    watch, watched = DriftWatch(spreads=True), iter(examples)
    for x in examples[:300]:
        watch.learn_one(x)
    yield Cost(
        "drift",
        f"learn {len(SESSION_FEATURES)} and their spreads",
        timed(lambda: watch.learn_one(next(watched)), 2_000),
        len(pickle.dumps(watch)),
    )
    anomaly, usual = AnomalyModel(seed=1), dict.fromkeys(LIMITS, 0.5)
    yield Cost("anomaly", "learn", timed(lambda: anomaly.learn_one(usual), 500))
    asked = timed(lambda: anomaly.predict_one(usual), 500)
    yield Cost("anomaly", "predict", asked, len(pickle.dumps(anomaly)))
    rates = EventRates()
    minutes = [
        ({(NOW // 60_000 + at, "view"): 9, (NOW // 60_000 + at, "click"): 3}, 0)
        for at in range(4_000)
    ]
    yield learnt("event rates", lambda counts, _: list(rates.learn(counts)), minutes)
    yield Cost("event rates", "saved", 0.0, len(rates.dump()))
