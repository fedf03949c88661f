"""The protocols of the views: written inside the dataflow, read by the API, listed by a replay.

`storage.redis_views` and `storage.redis_reader` implement them over Redis or Valkey,
`storage.memory_views` in memory; both pass one contract suite.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.events import DEVICE_PREFIX
from contracts.keys import ALIAS_MARK, Keys
from storage.writes import Write

Value = bytes | dict[bytes, bytes] | frozenset[bytes] | list[dict[bytes, bytes]]
"""What a key holds: plain bytes, a hash, a set, or a stream's entries without their ids."""


class ViewWriter(Protocol):
    """Writes one namespace's views, as one run of the dataflow. Synchronous."""

    def write(self, writes: Sequence[Write]) -> None:
        """Apply `writes` in order.

        Raises `Fenced` (nothing of this call's current part was written, stop), `StoreUnavailable`
        (try the whole batch again) or `StoreRefused` (do not). Never retries by itself.
        """

    def refresh(self) -> None:
        """Write again what was written of late, if the store may have lost it since."""


class ViewLister(Protocol):
    """Lists and deletes whole namespaces: replay, diff, export. Synchronous."""

    def iterate(self, namespace: str) -> Iterator[tuple[str, Value]]:
        """Yield every view of a namespace once, by rising key; those that end meanwhile not."""

    def delete_namespace(self, namespace: str) -> int:
        """Delete every view of a namespace (not its run number); return how many there were."""

    def issue_run(self, namespace: str) -> int:
        """Return a run number higher than any before: writers with an older one are fenced."""


@dataclass(frozen=True, slots=True)
class Person:
    """What is stored of one person. `user` is whose it is: the user a device was found to be."""

    user: str
    profile: bytes | None
    standing: bytes | None


@dataclass(frozen=True, slots=True)
class LogState:
    """Where a stream stands: its first and last ids, how many it holds, and ever took."""

    first: str = "0-0"
    last: str = "0-0"
    length: int = 0
    added: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream."""

    key: str
    id: str
    fields: Mapping[bytes, bytes] = field(default_factory=dict)


class ViewReader(Protocol):
    """Reads views for the API. Asynchronous; every method is one round trip unless it says so.

    Every method raises `StoreUnavailable` or `StoreRefused`.
    """

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what plain keys hold, in order."""

    async def get_people(
        self, keys: Keys, site: str, ids: Sequence[str], extra: Sequence[str] = ()
    ) -> tuple[list[Person], list[bytes | None]]:
        """Return people (a device that was identified as its user), and what `extra` keys hold."""

    async def get_hashes(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """Return all fields of hashes, none of one that does not exist."""

    async def get_fields(
        self, wanted: Mapping[str, Sequence[str]]
    ) -> dict[str, list[bytes | None]]:
        """Return some fields of hashes, in order."""

    async def get_members(self, key: str) -> set[str]:
        """Return the members of a set, empty if there is none."""

    async def get_logs(self, keys: Sequence[str]) -> list[LogState]:
        """Return where streams stand; one that does not exist stands at zero."""

    async def follow(self, after: Mapping[str, str], wait_ms: int, limit: int) -> list[Entry]:
        """Return up to `limit` entries a stream that come after the ids given; wait for some.

        Holds a connection of its own for up to `wait_ms`.
        """

    async def find(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`. Many round trips: it scans the store."""

    async def ping(self) -> None:
        """Return if the store answers."""

    async def close(self) -> None:
        """Give back all connections."""


def is_alias(value: bytes | None) -> bool:
    """Say whether a profile's value is the alias of a device that was identified.

    >>> is_alias(b"@ada"), is_alias(None)
    (True, False)
    """
    return value is not None and value.startswith(ALIAS_MARK)


def is_device(id_: str) -> bool:
    """Say whether a person's id is that of a device, which may have become a user's."""
    return id_.startswith(DEVICE_PREFIX)


def canonical(value: Value) -> bytes:
    """Return a value as bytes that are equal exactly if the values are, for hashes and diffs.

    >>> canonical({b"b": b"2", b"a": b"1"}) == canonical({b"a": b"1", b"b": b"2"})
    True
    >>> canonical(frozenset([b"a"])) == canonical(b"a")
    False
    """
    if isinstance(value, bytes):
        return b"B" + value
    if isinstance(value, dict):
        return b"H" + _framed(part for pair in sorted(value.items()) for part in pair)
    if isinstance(value, frozenset):
        return b"S" + _framed(sorted(value))
    return b"X" + _framed(canonical(entry) for entry in value)


def _framed(parts: Iterator[bytes] | list[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)
