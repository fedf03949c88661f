"""The figures of a model's row: of probabilities, of amounts, and of bounds, rounded."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation import metrics


def probabilities(said: Sequence[float], came: Sequence[bool]) -> dict[str, Any]:
    """Return AUC, log loss, Brier score, calibration error and the calibration curve.

    >>> figures = probabilities([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    >>> figures["auc"], figures["log_loss"], figures["brier"]
    (1.0, 0.1643, 0.025)
    """
    area = metrics.auc(came, said)
    return {
        "auc": None if area is None else round(area, 4),
        "log_loss": round(metrics.log_loss(came, said), 4),
        "brier": round(metrics.brier(came, said), 4),
        "ece": round(metrics.calibration_error(came, said), 4),
        "calibration": [
            [part.size, round(part.said, 4), round(part.came, 4)]
            for part in metrics.calibration(came, said)
        ],
    }


def amounts(said: Sequence[float], came: Sequence[float]) -> dict[str, Any]:
    """Return the mean absolute error, and the bias: the mean of what was said too much.

    >>> amounts([1.0, 3.0], [2.0, 3.0])
    {'mae': 0.5, 'bias': -0.5}
    """
    bias = float(np.mean(np.asarray(said) - np.asarray(came)))
    return {"mae": round(metrics.mae(came, said), 4), "bias": round(bias, 4)}


def bounds(low: Sequence[float], high: Sequence[float], came: Sequence[float]) -> dict[str, Any]:
    """Return how often bounds held, and how wide they are, by the median.

    >>> bounds([0.0, 0.0], [1.0, 3.0], [0.5, 4.0])
    {'coverage': 0.5, 'width': 2.0}
    """
    width = float(np.median(np.asarray(high) - np.asarray(low)))
    held = metrics.interval_coverage(came, low, high)
    return {"coverage": round(held, 4), "width": round(width, 4)}
