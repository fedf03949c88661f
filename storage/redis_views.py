"""Views in Redis or Valkey, for the dataflow and the command line: one script call a batch.

A write costs 2 to 4 us of our CPU, against 9 to 14 for a command of a redis-py pipeline.
Needs a single primary (with or without replicas), version 7 or newer; not Redis Cluster, where
one script may not touch keys of several slots.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from contracts.keys import LIVE, Keys, run_key
from contracts.settings import RedisSettings
from storage.batch import Call, calls
from storage.connection import classify, connect, place, translated
from storage.errors import Fenced
from storage.lasting import lasting
from storage.recent import Recent
from storage.scripts import Script, load
from storage.views import Value
from storage.writes import Write

_CHUNK: Final = 500
_FENCED: Final = re.compile(r"FENCED (\d+)")


class RedisViews:
    """A `ViewWriter` of one run of one namespace, and a `ViewLister` of all.

    Not for sharing between threads. It connects at its first use, and again after a failure.
    """

    def __init__(
        self,
        client: "redis.Redis",
        namespace: str = LIVE,
        run: int = 0,
        recent: Recent[Call] | None = None,
    ) -> None:
        self._recent = recent if recent is not None else Recent[Call]()
        self.namespace = namespace
        self.run = run
        # Typed loosely: the types that redis-py gives its answers change between its majors.
        self._client: Any = client
        self._where = _where(client)
        self._run_key = run_key(namespace)
        self._write, self._list = load("write"), load("list")

    @classmethod
    def open(cls, settings: RedisSettings, namespace: str = LIVE, run: int = 0) -> "RedisViews":
        """Return views at the store of the settings; raise `StoreRefused` if they are unusable."""
        recent = Recent[Call]()
        return cls(connect(settings, redis_connect_func=recent.on_connect), namespace, run, recent)

    def write(self, writes: Sequence[Write]) -> None:
        """Apply `writes` in order, in calls of up to 500 writes or 1 MB, each at once for readers.

        Raises as `ViewWriter.write` says.
        """
        for call in calls(writes):
            self._recent.write(call, call.size, self._send)

    def refresh(self) -> None:
        """Say again what was written of late, if the store was lost since; raises as `write`."""
        with translated(self._where):
            self._recent.refresh(self._client.ping, self._send)

    def issue_run(self, namespace: str) -> int:
        """Return a run number higher than any before: writers with an older one are fenced."""
        # One that is forgotten would be given to another run too.
        with lasting(self._client, self._where) as store:
            return int(store.incr(run_key(namespace)))

    def iterate(self, namespace: str) -> Iterator[tuple[str, Value]]:
        """Yield every view of a namespace once, by rising key; holds all the keys meanwhile."""
        keys = sorted(set(self._scan(namespace)))
        for first in range(0, len(keys), _CHUNK):
            chunk = keys[first : first + _CHUNK]
            answer = self._call(self._list, chunk, ())
            for key, kind, raw in zip(chunk, answer[::2], answer[1::2], strict=True):
                if kind != b"none":
                    yield key.decode(), _value(kind, raw)

    def delete_namespace(self, namespace: str) -> int:
        """Delete every view of a namespace (not its run number); return how many there were."""
        deleted = 0
        keys = list(set(self._scan(namespace)))
        with translated(self._where):
            for first in range(0, len(keys), _CHUNK):
                deleted += int(self._client.unlink(*keys[first : first + _CHUNK]))
        return deleted

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()

    def _send(self, call: Call) -> None:
        try:
            self._call(self._write, (self._run_key, *call.keys), (self.run, *call.arguments))
        except ResponseError as error:
            fenced = _FENCED.search(str(error))
            if fenced is None:
                raise classify(error, self._where) from error
            raise Fenced(self.namespace, self.run, int(fenced[1])) from None

    def _call(self, script: Script, keys: Sequence[str | bytes], arguments: Sequence[Any]) -> Any:
        command = (len(keys), *keys, *arguments)
        try:
            try:
                return self._client.execute_command("EVALSHA", script.sha, *command)
            except NoScriptError:
                return self._client.execute_command("EVAL", script.text, *command)
        except ResponseError:
            raise
        except (RedisError, OSError) as error:
            raise classify(error, self._where) from error

    def _scan(self, namespace: str) -> Iterator[bytes]:
        with translated(self._where):
            yield from self._client.scan_iter(match=Keys(namespace).pattern, count=1_000)


def _value(kind: bytes, raw: Any) -> Value:
    if kind == b"string":
        return bytes(raw)
    if kind == b"hash":
        return _pairs(raw)
    if kind == b"set":
        return frozenset(raw)
    if kind == b"stream":
        return [_pairs(fields) for _, fields in raw]
    raise TypeError(f"a view of type {kind.decode()!r}: no view of ours is one")


def _pairs(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _where(client: "redis.Redis") -> str:
    options = client.connection_pool.connection_kwargs
    return place(str(options.get("path") or f"{options.get('host')}:{options.get('port')}"))
