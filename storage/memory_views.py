"""Views in memory: the same behaviour as over Redis, for tests and for runs without a store."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import time_ns
from typing import Any

from contracts.keys import LIVE, Keys
from storage.errors import Fenced, StoreRefused
from storage.views import Entry, LogState, Person, Value, is_alias, is_device
from storage.writes import AddMembers, Append, DeleteView, SetFields, SetView, Write


def _now_ms() -> int:
    return time_ns() // 1_000_000


class _Log:
    """One stream: its kept entries, and what was ever added."""

    def __init__(self) -> None:
        self.entries: list[tuple[tuple[int, int], dict[bytes, bytes]]] = []
        self.added = 0
        self.last = (0, 0)

    def append(self, now: int, fields: dict[bytes, bytes], max_len: int) -> None:
        self.last = max((now, 0), (self.last[0], self.last[1] + 1))
        self.entries.append((self.last, fields))
        del self.entries[:-max_len]
        self.added += 1


_TYPES = {bytes: "plain bytes", dict: "a hash", set: "a set", _Log: "a stream"}


class MemoryStore:
    """What a store holds: keys of all namespaces, their lifetimes, and the run numbers.

    Several `MemoryViews` may share one, as several clients share a server. Not thread-safe.
    """

    def __init__(self, clock: Callable[[], int] = _now_ms) -> None:
        self.clock = clock
        self.values: dict[str, Any] = {}
        self.ends: dict[str, int] = {}
        self.runs: dict[str, int] = {}
        self.changed = asyncio.Event()

    def get(self, key: str, type_: type) -> Any:
        """Return what a key holds, if it is of the type; None if it holds nothing."""
        end = self.ends.get(key)
        if end is not None and end <= self.clock():
            self.drop(key)
        value = self.values.get(key)
        if value is not None and not isinstance(value, type_):
            raise StoreRefused(f"{key} holds {_TYPES[type(value)]}, not {_TYPES[type_]}")
        return value

    def set(self, key: str, value: bytes, ttl_ms: int | None) -> None:
        """Make a key hold bytes, for `ttl_ms` or for good."""
        self.drop(key)
        self.values[key] = value
        if ttl_ms is not None:
            self.ends[key] = self.clock() + ttl_ms

    def drop(self, key: str) -> bool:
        """Make a key hold nothing; say whether it held something."""
        self.ends.pop(key, None)
        return self.values.pop(key, None) is not None

    def made(self, key: str, type_: type) -> Any:
        """Return what a key holds, an empty one of the type if it held nothing."""
        value = self.get(key, type_)
        if value is None:
            value = self.values[key] = type_()
        return value

    def live_keys(self) -> list[str]:
        """Return all keys that hold something now."""
        return [key for key in list(self.values) if self.get(key, object) is not None]

    def wipe(self) -> None:
        """Forget everything, the run numbers too."""
        self.values.clear()
        self.ends.clear()
        self.runs.clear()


class MemoryViews:
    """A `ViewWriter`, a `ViewLister` and a `ViewReader` over a `MemoryStore`.

    >>> views = MemoryViews()
    >>> views.write([SetView("v:live:shop:profile:ada", b"packed", None)])
    >>> list(views.iterate("live"))
    [('v:live:shop:profile:ada', b'packed')]
    """

    def __init__(
        self, store: MemoryStore | None = None, namespace: str = LIVE, run: int = 0
    ) -> None:
        self.store = store if store is not None else MemoryStore()
        self.namespace = namespace
        self.run = run

    def write(self, writes: Sequence[Write]) -> None:
        """Apply `writes` in order."""
        current = self.store.runs.get(self.namespace, 0)
        if current > self.run:
            raise Fenced(self.namespace, self.run, current)
        self.store.runs[self.namespace] = self.run
        for write in writes:
            self._apply(write)
        self.store.changed.set()

    def refresh(self) -> None:
        """Do nothing: nothing is ever lost."""

    def issue_run(self, namespace: str) -> int:
        """Return a run number higher than any before: writers with an older one are fenced."""
        self.store.runs[namespace] = self.store.runs.get(namespace, 0) + 1
        return self.store.runs[namespace]

    def iterate(self, namespace: str) -> Iterator[tuple[str, Value]]:
        """Yield every view of a namespace once, by rising key."""
        for key in sorted(self._of(namespace)):
            value = self.store.get(key, object)
            if value is not None:
                yield key, _frozen(value)

    def delete_namespace(self, namespace: str) -> int:
        """Delete every view of a namespace (not its run number); return how many there were."""
        return sum(map(self.store.drop, self._of(namespace)))

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what plain keys hold, in order."""
        return [self._plain(key) for key in keys]

    async def get_people(
        self, keys: Keys, site: str, ids: Sequence[str], extra: Sequence[str] = ()
    ) -> tuple[list[Person], list[bytes | None]]:
        """Return people (a device that was identified as its user), and what `extra` keys hold."""
        people = [self._person(keys, site, id_) for id_ in ids]
        return people, await self.get_many(extra)

    async def get_hashes(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """Return all fields of hashes, none of one that does not exist."""
        return [dict(self.store.get(key, dict) or {}) for key in keys]

    async def get_fields(
        self, wanted: Mapping[str, Sequence[str]]
    ) -> dict[str, list[bytes | None]]:
        """Return some fields of hashes, in order."""
        found = {}
        for key, fields in wanted.items():
            hash_ = self.store.get(key, dict) or {}
            found[key] = [hash_.get(field.encode()) for field in fields]
        return found

    async def get_members(self, key: str) -> set[str]:
        """Return the members of a set, empty if there is none."""
        return {member.decode() for member in self.store.get(key, set) or ()}

    async def get_logs(self, keys: Sequence[str]) -> list[LogState]:
        """Return where streams stand; one that does not exist stands at zero."""
        logs = (self.store.get(key, _Log) for key in keys)
        return [
            LogState(_id(log.entries[0][0]), _id(log.last), len(log.entries), log.added)
            if log
            else LogState()
            for log in logs
        ]

    async def follow(self, after: Mapping[str, str], wait_ms: int, limit: int) -> list[Entry]:
        """Return up to `limit` entries a stream that come after the ids given; wait for some."""
        found = self._after(after, limit)
        if not found:
            self.store.changed.clear()
            try:
                await asyncio.wait_for(self.store.changed.wait(), wait_ms / 1000)
            except TimeoutError:
                return []
            found = self._after(after, limit)
        return found

    async def find(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`."""
        return sorted(key for key in self.store.live_keys() if key.startswith(prefix))

    async def ping(self) -> None:
        """Return: memory is always there."""

    async def close(self) -> None:
        """Return: there is nothing to give back."""

    def _apply(self, write: Write) -> None:
        match write:
            case SetView():
                self.store.set(write.key, write.value, write.ttl_ms)
            case DeleteView():
                self.store.drop(write.key)
            case SetFields():
                if write.fields:
                    self.store.made(write.key, dict).update(_encoded(write.fields))
            case Append():
                if write.fields:
                    log: _Log = self.store.made(write.key, _Log)
                    log.append(self.store.clock(), _encoded(write.fields), write.max_len)
            case AddMembers():
                if write.members:
                    self.store.made(write.key, set).update(m.encode() for m in write.members)

    def _of(self, namespace: str) -> list[str]:
        prefix = Keys(namespace).pattern.removesuffix("*")
        return [key for key in self.store.live_keys() if key.startswith(prefix)]

    def _plain(self, key: str) -> bytes | None:
        value = self.store.get(key, object)
        return value if isinstance(value, bytes) else None

    def _person(self, keys: Keys, site: str, id_: str) -> Person:
        profile = self._plain(keys.profile(site, id_))
        if is_device(id_) and profile is not None and is_alias(profile):
            id_ = profile[1:].decode()
            profile = self._plain(keys.profile(site, id_))
        return Person(id_, profile, self._plain(keys.standing(site, id_)))

    def _after(self, after: Mapping[str, str], limit: int) -> list[Entry]:
        found = []
        for key, id_ in after.items():
            log: _Log | None = self.store.get(key, _Log)
            later = [e for e in log.entries if e[0] > _parsed(id_)] if log else []
            found += [Entry(key, _id(number), fields) for number, fields in later[:limit]]
        return found


def _frozen(value: Any) -> Value:
    if isinstance(value, _Log):
        return [dict(fields) for _, fields in value.entries]
    if isinstance(value, set):
        return frozenset(value)
    return dict(value) if isinstance(value, dict) else bytes(value)


def _encoded(fields: dict[str, bytes]) -> dict[bytes, bytes]:
    return {name.encode(): value for name, value in fields.items()}


def _id(number: tuple[int, int]) -> str:
    return f"{number[0]}-{number[1]}"


def _parsed(id_: str) -> tuple[int, int]:
    time, _, sequence = id_.partition("-")
    return int(time), int(sequence or 0)
