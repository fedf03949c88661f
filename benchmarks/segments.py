"""Do the segments hold together? Our model beside two of River's clusterers on real shoppers.

    python -m benchmarks.segments taobao ../data/taobao-userbehavior-multiday

The recording runs through the profiles, as in the graph; people are looked at every few events.
Each clusterer learns from all looks in one pass; then the last 4,000 are assigned, and a sample of
1,500 gets its silhouette (Rousseeuw 1987), over features standardised with hindsight, the same for
all. `stable` is the share of the people among the last looks who are in the segment that the same
model, with half of the stream learnt, would have put them in. `batch` is k-means with k-means++
over the last looks themselves: what could be had with hindsight.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import cluster, preprocessing

from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import FlowSettings
from flows.importers import read
from online_models.features import USER_FEATURES, user_features
from online_models.segments import SegmentModel
from operators.messages import Arrived
from operators.profile import apply

K = 6
TAIL = 4_000
SAMPLE = 1_500

Array = NDArray[np.float64]


def looks(format_: str, path: Path) -> Array:
    """Return the features of people, as the graph looks at them (`segment_every`)."""
    settings = FlowSettings()
    people: dict[str, Profile] = {}
    found = []
    for number, event in enumerate(read(format_, path)):
        name = event.user or f"device:{event.device}"
        profile = people.setdefault(name, Profile(PROFILE_VERSION, event.site, name))
        category = str(event.props.get("category", ""))
        apply(profile, Arrived(event, event.time, number, category=category), settings)
        if profile.events == 3 or profile.events % settings.segment_every == 0:
            found.append(user_features(profile, event.time))
    return np.array(found)


class River:
    """One of River's clusterers behind its scaler, over features keyed by number."""

    def __init__(self, model: Any) -> None:
        self._pipeline = preprocessing.StandardScaler() | model

    def learn_one(self, x: dict[str, float]) -> None:
        self._pipeline.learn_one(dict(enumerate(x.values())))

    def predict_one(self, x: dict[str, float]) -> Any:
        return self._pipeline.predict_one(dict(enumerate(x.values())))


def silhouette(points: Array, labels: NDArray[Any]) -> float:
    """Return the mean silhouette of a sample."""
    chosen = np.random.default_rng(0).choice(len(points), min(SAMPLE, len(points)), replace=False)
    points, labels = points[chosen], labels[chosen]
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        return 0.0
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    sums = np.stack([distances[:, numbers == n].sum(axis=1) for n in range(len(names))], axis=1)
    sizes = np.bincount(numbers)
    line = np.arange(len(points))
    inside = sums[line, numbers] / np.maximum(sizes[numbers] - 1, 1)
    means = sums / sizes
    means[line, numbers] = np.inf
    outside = means.min(axis=1)
    values = (outside - inside) / np.maximum(inside, outside)
    return float(np.where(sizes[numbers] > 1, values, 0.0).mean())


def judged(make: Callable[[], Any], seen: Array, standard: Array) -> dict[str, float]:
    """Let a clusterer learn from all looks; return how well the last ones fall apart."""
    people = [dict(zip(USER_FEATURES, look, strict=True)) for look in seen.tolist()]
    model = make()
    started = time.perf_counter()
    for x in people[: len(people) // 2]:
        model.learn_one(x)
    before = [model.predict_one(x) for x in people[-TAIL:]]
    for x in people[len(people) // 2 :]:
        model.learn_one(x)
    seconds = time.perf_counter() - started
    labels = [model.predict_one(x) for x in people[-TAIL:]]
    kept = sum(a == b for a, b in zip(before, labels, strict=True)) / len(labels)
    sizes = np.unique(np.array(labels), return_counts=True)[1]
    return {
        "silhouette": round(silhouette(standard[-TAIL:], np.array(labels)), 3),
        "stable": round(kept, 3),
        "smallest": round(int(sizes.min()) / len(labels), 3) if len(sizes) == K else 0.0,
        "learn_us": round(1e6 * seconds / len(people), 1),
    }


def batch(standard: Array) -> dict[str, float]:
    """Return the silhouette of k-means over the last looks, the best of five starts."""
    points = standard[-TAIL:]
    best = 0.0
    for seed in range(5):
        rng = random.Random(seed)
        centres = points[[rng.randrange(len(points))]]
        while len(centres) < K:
            odds = ((points[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)
            (at,) = rng.choices(range(len(points)), odds.tolist())
            centres = np.vstack([centres, points[at]])
        for _ in range(30):
            labels = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
            centres = np.stack([points[labels == n].mean(axis=0) for n in range(K)])
        best = max(best, silhouette(points, labels))
    return {"silhouette": round(best, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("format")
    parser.add_argument("path", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    seen = looks(args.format, args.path)
    deviations = seen.std(axis=0)
    standard = (seen - seen.mean(axis=0)) / np.where(deviations > 1e-9, deviations, np.inf)
    standard = np.clip(standard, -5.0, 5.0)
    table: dict[str, list[dict[str, float]]] = {}
    for seed in (1, 2, 3):
        makers: dict[str, Callable[[], Any]] = {
            "segments": lambda seed=seed: SegmentModel(K, seed=seed),
            "river KMeans": lambda seed=seed: River(cluster.KMeans(K, 0.02, seed=seed)),
            "river STREAMKMeans": lambda seed=seed: River(
                cluster.STREAMKMeans(100, K, halflife=0.1, seed=seed)
            ),
        }
        for name, make in makers.items():
            table.setdefault(name, []).append(judged(make, seen, standard))
    table["batch"] = [batch(standard)]
    if args.json:
        print(json.dumps({"looks": len(seen), "models": table}))
        return
    print(f"{len(seen):,} looks")
    for name, rows in table.items():
        for row in rows:
            print(f"{name:20}", *(f"{key} {value:<7}" for key, value in row.items()))


if __name__ == "__main__":
    main()
