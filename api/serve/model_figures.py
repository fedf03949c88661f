"""What models know of themselves, from their views, as figures for `/metrics`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from contracts.keys import SCOREBOARD
from online_models.live_figures import NAMES

COUNTS: Final = {
    "learned": "Examples learnt from",
    "refused": "Examples that would have harmed a model, and were not learnt from",
    "errors": "Errors inside a model, caught",
    "rollbacks": "Times that a broken model went back to its last good snapshot",
    "restarts": "Times that a hopeless model began afresh",
}


LIVE: Final = (
    ("", "model", "predictions", "Answers of the sample of people after which an item was touched"),
    ("arm_", "arm", "answers", "Answers of the sample of people, by who ordered the candidates"),
)


class ModelFigures(Collector):
    """Reads `models()`, site to model to what its view says, when figures are asked for.

    >>> told = {"shop": {"intent": {"learned": 3, "drift": {"drifts": 1}}}}
    >>> [metric.name for metric in ModelFigures(lambda: told).collect() if metric.samples]
    ['headrace_model_learned', 'headrace_model_drifts']
    """

    def __init__(self, models: Callable[[], Mapping[str, Mapping[str, Any]]]) -> None:
        self._models = models

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: what there is depends on the views."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        views = [
            (site, name, view)
            for site, models in sorted(self._models().items())
            for name, view in sorted(models.items())
        ]
        for figure, text in COUNTS.items():
            family = CounterMetricFamily(f"headrace_model_{figure}", text, labels=["site", "model"])
            for site, name, view in views:
                if figure in view:
                    family.add_metric([site, name], view[figure])
            yield family
        yield from self._drifts(views)
        yield from self._contests(views)
        yield from self._answers(views)

    def _drifts(self, views: list[tuple[str, str, Any]]) -> Iterator[Metric]:
        drifts = CounterMetricFamily(
            "headrace_model_drifts", "Drifts found", labels=["site", "model"]
        )
        means = GaugeMetricFamily(
            "headrace_model_mean", "Present mean of a watched series", labels=["site", "series"]
        )
        for site, name, view in views:
            found = view.get("drift", {})
            if "drifts" in found:
                drifts.add_metric([site, name], found["drifts"])
            for series, told in found.get("series", {}).items():
                means.add_metric([site, f"{name}/{series}"], told["mean"])
        yield from (drifts, means)

    def _contests(self, views: list[tuple[str, str, Any]]) -> Iterator[Metric]:
        loss = GaugeMetricFamily(
            "headrace_contest_loss", "Prequential loss", labels=["site", "model", "name"]
        )
        evidence = GaugeMetricFamily(
            "headrace_contest_evidence",
            "Decimal logarithm of the evidence that a challenger is better",
            labels=["site", "model", "name"],
        )
        promotions = CounterMetricFamily(
            "headrace_contest_promotions", "Challengers promoted", labels=["site", "model"]
        )
        for site, name, view in views:
            contest = view.get("contest")
            if contest is None:
                continue
            loss.add_metric([site, name, contest["champion"]], contest["loss"])
            promotions.add_metric([site, name], len(contest["promotions"]))
            for challenger, told in contest["challengers"].items():
                loss.add_metric([site, name, challenger], told["loss"])
                evidence.add_metric([site, name, challenger], told["log10_evidence"])
        yield from (loss, evidence, promotions)

    def _answers(self, views: list[tuple[str, str, Any]]) -> Iterator[Metric]:
        """Yield what came of the answers of the sample: by contender, and by who answered."""
        boards = [(site, view["sums"]) for site, name, view in views if name == SCOREBOARD]
        for kind, label, counted, text in LIVE:
            count = CounterMetricFamily(f"headrace_live_{counted}", text, labels=["site", label])
            score = CounterMetricFamily(
                f"headrace_live_{kind}score",
                f"Sums of hr@n, mrr@n and ndcg@10 of these; divide by the {counted}",
                labels=["site", label, "figure"],
            )
            for site, sums in boards:
                for name, told in sums[f"{label}s"].items():
                    count.add_metric([site, name], told[counted])
                    for figure in NAMES:
                        score.add_metric([site, name, figure], told[figure])
            yield from (count, score)
