"""What differs between the views of two runs, in words: profiles, segments, neighbours, facts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.keys import VOLATILE_KINDS, ViewKey, item_key, parse
from flows.view_changes import changes
from storage.views import Value

NAMES: Final = 200_000
BY_NUMBER: Final = frozenset({"near", "track"})

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

    A view whose difference means nothing (`flows.view_changes`) is the same. Reads both once, side
    by side, so its memory does not grow with them.
    """
    kinds: dict[str, KindDiff] = {}
    names = _Names()
    for key, left, right in _side_by_side(_comparable(a), _comparable(b)):
        found = kinds.setdefault(key.kind, KindDiff())
        names.see(key, left, right)
        changed = {} if left == right else changes(key.kind, left, right, names.of)
        if not changed:
            found.same += 1
            continue
        found.only_in_a += right is None
        found.only_in_b += left is None
        found.changed += left is not None and right is not None
        if len(found.examples) < examples:
            found.examples.append({"site": key.site, "id": names.id_of(key), "changes": changed})
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


class _Names:
    """What the items of a site are called, read off its catalogue, which comes before its rows.

    Knows the first `NAMES` of a site, so that memory stays bounded; the rest show their numbers.
    """

    def __init__(self) -> None:
        self.site = ""
        self.of: dict[int, str] = {}

    def see(self, key: ViewKey, *pages: Value | None) -> None:
        """Note the items of a page."""
        if key.site != self.site:
            self.site, self.of = key.site, {}
        if key.kind != "catalog":
            return
        for page in pages:
            for item in page if isinstance(page, dict) else ():
                if len(self.of) < NAMES:
                    name = item.decode("utf-8", "replace")
                    self.of[item_key(name)] = name

    def id_of(self, key: ViewKey) -> str:
        """Return the id of a view, by name where it is an item's number."""
        return self.of.get(int(key.id, 16), key.id) if key.kind in BY_NUMBER else key.id
