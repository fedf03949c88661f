"""What concepts are called, of which kinds they are, and what lies above and below them."""

from collections.abc import Container, Iterator, Sequence
from typing import Final

import msgspec

PARENTS: Final = 4
CHILDREN: Final = 20
KINDS: Final = ("category", "brand", "tag", "query", "word")


class _Name(msgspec.Struct, array_like=True):
    label: str
    kinds: int = 0
    parents: list[str] = []
    children: list[str] = []


class Names:
    """Names of concepts; `keep` brings them back below `limit`.

    A label comes from the first thing that named it as a category, brand or tag, else from a word.
    The first `PARENTS` parents and `CHILDREN` children that were met are kept.

    >>> names = Names(limit=100)
    >>> names.meet("kettle", "Kettles", "category")
    >>> names.place("kettle", "kitchen")
    >>> names.label("kettle"), names.kinds("kettle"), names.parents("kettle")
    ('Kettles', ['category'], ['kitchen'])
    >>> names.children("kitchen")
    ['kettle']
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._names: dict[str, _Name] = {}
        self._changed: set[str] | None = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def meet(self, name: str, label: str, kind: str) -> None:
        """Note that something of a kind has this name."""
        bit = 1 << KINDS.index(kind)
        known = self._names.get(name)
        if known is None:
            known = self._names[name] = _Name(label.strip()[:256], bit)
        elif known.kinds & bit:
            return
        else:
            known.kinds |= bit
            if known.label == name:
                known.label = label.strip()[:256]
        self._touch(name)

    def place(self, below: str, above: str) -> None:
        """Note that one concept lies right below another."""
        for name, other, limit in ((below, above, PARENTS), (above, below, CHILDREN)):
            known = self._names.setdefault(name, _Name(name))
            links = known.parents if name == below else known.children
            if other not in links and len(links) < limit:
                links.append(other)
                self._touch(name)

    def label(self, name: str) -> str:
        """Return what people call it."""
        known = self._names.get(name)
        return known.label if known is not None else name

    def kinds(self, name: str) -> list[str]:
        """Return what it is: a category, a brand, a tag, searched for, a word of titles."""
        known = self._names.get(name)
        bits = known.kinds if known is not None else 0
        return [kind for at, kind in enumerate(KINDS) if bits & 1 << at]

    def parents(self, name: str) -> list[str]:
        """Return what lies right above it."""
        known = self._names.get(name)
        return list(known.parents) if known is not None else []

    def children(self, name: str) -> list[str]:
        """Return what lies right below it."""
        known = self._names.get(name)
        return list(known.children) if known is not None else []

    def keep(self, kept: Container[str]) -> None:
        """Forget all names but these, which are at most `limit`."""
        self._names = {name: known for name, known in self._names.items() if name in kept}
        self._changed = None

    def discard(self, gone: Container[str]) -> None:
        """Forget some names."""
        self._names = {name: known for name, known in self._names.items() if name not in gone}
        self._changed = None

    def dump(self, *, full: bool) -> bytes:
        """Return the names, or those that changed since the last dump if none was forgotten."""
        whole = full or self._changed is None
        keys = self._names if whole else self._changed or ()
        saved = {name: self._names[name] for name in sorted(keys)}
        self._changed = set()
        return msgspec.msgpack.encode((whole, saved))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the names."""
        self._names = {}
        for part in parts:
            whole, names = _decode(part)
            self._names = names if whole else {**self._names, **names}
        self._changed = set() if parts else None

    def _touch(self, name: str) -> None:
        if self._changed is not None:
            self._changed.add(name)


_decode = msgspec.msgpack.Decoder(tuple[bool, dict[str, _Name]]).decode
