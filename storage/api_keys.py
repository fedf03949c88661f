"""The keys of the HTTP service in the control data: hashes of them, never themselves."""

from collections.abc import Iterable
from typing import Any

from contracts.access import ApiKey
from contracts.codec import decode_json, encode_json
from contracts.keys import API_KEYS_KEY
from contracts.settings import RedisSettings
from storage.connection import connect, place, translated
from storage.control import Control
from storage.lasting import lasting


class ApiKeyStore:
    """The keys of all sites, for the command line. Raises `StoreError`."""

    def __init__(self, settings: RedisSettings) -> None:
        self._client: Any = connect(settings)
        self._where = place(settings.url.get_secret_value())

    def all(self) -> list[ApiKey]:
        """Return all keys, the oldest first; those that were revoked as well."""
        with translated(self._where):
            return _read(self._client.hvals(API_KEYS_KEY))

    def put(self, key: ApiKey) -> None:
        """Keep a key, or what changed of it."""
        with lasting(self._client, self._where) as store:
            store.hset(API_KEYS_KEY, key.id, encode_json(key))

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()


async def read_keys(control: Control) -> list[ApiKey]:
    """Return all keys; raise `StoreError`."""
    return _read(await control.ask("HVALS", API_KEYS_KEY))


def _read(values: Iterable[bytes]) -> list[ApiKey]:
    found = [decode_json(raw, ApiKey) for raw in values]
    return sorted(found, key=lambda key: (key.created, key.id))
