"""Segments beside other clusterers, live and on a sample: who is tighter, and who is steadier?

All learn from the same sampled looks, beside what the segments learn from the others. Every so
many of these everybody in a window is grouped by each anew, and the groupings are judged.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from contracts.codec import pack
from online_models.cluster_quality import adjusted_rand, numbered, silhouette, standard
from online_models.digest import digest
from online_models.guard import Guard, all_sane
from online_models.sequential import SequentialTest

WINDOW: Final = 200
JUDGE_EVERY: Final = 100
"""Sampled looks between two judgements: half of the window is in both."""

PACE: Final = 0.1
"""With which the figures that are told follow, a judgement at a time."""

Ask = Callable[[Mapping[str, float]], str]


class Figures(Struct, array_like=True):
    """One clusterer's: means over judgements, and the labels it gave the window last."""

    judged: int = 0
    compared: int = 0
    silhouette: float = 0.0
    kept: float = 0.0
    rand: float = 0.0
    groups: int = 0
    labels: list[str] = []

    @property
    def loss(self) -> float:
        """The silhouette as a loss in [0, 1]: one half where groups are none."""
        return (1.0 - self.silhouette) / 2.0


class ClusterContest:
    """Rivals of a champion that is asked and not taught here; nobody is promoted.

    A promotion would change what ids mean. `every` is one in how many looks are sampled. The
    evidence that a rival is tighter is that of `SequentialTest`, one difference a judgement.
    Cost: that of a rival, and 20 to 50 ms a judgement.

    >>> from online_models.clusterers import RiverClusters
    >>> rivals = {"kmeans": Guard(RiverClusters("kmeans", 2, seed=1), b"sixteen bytes or more")}
    >>> contest = ClusterContest("halves", rivals, every=1)
    >>> for n in range(400):
    ...     contest.learn_one({"views": 4.0 * (n % 2) + n % 3}, lambda x: str(x["views"] > 3))
    >>> told = contest.report()
    >>> told["judged"], told["silhouette"] > 0.5, sorted(told["challengers"])
    (3, True, ['kmeans'])
    """

    def __init__(self, champion: str, rivals: Mapping[str, Guard[Any]], every: int = 20) -> None:
        self.champion = champion
        self.rivals = dict(rivals)
        self._every = every
        self._seen = 0
        self._sampled = 0
        self._names: list[str] = []
        self._window: deque[list[float]] = deque(maxlen=WINDOW)
        self._figures = {name: Figures() for name in (champion, *self.rivals)}
        self._tests = {name: SequentialTest() for name in self.rivals}

    def learn_one(self, x: Mapping[str, float], champion: Ask) -> None:
        """Take a look, if it is one of the sampled; `champion` answers who is in which group."""
        if not self.rivals or not all_sane(x):
            return
        self._seen += 1
        if self._seen % self._every:
            return
        self._sampled += 1
        self._names = self._names or sorted(x)
        for rival in self.rivals.values():
            rival.learn_one(x)
        self._window.append([x.get(name, 0.0) for name in self._names])
        if self._sampled % JUDGE_EVERY == 0 and self._sampled > JUDGE_EVERY:
            self._judge(champion)

    def report(self) -> dict[str, Any]:
        """Return how all do, in the shape of a `Contest`; the loss is that of the silhouette."""
        own = self._figures[self.champion]
        return {
            "champion": self.champion,
            **_told(own),
            "challengers": {
                name: {
                    **_told(self._figures[name]),
                    "ahead": round(test.mean, 6),
                    "log10_evidence": round(test.log_evidence / math.log(10.0), 3),
                    **self.rivals[name].counts(),
                }
                for name, test in sorted(self._tests.items())
            },
            "promotions": [],
        }

    def digest(self) -> str:
        """Return a fingerprint of the rivals' parameters and of how they do."""
        return digest(({n: g.digest() for n, g in self.rivals.items()}, self.report()))

    def snapshot(self) -> bytes:
        """Return the whole state; models lie in signed envelopes."""
        tests = {n: (t.examples, t.total, t.spread) for n, t in self._tests.items()}
        rivals = {name: guard.snapshot() for name, guard in self.rivals.items()}
        window = list(self._window)
        saved = (self._seen, self._sampled, self._names, window, self._figures, tests, rivals)
        return pack(_Saved(*saved))

    def restore(self, raw: bytes) -> None:
        """Replace the state. Rivals that were not there begin afresh. Raises as `Guard.restore`."""
        saved = _saved.decode(raw)
        self._seen, self._sampled, self._names = saved.seen, saved.sampled, saved.names
        self._window = deque(saved.window, maxlen=WINDOW)
        self._figures |= {n: f for n, f in saved.figures.items() if n in self._figures}
        for name in self.rivals.keys() & saved.rivals.keys():
            self.rivals[name].restore(saved.rivals[name])
            test = self._tests[name]
            test.examples, test.total, test.spread = saved.tests[name]

    def _judge(self, champion: Ask) -> None:
        points = standard(np.array(self._window))
        people = [dict(zip(self._names, row, strict=True)) for row in self._window]
        own = self._note(self.champion, [champion(x) for x in people], points)
        for name, rival in self.rivals.items():
            found = self._note(name, [str(rival.predict_one(x)) for x in people], points)
            self._tests[name].learn_one((found - own) / 2.0)

    def _note(self, name: str, labels: list[str], points: Any) -> float:
        """Take down a grouping of the window; return its silhouette."""
        figures = self._figures[name]
        found = silhouette(points, numbered(labels))
        figures.judged += 1
        figures.silhouette += _pace(figures.judged) * (found - figures.silhouette)
        figures.groups = len(set(labels))
        # The newest of the last window are the oldest of this one.
        before, now = figures.labels[-JUDGE_EVERY:], labels[:-JUDGE_EVERY]
        if len(before) == len(now) == JUDGE_EVERY:
            figures.compared += 1
            pace = _pace(figures.compared)
            kept = sum(a == b for a, b in zip(before, now, strict=True)) / len(now)
            figures.kept += pace * (kept - figures.kept)
            figures.rand += pace * (adjusted_rand(before, now) - figures.rand)
        figures.labels = labels
        return found


class _Saved(Struct, array_like=True):
    seen: int
    sampled: int
    names: list[str]
    window: Sequence[list[float]]
    figures: dict[str, Figures]
    tests: dict[str, tuple[int, float, float]]
    rivals: dict[str, bytes]


_saved = msgspec.msgpack.Decoder(_Saved)


def _pace(count: int) -> float:
    return max(PACE, 1.0 / count)


def _told(figures: Figures) -> dict[str, Any]:
    return {
        "loss": round(figures.loss, 6),
        "judged": figures.judged,
        "silhouette": round(figures.silhouette, 4),
        "kept": round(figures.kept, 4),
        "adjusted_rand": round(figures.rand, 4),
        "groups": figures.groups,
    }
