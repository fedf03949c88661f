"""The task `segments`: how tight, how steady and how dear are the groups that people fall into?

Everybody is looked at as in the flow. At ten moments of the stream all who are known are put into
segments by what is known of them then; two moments that follow each other are compared.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from river import cluster, preprocessing

from contracts.events import subject_of
from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import FlowSettings
from evaluation.errors import EvaluationError
from evaluation.tasks import Request, Scoreboard
from flows import importers
from flows.importers import ImporterError
from online_models.features import USER_FEATURES, user_features
from online_models.segments import SegmentModel, near
from operators.messages import Arrived
from operators.profile import apply

COLUMNS: Final = ("silhouette", "kept", "adjusted_rand", "groups", "smallest", "learn_us")
SAMPLE: Final = 1_000
MOMENTS: Final = 10
K: Final = 6

Array = NDArray[np.float64]
Look = tuple[str, tuple[float, ...]]
Features = dict[str, float]


class Ours:
    """The segments of the flow; `stays` lets people stay where they fit nearly as well."""

    def __init__(self, *, stays: bool) -> None:
        self.model = SegmentModel(K, seed=7)
        self._stays = stays

    def learn(self, x: Features) -> None:
        """Learn from a look."""
        self.model.learn_one(x)

    def label(self, x: Features, before: Hashable | None) -> Hashable:
        """Return the segment of who was in `before`."""
        best, others = near(self.model.predict_proba_one(x))
        return before if self._stays and before in others else best


class Rivers:
    """One of River's clusterers behind its scaler, features keyed by number."""

    def __init__(self, model: Any) -> None:
        self.model = preprocessing.StandardScaler() | model

    def learn(self, x: Features) -> None:
        """Learn from a look."""
        self.model.learn_one(dict(enumerate(x.values())))

    def label(self, x: Features, before: Hashable | None) -> Hashable:
        """Return the cluster."""
        found: Hashable = self.model.predict_one(dict(enumerate(x.values())))
        return found


FIELD: Final[dict[str, Callable[[], Any]]] = {
    "segments": lambda: Ours(stays=True),
    "segments, nobody stays": lambda: Ours(stays=False),
    "river KMeans": lambda: Rivers(cluster.KMeans(K, 0.02, seed=7)),
    "river STREAMKMeans": lambda: Rivers(cluster.STREAMKMeans(100, K, halflife=0.1, seed=7)),
    "river CluStream": lambda: Rivers(cluster.CluStream(K, 50, seed=7, halflife=0.1)),
}


def run(request: Request) -> Scoreboard:
    """Let each learn from all looks; return the table."""
    looks = _looks(request)
    if len(looks) < 10 * MOMENTS:
        raise EvaluationError(f"{request.source}: {len(looks)} looks at people are too few")
    board = Scoreboard("segments", "looks", len(looks), COLUMNS)
    wanted = [m.strip() for m in request.models.split(",")] if request.models else list(FIELD)
    for name in wanted:
        if name not in FIELD:
            raise EvaluationError(f"--models {name}: there is none, only {', '.join(FIELD)}")
        board.models[name] = judge(FIELD[name](), looks)
        request.progress(name, 1.0)
    board.about = {"people": len({user for user, _ in looks}), "k": K}
    return board


def _looks(request: Request) -> list[Look]:
    settings, looks = FlowSettings(), list[Look]()
    people: dict[str, Profile] = {}
    try:
        for number, event in enumerate(importers.read(request.format, request.source)):
            name = subject_of(event.user, event.device)
            profile = people.setdefault(name, Profile(PROFILE_VERSION, event.site, name))
            category = str(event.props.get("category", ""))
            apply(profile, Arrived(event, event.time, number, category=category), settings)
            if profile.events == 3 or profile.events % settings.segment_every == 0:
                looks.append((name, user_features(profile, event.time)))
    except ImporterError as error:
        raise EvaluationError(str(error)) from error
    return looks[: round(request.until * len(looks))]


def judge(model: Any, looks: Sequence[Look]) -> dict[str, float]:
    """Return the figures of one model."""
    known: dict[str, Features] = {}
    labels: dict[str, Hashable] = {}
    kept, rands, learning = [], [], 0.0
    every = len(looks) // MOMENTS
    for at, (user, values) in enumerate(looks, 1):
        x = known[user] = dict(zip(USER_FEATURES, values, strict=True))
        begin = time.process_time()
        model.learn(x)
        learning += time.process_time() - begin
        if at % every:
            continue
        now = {name: model.label(seen, labels.get(name)) for name, seen in known.items()}
        both = [(labels[name], now[name]) for name in labels]
        # The first tenth is where they begin.
        if at > 2 * every:
            kept.append(sum(a == b for a, b in both) / len(both))
            rands.append(adjusted_rand([a for a, _ in both], [b for _, b in both]))
        labels = now
    points = _standard(np.array([list(known[name].values()) for name in labels]))
    numbers = _numbered(list(labels.values()))
    sizes = np.bincount(numbers)
    return {
        "silhouette": round(silhouette(points, numbers), 3),
        "kept": round(float(np.mean(kept)), 3),
        "adjusted_rand": round(float(np.mean(rands)), 3),
        "groups": len(sizes),
        "smallest": round(float(sizes.min() / sizes.sum()), 4),
        "learn_us": round(1e6 * learning / len(looks), 1),
    }


def adjusted_rand(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return how alike two groupings are (Hubert and Arabie 1985): 1 the same, 0 as by chance.

    >>> adjusted_rand(["a", "a", "b", "b"], [1, 1, 2, 2])
    1.0
    """
    a, b = _numbered(first), _numbered(second)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1.0)
    together, rows, columns = (
        float((c * (c - 1) / 2).sum()) for c in (table, table.sum(axis=1), table.sum(axis=0))
    )
    pairs = len(a) * (len(a) - 1) / 2
    chance = rows * columns / pairs if pairs else 0.0
    most = (rows + columns) / 2
    return 1.0 if most == chance else (together - chance) / (most - chance)


def silhouette(points: Array, labels: NDArray[np.intp]) -> float:
    """Return the mean silhouette (Rousseeuw 1987) of at most `SAMPLE` points; 0 for one group."""
    chosen = np.random.default_rng(0).permutation(len(points))[:SAMPLE]
    points, (_, numbers) = points[chosen], np.unique(labels[chosen], return_inverse=True)
    sizes = np.bincount(numbers)
    if len(sizes) < 2:
        return 0.0
    squares = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0))
    sums = np.stack([distances[:, numbers == n].sum(axis=1) for n in range(len(sizes))], axis=1)
    line = np.arange(len(points))
    inside = sums[line, numbers] / np.maximum(sizes[numbers] - 1, 1)
    means = sums / sizes
    means[line, numbers] = np.inf
    outside = means.min(axis=1)
    values = (outside - inside) / np.maximum(np.maximum(inside, outside), 1e-12)
    return float(np.where(sizes[numbers] > 1, values, 0.0).mean())


def _standard(points: Array) -> Array:
    deviations = points.std(axis=0)
    scaled = (points - points.mean(axis=0)) / np.where(deviations > 1e-9, deviations, np.inf)
    clipped: Array = np.clip(scaled, -5.0, 5.0)
    return clipped


def _numbered(labels: Sequence[Hashable]) -> NDArray[np.intp]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.intp)
