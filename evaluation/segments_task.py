"""The task `segments`: how tight, how steady and how dear are the groups that people fall into?

Everybody is looked at as in the flow. At ten moments of the stream all who are known are put into
segments by what is known of them then; two moments that follow each other are compared.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import numpy as np

from contracts.events import subject_of
from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import FlowSettings
from evaluation.errors import EvaluationError
from evaluation.tasks import Request, Scoreboard
from flows import importers
from flows.importers import ImporterError
from online_models.cluster_quality import adjusted_rand, numbered, silhouette, standard
from online_models.clusterers import RiverClusters
from online_models.features import USER_FEATURES, user_features
from online_models.segments import SegmentModel, near
from operators.messages import Arrived
from operators.profile import apply

COLUMNS: Final = ("silhouette", "kept", "adjusted_rand", "groups", "smallest", "learn_us")
MOMENTS: Final = 10
K: Final = 6

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
    """One of River's clusterers."""

    def __init__(self, kind: str) -> None:
        self.model = RiverClusters(kind, K, seed=7)

    def learn(self, x: Features) -> None:
        """Learn from a look."""
        self.model.learn_one(x)

    def label(self, x: Features, before: Hashable | None) -> Hashable:
        """Return the cluster."""
        return self.model.predict_one(x)


FIELD: Final[dict[str, Callable[[], Any]]] = {
    "segments": lambda: Ours(stays=True),
    "segments, nobody stays": lambda: Ours(stays=False),
    "river KMeans": lambda: Rivers("kmeans"),
    "river STREAMKMeans": lambda: Rivers("streamkmeans"),
    "river CluStream": lambda: Rivers("clustream"),
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
    points = standard(np.array([list(known[name].values()) for name in labels]))
    numbers = numbered(list(labels.values()))
    sizes = np.bincount(numbers)
    return {
        "silhouette": round(silhouette(points, numbers), 3),
        "kept": round(float(np.mean(kept)), 3),
        "adjusted_rand": round(float(np.mean(rands)), 3),
        "groups": len(sizes),
        "smallest": round(float(sizes.min() / sizes.sum()), 4),
        "learn_us": round(1e6 * learning / len(looks), 1),
    }
