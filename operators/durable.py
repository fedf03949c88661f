"""State that is saved by what changed: the contract between operators and recovery.

An operator's state is `Durable`: `dump(full=False)` returns only what changed since the last
dump, `load` takes the parts in the order they were dumped. Inside are plain bytes, so that what
recovery writes to disk cannot run code when it is read.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from contracts.codec import pack


class Durable(Protocol):
    """State that can be saved in parts."""

    def dump(self, *, full: bool) -> bytes:
        """Return the state, or what changed of it since the last dump."""
        ...

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the state with what `parts` say: a full dump, then the changes in order."""
        ...


class PackedMap:
    """A map from string to bytes that knows what changed in it.

    >>> users = PackedMap()
    >>> users["ada"] = b"1"
    >>> base = users.dump(full=True)
    >>> users["ada"] = b"2"
    >>> change = users.dump(full=False)
    >>> copy = PackedMap()
    >>> copy.load([base, change])
    >>> copy["ada"]
    b'2'
    """

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._changed: set[str] = set()

    def get(self, key: str) -> bytes | None:
        """Return the value, or None."""
        return self._values.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __getitem__(self, key: str) -> bytes:
        return self._values[key]

    def __setitem__(self, key: str, value: bytes) -> None:
        self._values[key] = value
        self._changed.add(key)

    def pop(self, key: str) -> bytes | None:
        """Remove a key, and return its value, or None."""
        value = self._values.pop(key, None)
        if value is not None:
            self._changed.add(key)
        return value

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def dump(self, *, full: bool) -> bytes:
        """Return all pairs, or those that changed; a removed key has the value None."""
        keys = self._values if full else self._changed
        saved = pack({key: self._values.get(key) for key in keys})
        self._changed = set()
        return saved

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the pairs with those of `parts`."""
        merged: dict[str, bytes | None] = {}
        for part in parts:
            merged.update(_decoder.decode(part))
        self._values = {key: value for key, value in merged.items() if value is not None}
        self._changed = set()


_decoder = msgspec.msgpack.Decoder(dict[str, bytes | None])
