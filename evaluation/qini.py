"""How well an order of people by foretold gain spends a campaign: the Qini curve.

Radcliffe, Using control groups to target on predicted lift (2007). People are taken in the order
of their foretold gain; the curve is what the campaign brought among those taken so far: responders
among the treated, less those that the control group leads to expect. To send to everyone ends it
at the same point in any order, and to a share of them by chance lies on the straight line there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]


class Qini(NamedTuple):
    """`area` between curve and line, a person; `error` its standard error, by resampling people.

    `everyone` is the gain a person of sending to all, `best` the highest point of the curve and
    `best_share` of whom it takes; all count responses a person of the audience.
    """

    area: float
    error: float
    everyone: float
    best: float
    best_share: float
    curve: list[float]


def qini(foretold: Row, treated: Row, came: Row, resamples: int = 200, seed: int = 1) -> Qini:
    """Return the figures of an order; all arguments are (n,), `treated` of 0 and 1.

    >>> treated = np.array([1.0, 0.0] * 50)
    >>> came = np.where(np.arange(100) < 50, treated, 0.0)
    >>> found = qini(-np.arange(100.0), treated, came)
    >>> found.area > 0.1, found.everyone, found.best_share < 0.6
    (True, 0.5, True)
    """
    order = np.argsort(-foretold, kind="stable")
    treated, came = treated[order], came[order]
    area, curve = _area(treated, came, np.ones(len(came)))
    rng = np.random.default_rng(seed)
    even = np.full(len(came), 1.0 / len(came))
    areas = [
        _area(treated, came, rng.multinomial(len(came), even).astype(np.float64))[0]
        for _ in range(resamples)
    ]
    peak = int(curve.argmax())
    tenths = np.linspace(0, len(curve) - 1, 11).astype(int)
    return Qini(
        area,
        float(np.std(areas)) if areas else 0.0,
        float(curve[-1]),
        float(curve[peak]),
        (peak + 1) / len(curve),
        [round(float(value), 5) for value in curve[tenths]],
    )


def _area(treated: Row, came: Row, times: Row) -> tuple[float, Row]:
    """Return the area over the line, and the curve; person i counts `times` (n,) over."""
    ours, others = np.cumsum(times * treated), np.cumsum(times * (1.0 - treated))
    gained = np.cumsum(times * treated * came)
    expected = np.cumsum(times * (1.0 - treated) * came) * ours / np.maximum(others, 1.0)
    # Of the treated only; everybody of the audience would have been treated.
    share = np.cumsum(times) / max(float(times.sum()), 1.0)
    curve = (gained - expected) / np.maximum(ours, 1.0) * share
    steps = np.diff(share, prepend=0.0)
    return float(((curve - share * curve[-1]) * steps).sum()), curve
