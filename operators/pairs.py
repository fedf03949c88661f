"""From a batch of touchpoints to what each shard of items learns: arrays, as bytes."""

from collections.abc import Sequence

import numpy as np

from online_models.pairs import PairBuffer
from online_models.touches import WEIGHTS, Touch
from operators.messages import PairArrays, TouchArrays, Touchpoint


def pairs_by_shard(points: Sequence[Touchpoint], shards: int) -> dict[int, PairArrays]:
    """Return the pairs of items that `points` make, for each shard that has any, in order."""
    buffer = PairBuffer()
    for point in points:
        touch = Touch(point.item, point.type, point.time)
        buffer.add_others(touch, point.before)
    parts = buffer.take().by_shard(shards)
    return {
        shard: PairArrays(*(column.tobytes() for column in pairs)) for shard, pairs in parts.items()
    }


def touches_by_shard(points: Sequence[Touchpoint], shards: int) -> dict[int, TouchArrays]:
    """Return how much `points` count for each item, for each shard that has any, in order."""
    items = np.array([point.item for point in points], np.uint64)
    weights = np.array([WEIGHTS[point.type] for point in points], np.float32)
    times = np.array([point.time for point in points], np.int64)
    shard = (items % np.uint64(shards)).astype(np.int64)
    parts = {}
    for number in np.unique(shard).tolist():
        mine = shard == number
        parts[number] = TouchArrays(
            items[mine].tobytes(), weights[mine].tobytes(), times[mine].tobytes()
        )
    return parts
