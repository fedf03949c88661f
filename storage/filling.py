"""Views that a namespace lacks, taken over from another one that has them.

What is there is never written over: it is the work of a flow that runs, and newer. So this may be
done beside one, whose next write of a view that was taken over simply replaces it.
"""

from typing import Any, Final

from contracts.keys import VOLATILE_KINDS, Keys, parse
from contracts.settings import RedisSettings
from storage.connection import connect, translated
from storage.writes import CATALOG_LOG_LENGTH

CHUNK: Final = 500


def fill(settings: RedisSettings, source: str, target: str) -> int:
    """Copy the views of `source` that `target` lacks; return how many. Raises `StoreError`."""
    with translated("the store"), connect(settings) as client:
        return _Filling(client, source, target).run()


class _Filling:
    def __init__(self, client: Any, source: str, target: str) -> None:
        self._client = client
        self._from = Keys(source).pattern.removesuffix("*").encode()
        self._target = Keys(target)
        self._to = self._target.pattern.removesuffix("*").encode()

    def run(self) -> int:
        keys = sorted(self._client.scan_iter(match=self._from + b"*", count=1_000))
        keys = [key for key in keys if parse(key.decode()).kind not in VOLATILE_KINDS]
        chunks = [keys[at : at + CHUNK] for at in range(0, len(keys), CHUNK)]
        return sum(map(self._chunk, chunks))

    def _chunk(self, keys: list[bytes]) -> int:
        types = self._each("type", keys)
        values = [key for key, kind in zip(keys, types, strict=True) if kind == b"string"]
        filled = self._values(values)
        for key, kind in zip(keys, types, strict=True):
            if kind == b"hash":
                filled += self._page(key)
            elif kind == b"set":
                filled += self._client.sadd(self._there(key), *self._client.smembers(key))
        return filled

    def _values(self, keys: list[bytes]) -> int:
        with self._client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.copy(key, self._there(key))  # not over what is there; with its lifetime
            copied = [key for key, done in zip(keys, pipe.execute(), strict=True) if done]
        # Somebody may be erased meanwhile, from the one namespace before and the other after it.
        there = self._each("exists", copied)
        gone = [key for key, stays in zip(copied, there, strict=True) if not stays]
        if gone:
            self._client.unlink(*map(self._there, gone))
        return len(copied) - len(gone)

    def _page(self, key: bytes) -> int:
        """Fill a page of the catalogue, and tell its readers of each item."""
        log = self._target.catalog_log(parse(key.decode()).site)
        filled = 0
        for item, record in self._client.hgetall(key).items():
            if self._client.hsetnx(self._there(key), item, record):
                self._client.xadd(log, {"item": item}, maxlen=CATALOG_LOG_LENGTH)
                filled += 1
        return filled

    def _each(self, command: str, keys: list[bytes]) -> list[Any]:
        with self._client.pipeline(transaction=False) as pipe:
            for key in keys:
                getattr(pipe, command)(key)
            return list(pipe.execute())

    def _there(self, key: bytes) -> bytes:
        return self._to + key.removeprefix(self._from)
