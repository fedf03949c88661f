"""Reading views from inside the dataflow: synchronous, and within a short time."""

from collections.abc import Sequence
from typing import Any

from contracts.settings import RedisSettings
from storage.connection import connect, place, translated


class SyncReader:
    """Reads plain keys, waiting for `seconds` at most. It connects at its first use."""

    def __init__(self, settings: RedisSettings, seconds: float) -> None:
        """Raises `StoreRefused` if the settings are unusable."""
        quick = settings.model_copy(update={"timeout_seconds": seconds})
        self._client: Any = connect(quick)
        self._where = place(settings.url.get_secret_value())

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what plain keys hold, in order; raise `StoreUnavailable` or `StoreRefused`."""
        if not keys:
            return []
        with translated(self._where):
            return list(self._client.mget(keys))

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()
