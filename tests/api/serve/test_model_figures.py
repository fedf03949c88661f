from prometheus_client import CollectorRegistry, generate_latest

from api.serve.model_figures import ModelFigures

INTENT = {
    "learned": 90,
    "errors": 1,
    "rollbacks": 2,
    "cause": "ValueError",
    "drift": {"drifts": 1, "series": {"loss": {"mean": 0.1, "drifts": 1}}, "recent": []},
    "contest": {
        "champion": "intent",
        "loss": 0.11,
        "judged": 90,
        "challengers": {"tree": {"loss": 0.09, "log10_evidence": 1.5}},
        "promotions": [{"name": "tree"}],
    },
}


def exposed(models):
    registry = CollectorRegistry()
    registry.register(ModelFigures(lambda: models))
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_what_a_model_knows_of_itself_becomes_figures():
    lines = exposed({"shop": {"intent": INTENT, "items": {"digest": "ab"}}})
    assert 'headrace_model_rollbacks_total{model="intent",site="shop"} 2.0' in lines
    assert 'headrace_model_errors_total{model="intent",site="shop"} 1.0' in lines
    assert 'headrace_model_drifts_total{model="intent",site="shop"} 1.0' in lines
    assert 'headrace_model_mean{series="intent/loss",site="shop"} 0.1' in lines
    assert 'headrace_contest_loss{model="intent",name="tree",site="shop"} 0.09' in lines
    assert 'headrace_contest_evidence{model="intent",name="tree",site="shop"} 1.5' in lines
    assert 'headrace_contest_promotions_total{model="intent",site="shop"} 1.0' in lines


def test_what_came_of_answers_becomes_counters():
    figures = {"hr@10": 2.0, "hr@20": 3.0, "mrr@10": 1.5, "mrr@20": 1.6, "ndcg@10": 1.7}
    sums = {
        "models": {"blend": {"predictions": 4, **figures}},
        "arms": {"trending": {"answers": 9, "touched": 4, **figures}},
    }
    lines = exposed({"shop": {"scoreboard": {"learned": 0, "sums": sums}}})
    assert 'headrace_live_predictions_total{model="blend",site="shop"} 4.0' in lines
    assert 'headrace_live_score_total{figure="mrr@20",model="blend",site="shop"} 1.6' in lines
    assert 'headrace_live_answers_total{arm="trending",site="shop"} 9.0' in lines
    assert 'headrace_live_arm_score_total{arm="trending",figure="hr@10",site="shop"} 2.0' in lines


def test_without_models_there_are_no_figures():
    assert exposed({}) == []
