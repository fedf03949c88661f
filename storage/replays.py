"""What replays came to, in the store: goes with the views of its namespace."""

from typing import Any

from contracts.codec import decode_json, encode_json
from contracts.keys import REPLAYS_KEY, Keys
from contracts.replays import Finished
from contracts.settings import RedisSettings
from storage.connection import connect, place, translated


class ReplayStore:
    """Synchronous; every method raises `StoreError`."""

    def __init__(self, settings: RedisSettings) -> None:
        self._client: Any = connect(settings)
        self._where = place(settings.url.get_secret_value())

    def put(self, finished: Finished) -> None:
        """Keep what a replay came to."""
        with translated(self._where):
            self._client.set(Keys(finished.namespace).summary(), encode_json(finished))
            self._client.sadd(REPLAYS_KEY, finished.namespace)

    def all(self) -> list[Finished]:
        """Return those whose views are there, the newest first; forget the others."""
        with translated(self._where):
            names = sorted(name.decode() for name in self._client.smembers(REPLAYS_KEY))
            raws = self._client.mget([Keys(name).summary() for name in names]) if names else []
            gone = [name for name, raw in zip(names, raws, strict=True) if raw is None]
            if gone:
                self._client.srem(REPLAYS_KEY, *gone)
        found = [decode_json(raw, Finished) for raw in raws if raw is not None]
        return sorted(found, key=lambda one: -one.time)

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()
