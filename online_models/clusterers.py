"""River's clusterers as challengers of the segments: the same looks, another way to group them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from contracts.lean import lean

with lean():
    from river import base, cluster, preprocessing


WARM_UP: Final = 100
"""Looks before the first answer; before that everybody is in one group."""

NOWHERE: Final = "c"


class RiverClusters(base.Clusterer):
    """A River clusterer behind its scaler; `kind` is one of `CLUSTERERS`.

    Features are those of the first look, at most `max_features`; a missing one is 0. Their names
    become numbers, since River sums over sets of names, whose order differs between processes.
    Cost of a look at 16 features: k-means 40 us, stream k-means 40, CluStream 600.

    >>> clusters = RiverClusters("kmeans", 2, seed=1)
    >>> for n in range(300):
    ...     clusters.learn_one({"views": 4.0 * (n % 2)})
    >>> clusters.predict_one({"views": 0.0}) != clusters.predict_one({"views": 4.0})
    True
    """

    def __init__(
        self, kind: str, n_clusters: int = 6, max_features: int = 64, seed: int | None = None
    ) -> None:
        if kind not in CLUSTERERS:
            raise ValueError(f"no clusterer {kind!r}; there are {', '.join(sorted(CLUSTERERS))}")
        self.kind, self.n_clusters = kind, n_clusters
        self.max_features, self.seed = max_features, seed
        self.learned = 0
        self._names: tuple[str, ...] = ()
        self._scaler = preprocessing.StandardScaler()
        self._model = CLUSTERERS[kind](n_clusters, seed)

    def predict_one(self, x: Mapping[str, float]) -> str:
        """Return the name of the cluster: `c`, and a number once there are several."""
        if self.learned < WARM_UP:
            return NOWHERE
        return f"{NOWHERE}{self._model.predict_one(self._scaler.transform_one(self._numbered(x)))}"

    def learn_one(self, x: Mapping[str, float], time: int = 0) -> None:
        """Learn from one look at a person."""
        if not self._names:
            self._names = tuple(sorted(x)[: self.max_features])
        numbered = self._numbered(x)
        self._scaler.learn_one(numbered)
        self._model.learn_one(self._scaler.transform_one(numbered))
        self.learned += 1

    def _numbered(self, x: Mapping[str, float]) -> dict[int, float]:
        return {at: float(x.get(name, 0.0)) for at, name in enumerate(self._names)}

    @classmethod
    def _unit_test_params(cls) -> Any:
        yield {"kind": "kmeans", "seed": 1}


CLUSTERERS: Final[dict[str, Callable[[int, int | None], Any]]] = {
    "kmeans": lambda k, seed: cluster.KMeans(k, halflife=0.02, seed=seed),
    "streamkmeans": lambda k, seed: cluster.STREAMKMeans(100, k, halflife=0.1, seed=seed),
    "clustream": lambda k, seed: cluster.CluStream(k, 50, halflife=0.1, seed=seed),
}
"""Made for a number of clusters and a seed; settings as in `headrace evaluate --task segments`."""
