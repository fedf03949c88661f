"""Has what the models live on changed? An adaptive window over each of many series.

ADWIN (Bifet and Gavalda, Learning from Time-Varying Data with Adaptive Windowing, SDM 2007) keeps
a window whose older part is dropped when its mean differs from the newer part's by more than
chance allows. It is made for values in [0, 1], so each series is put on the scale of its own
first values. It watches a mean; of a distribution, mean and spread are watched.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from contracts.decisions import Drift
from contracts.lean import lean

with lean():
    from river import base, drift

SCALE_AFTER: Final = 200
"""Values from which a series takes its scale; before that nothing is watched."""

SPREAD: Final = 5.0
"""Standard deviations to each side of the mean that the unit interval stands for."""

LEAST_DEVIATION: Final = 0.05
SETTLES: Final = 200
"""Values of a series after a drift's first sign, in which it is the same drift that goes on."""

SPREAD_OF: Final = "/spread"
"""Ends the name of the series of a series' distances from its mean."""

LOSS: Final = "loss"
"""A series of this name has no spread: of a loss, the mean is all."""

KEPT: Final = 50
"""Records that are kept; all are counted."""


class DriftWatch(base.Base):
    """Watches the means of at most `max_series` named series; a change of one is a `Drift`.

    With `spreads` the mean distance from the mean is a series of its own, `NAME/spread`, so that a
    distribution that only widens or narrows is found as well. `delta` is the chance of a false
    alarm, shared by all series that there is room for. Values beyond five deviations of the first
    200 count as at that edge, which dampens the means told; where `bounds` are known, they are the
    edges, and a series is watched from its first value on. A record is made at the first sign; its
    `after` follows until the window has settled.
    Memory: 1.5 KB a series. Cost: 1 to 2 us a value, twice that with spreads.

    >>> watch = DriftWatch(max_series=1)
    >>> for n in range(3_000):
    ...     watch.learn_one({"loss": (n % 5 + 3 * (n >= 2_000)) / 10}, n)
    >>> [found.series for found in watch.recent]
    ['loss']
    >>> found = watch.recent[0]
    >>> 2_000 < found.time < 2_200, round(found.before, 1), round(found.after, 1)
    (True, 0.2, 0.5)
    """

    def __init__(
        self,
        delta: float = 0.01,
        max_series: int = 40,
        seed: int | None = None,
        *,
        spreads: bool = False,
        bounds: tuple[float, float] | None = None,
    ) -> None:
        self.delta = delta
        self.max_series = max_series
        self.seed = seed
        self.spreads = spreads
        self.bounds = bounds
        self.recent: deque[Drift] = deque(maxlen=KEPT)
        self.counts: dict[str, int] = {}
        self._series: dict[str, _Series] = {}

    def learn_one(self, x: Mapping[str, float], time: int = 0) -> None:
        """Take a value of each series named, as of `time` (ms)."""
        for name in sorted(x.keys() - self.counts.keys()):
            if len(self._series) < self.max_series * (1 + self.spreads):
                self._begin(name)
        for name, value in x.items():
            series = self._series.get(name)
            if series is None:
                continue
            spread = self._series.get(name + SPREAD_OF) if series.watching else None
            off = 0.0 if spread is None else abs(value - series.mean)
            self._take(series, name, float(value), time)
            if spread is not None:
                self._take(spread, name + SPREAD_OF, off, time)

    def predict_one(self, x: Mapping[str, float]) -> dict[str, float]:
        """Return the present mean of each series in `x`; 0 for what is not watched."""
        return {
            name: self._series[name].mean if name in self._series else 0.0 for name in sorted(x)
        }

    def report(self) -> dict[str, Any]:
        """Return means, counts and the last records, for a view."""
        return {
            "series": {
                name: {"mean": round(series.mean, 6), "drifts": self.counts[name]}
                for name, series in sorted(self._series.items())
            },
            "drifts": sum(self.counts.values()),
            "recent": list(self.recent),
        }

    def _begin(self, name: str) -> None:
        share = self.delta / (self.max_series * (1 + self.spreads))
        spreads = self.spreads and name != LOSS
        for series in (name, name + SPREAD_OF) if spreads else (name,):
            self._series[series] = _Series(share, self.bounds)
            self.counts[series] = 0

    def _take(self, series: "_Series", name: str, value: float, time: int) -> None:
        found = series.take(value, name, time)
        if found is not None:
            self.counts[name] += 1
            self.recent.append(found)


class _Series:
    """One series: its scale, and the window on it."""

    def __init__(self, delta: float, bounds: tuple[float, float] | None) -> None:
        self._window = drift.ADWIN(delta=delta)
        self._seen = 0
        self._mean = 0.0
        self._squares = 0.0
        self._unit = 1.0
        if bounds is not None:
            self._seen = SCALE_AFTER
            self._mean, self._unit = (bounds[0] + bounds[1]) / 2.0, bounds[1] - bounds[0]
        self._drift: Drift | None = None
        self._since = 0

    @property
    def watching(self) -> bool:
        """Whether its scale is known."""
        return self._seen >= SCALE_AFTER

    @property
    def mean(self) -> float:
        """The mean of the window, in the series' own scale."""
        if self._window.width < 1:
            return self._mean
        return self._back(self._window.estimation)

    def take(self, value: float, name: str, time: int) -> Drift | None:
        """Take a value; return a drift that has begun."""
        if self._seen < SCALE_AFTER:
            self._learn_scale(value)
            return None
        window = self._window
        scaled = min(max((value - self._mean) / self._unit + 0.5, 0.0), 1.0)
        total, width = window.total + scaled, window.width + 1
        window.update(scaled)
        begun = None
        if window.drift_detected and window.width < width:
            if self._drift is None:
                dropped = int(width - window.width)
                before = self._back((total - window.total) / dropped)
                self._drift = begun = Drift(
                    series=name,
                    time=int(time),
                    before=round(before, 6),
                    after=0.0,
                    dropped=dropped,
                    kept=0,
                )
            self._since = 0
        if self._drift is not None:
            self._drift.after = round(self.mean, 6)
            self._drift.kept = int(window.width)
            self._since += 1
            if self._since > SETTLES:
                self._drift = None
        return begun

    def _learn_scale(self, value: float) -> None:
        self._seen += 1
        step = value - self._mean
        self._mean += step / self._seen
        self._squares += step * (value - self._mean)
        deviation = max((self._squares / self._seen) ** 0.5, LEAST_DEVIATION)
        self._unit = 2 * SPREAD * deviation

    def _back(self, scaled: float) -> float:
        return (scaled - 0.5) * self._unit + self._mean
