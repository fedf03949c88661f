"""What differs between two views of one key, field by field, in words that people read.

Views of rows and rankings are decayed as of the moment they were written, which differs between
two runs that learnt the same. So the decay is taken out: what is compared are shares, of a row's
whole weight or of a ranking's total, to within the rounding of float32. A row that was written
later and is heavier all the same has learnt more, and that is a difference.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from contracts.codec import load_json, unpack_profile, unpack_standing
from contracts.keys import ALIAS_MARK
from online_models.rank_weights import RankWeights
from online_models.rows import CHANNELS, NeighbourRow, TopList, unpack_row, unpack_top
from online_models.slate import EXPERTS
from online_models.tracks import unpack_row as unpack_track
from online_models.weights import Weights
from storage.views import Value

TOLERANCE: Final = 1e-5
"""Relative: a weight and its share are products and sums of a few float32 (6e-8 each)."""
FLOOR: Final = 1e-9
"""Shares below it are nothing."""
SHOWN: Final = 10
"""Neighbours or items shown of one view, those that differ most first."""
DIGEST: Final = "digest"

Changes = dict[str, list[Any]]
"""Field to [in A, in B]."""
Names = Mapping[int, str]
"""What items are called, by their number, as far as it is known."""


def changes(kind: str, left: Value | None, right: Value | None, names: Names) -> Changes:
    """Return the fields that differ; none if what differs means nothing.

    `left` and `right` are not the same; either may be missing. Views of one kind whose fields
    show no difference although their bytes do are said to differ in `bytes`.
    """
    if kind == "near":
        return _numbers(*_shares(_row(left), _row(right)), names)
    if kind == "top":
        return _numbers(_ranking(left), _ranking(right), names)
    a, b = _readable(kind, left), _readable(kind, right)
    found = {name: [a.get(name), b.get(name)] for name in {*a, *b} if a.get(name) != b.get(name)}
    if kind == "model":
        return _of_models(found, a, b)
    return dict(sorted(found.items())) or {"bytes": [_size(left), _size(right)]}


def _of_models(found: Changes, a: dict[str, Any], b: dict[str, Any]) -> Changes:
    """Leave out what only a run that ended tells: the digest, and models that learnt nothing."""
    if not a or not b:
        return {} if (a or b).get("learned") == 0 else dict(sorted(found.items()))
    if None in found.get(DIGEST, ()):
        # It takes the time to look at all parameters, which live traffic has not.
        del found[DIGEST]
    return dict(sorted(found.items()))


def _row(value: Value | None) -> NeighbourRow | None:
    return unpack_row(value) if isinstance(value, bytes) else None


Shares = dict[tuple[str, int], float]
"""(channel or measure, item's number) to a share."""
WEIGHT: Final = ("weight of all", -1)


def _shares(a: NeighbourRow | None, b: NeighbourRow | None) -> tuple[Shares, Shares]:
    """Return the shares of both rows, and their weights where decay does not explain those."""
    left, right = _of_row(a), _of_row(b)
    if a is not None and b is not None:
        early, late = (a, b) if a.time <= b.time else (b, a)
        heavy, light = float(late.weights.sum()), float(early.weights.sum())
        grown = heavy > light * (1 + TOLERANCE)
        shrunk = early.time == late.time and heavy < light * (1 - TOLERANCE)
        if grown or shrunk:
            left[WEIGHT], right[WEIGHT] = float(a.weights.sum()), float(b.weights.sum())
    return left, right


def _of_row(row: NeighbourRow | None) -> Shares:
    if row is None:
        return {}
    weights = row.weights.astype(np.float64)
    shares = weights / (weights.sum() or 1.0)
    return {
        (channel, item): share
        for at, channel in enumerate(CHANNELS[: weights.shape[1]])
        for item, share in zip(row.keys.tolist(), shares[:, at].tolist(), strict=True)
    }


def _ranking(value: Value | None) -> Shares:
    if not isinstance(value, bytes):
        return {}
    top: TopList = unpack_top(value)
    shares = top.weights.astype(np.float64) / (top.total or 1.0)
    return {("share", item): s for item, s in zip(top.keys.tolist(), shares.tolist(), strict=True)}


def _numbers(a: Shares, b: Shares, names: Names) -> Changes:
    apart = {key: _apart(a.get(key, 0.0), b.get(key, 0.0)) for key in {*a, *b}}
    found = sorted(key for key in apart if apart[key] > 0.0)
    most = sorted(found, key=lambda key: -apart[key])[:SHOWN]
    return {_label(key, names): [_told(a.get(key)), _told(b.get(key))] for key in most}


def _apart(a: float, b: float) -> float:
    """Return how far apart two shares are; 0 within the tolerance."""
    gap = abs(a - b)
    return gap if gap > TOLERANCE * max(abs(a), abs(b)) + FLOOR else 0.0


def _label(key: tuple[str, int], names: Names) -> str:
    what, item = key
    return what if item < 0 else f"{what} {names.get(item) or f'{item:016x}'}"


def _told(share: float | None) -> float | None:
    return None if share is None else float(f"{share:.7g}")


def _readable(kind: str, value: Value | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, bytes):
        return _entries(value)
    if kind == "profile":
        if value.startswith(ALIAS_MARK):
            return {"alias": value[1:].decode()}
        return _tree(unpack_profile(value))
    if kind == "standing":
        return _tree(unpack_standing(value))
    if kind == "track":
        track = unpack_track(value)
        return {} if track is None else {"row": track.round(6).tolist()}
    if kind == "rank-weights":
        return {"learned": RankWeights.unpack(value).learned}
    if kind == "weights":
        return _of_blend(Weights.unpack(value))
    return _json(value)


def _entries(value: Value) -> dict[str, Any]:
    """Return a hash by its fields, a set by its members; of a stream, how long it is."""
    if isinstance(value, dict):
        return {name.decode("utf-8", "replace"): f"{len(value[name])} bytes" for name in value}
    if isinstance(value, frozenset):
        return {member.decode("utf-8", "replace"): "member" for member in value}
    return {"entries": len(value)}


def _json(value: bytes) -> dict[str, Any]:
    try:
        tree = load_json(value)
    except (msgspec.MsgspecError, ValueError):
        return {}  # a packed view that has no words for its fields
    return dict(_flat(tree)) if isinstance(tree, dict) else {"value": tree}


def _flat(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested objects under dotted names: what differs is seen, not its box."""
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _of_blend(weights: Weights) -> dict[str, Any]:
    """Return what each expert weighs for somebody new."""
    trust = weights.of(0, 0).round(6).tolist()
    return {"learned": weights.learned, **dict(zip(EXPERTS, trust, strict=True))}


def _size(value: Value | None) -> str | None:
    return None if value is None else f"{len(value)} {'bytes' if type(value) is bytes else 'parts'}"


def _tree(record: msgspec.Struct) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(record, name)) for name in record.__struct_fields__}
