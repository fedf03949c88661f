"""What differs between the views of two runs, in words: profiles, segments, neighbours, facts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from contracts.codec import load_json, unpack_profile, unpack_standing
from contracts.keys import ALIAS_MARK, VOLATILE_KINDS, ViewKey, parse
from online_models.rank_weights import RankWeights
from online_models.rows import unpack_row, unpack_top
from online_models.tracks import unpack_row as unpack_track
from storage.views import Value

Views = Iterable[tuple[str, Value]]


@dataclass
class KindDiff:
    """The views of one kind: how many are in both, and what is not the same."""

    same: int = 0
    changed: int = 0
    only_in_a: int = 0
    only_in_b: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)


def diff(a: Views, b: Views, examples: int = 5) -> dict[str, KindDiff]:
    """Return what differs, by kind of view. Both inputs come by rising key.

    Reads both once, side by side, so its memory does not grow with them.
    """
    kinds: dict[str, KindDiff] = {}
    for key, left, right in _side_by_side(_comparable(a), _comparable(b)):
        found = kinds.setdefault(key.kind, KindDiff())
        if left == right:
            found.same += 1
            continue
        found.only_in_a += right is None
        found.only_in_b += left is None
        found.changed += left is not None and right is not None
        if len(found.examples) < examples:
            found.examples.append(
                {"site": key.site, "id": key.id, "changes": _changes(key.kind, left, right)}
            )
    return dict(sorted(kinds.items()))


def differs(kinds: dict[str, KindDiff]) -> bool:
    """Say whether there is any difference."""
    return any(kind.changed or kind.only_in_a or kind.only_in_b for kind in kinds.values())


Entry = tuple[str, ViewKey, Value]


def _comparable(views: Views) -> Iterator[Entry]:
    for text, value in views:
        key = parse(text)
        if key.kind not in VOLATILE_KINDS:
            # Rising keys of one namespace stay rising without its name.
            yield text.split(":", 2)[2], key, value


def _side_by_side(
    a: Iterator[Entry], b: Iterator[Entry]
) -> Iterator[tuple[ViewKey, Value | None, Value | None]]:
    left, right = next(a, None), next(b, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield left[1], left[2], None
            left = next(a, None)
        elif left is None or right[0] < left[0]:
            yield right[1], None, right[2]
            right = next(b, None)
        else:
            yield left[1], left[2], right[2]
            left, right = next(a, None), next(b, None)


def _changes(kind: str, left: Value | None, right: Value | None) -> dict[str, Any]:
    """Return the fields that differ, as [in A, in B]."""
    a, b = _readable(kind, left), _readable(kind, right)
    return {
        name: [a.get(name), b.get(name)] for name in sorted({*a, *b}) if a.get(name) != b.get(name)
    }


def _readable(kind: str, value: Value | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, bytes):
        return {"entries": len(value)}
    if kind == "profile":
        if value.startswith(ALIAS_MARK):
            return {"alias": value[1:].decode()}
        return _tree(unpack_profile(value))
    if kind == "standing":
        return _tree(unpack_standing(value))
    if kind == "near":
        row = unpack_row(value)
        return {"neighbours": [f"{item:016x}" for item in row.keys.tolist()[:10]]}
    if kind == "top":
        return {"items": [f"{item:016x}" for item in unpack_top(value).keys.tolist()[:10]]}
    if kind == "track":
        track = unpack_track(value)
        return {} if track is None else {"row": track.round(6).tolist()}
    if kind == "rank-weights":
        return {"learned": RankWeights.unpack(value).learned}
    tree = load_json(value)
    return tree if isinstance(tree, dict) else {"value": tree}


def _tree(record: msgspec.Struct) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(record, name)) for name in record.__struct_fields__}
