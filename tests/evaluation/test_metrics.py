"""Figures against values worked out by hand, or by their definition written out."""

import math

import numpy as np
import pytest

from evaluation.metrics import (
    auc,
    brier,
    calibration,
    calibration_error,
    interval_coverage,
    list_mrr,
    list_ndcg,
    log_loss,
    mae,
    mean_of,
    running_mean_mae,
    silhouette,
)


def test_log_loss_and_brier_of_known_values() -> None:
    expected = -(math.log(0.8) + math.log(0.7) + math.log(0.4)) / 3
    assert log_loss([1, 0, 1], [0.8, 0.3, 0.4]) == pytest.approx(expected)
    assert brier([1, 0, 1], [0.8, 0.3, 0.4]) == pytest.approx((0.04 + 0.09 + 0.36) / 3)
    assert math.isfinite(log_loss([1, 0], [0.0, 1.0]))


def test_auc_is_the_share_of_pairs_in_order_and_ties_count_half() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(2, size=200)
    scores = rng.integers(10, size=200) / 10  # many ties
    ones, zeros = scores[labels == 1], scores[labels == 0]
    pairs = [(a > b) + 0.5 * (a == b) for a in ones for b in zeros]
    assert auc(labels, scores) == pytest.approx(sum(pairs) / len(pairs))
    assert auc([1, 1], [0.1, 0.2]) is None


def test_calibration_of_a_model_that_says_how_it_is() -> None:
    rng = np.random.default_rng(3)
    chances = rng.random(20_000)
    labels = rng.random(20_000) < chances
    parts = calibration(labels, chances)
    assert len(parts) == 10
    assert sum(part.size for part in parts) == 20_000
    assert all(abs(part.said - part.came) < 0.04 for part in parts)
    assert calibration_error(labels, chances) < 0.02
    assert calibration_error(labels, chances**3) > 0.2


def test_errors_of_regressions() -> None:
    assert mae([1.0, 3.0], [2.0, 5.0]) == 1.5
    assert running_mean_mae([2.0, 4.0, 3.0]) == pytest.approx((2 + 2 + 0) / 3)
    assert interval_coverage([1, 2, 3, 4], [0, 0, 0, 0], [2, 2, 2, 2]) == 0.5


def test_figures_of_lists() -> None:
    assert list_ndcg([1, 0, 1]) == pytest.approx((1 + 0.5) / (1 + 1 / math.log2(3)))
    assert list_ndcg([0, 0, 1], n=2) == 0.0
    assert list_ndcg([0, 0]) is None
    assert list_mrr([0, 1, 1]) == 0.5
    assert list_mrr([0]) is None
    assert mean_of([None]) is None


def test_silhouette_is_what_its_definition_says() -> None:
    rng = np.random.default_rng(4)
    points = np.concatenate([rng.normal(0, 1, (20, 3)), rng.normal(3, 1, (20, 3)), [[9.0, 9, 9]]])
    clusters = [0] * 20 + [1] * 20 + [2]
    expected = []
    for i, p in enumerate(points):
        means = {}
        for c in set(clusters):
            others = [q for j, q in enumerate(points) if clusters[j] == c and j != i]
            if others:
                means[c] = float(np.mean([np.linalg.norm(p - q) for q in others]))
        own = means.pop(clusters[i], None)
        nearest = min(means.values())
        expected.append(0.0 if own is None else (nearest - own) / max(own, nearest))
    assert silhouette(points, clusters) == pytest.approx(np.mean(expected))
    assert silhouette(points, [0] * 41) is None
    some = silhouette(points, clusters, sample=30)
    assert some is not None
    assert some == silhouette(points, clusters, sample=30)


@pytest.mark.parametrize("pair", [([], []), ([1], [1, 2])])
def test_lists_that_do_not_fit_are_refused(pair: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="equally long"):
        brier(*pair)
    with pytest.raises(ValueError, match="clusters"):
        silhouette(np.zeros((2, 1)), [1])
