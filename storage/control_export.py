"""All control data to a file and back: what a replay cannot make again.

Values go as the store itself writes them (`DUMP`), so every kind of key comes back exactly, with
what is left of its lifetime; into a store of the same version or a newer one.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from contracts.codec import decode_json, encode_json
from contracts.keys import CONTROL_PATTERN, DELIVERY_OWNER_KEY, DELIVERY_RUN_KEY, run_key
from contracts.settings import RedisSettings
from storage.connection import connect, place, translated
from storage.lasting import lasting

BATCH: Final = 500


class Entry(Struct):
    """One key: its bytes as base64, and the time left in ms, 0 for ever."""

    key: str
    value: str
    ttl: int = 0


def export(settings: RedisSettings) -> Iterator[bytes]:
    """Yield the control data, a line of JSON each; raise `StoreError`. Holds up nobody for long."""
    client: Any = connect(settings)
    with translated(place(settings.url.get_secret_value())):
        seen: set[bytes] = set()
        for key in client.scan_iter(CONTROL_PATTERN, count=BATCH):
            # Who delivers at this moment is nothing to bring back.
            if key in seen or key.decode() == DELIVERY_OWNER_KEY:
                continue
            seen.add(key)
            value, ttl = client.pipeline().dump(key).pttl(key).execute()
            if value is not None:
                yield encode_json(Entry(key.decode(), b64encode(value).decode(), max(ttl, 0)))
    client.close()


def restore(settings: RedisSettings, lines: Iterable[bytes], *, replace: bool) -> int:
    """Write exported lines; return how many. Those that are there stay unless `replace`.

    The numbers of runs stay in any case. Raises `DecodeError` or `ValueError` for a line that is
    none, before anything is written, and `StoreError`.
    """
    entries = [_read(line) for line in lines if line.strip()]
    client: Any = connect(settings)
    count = 0
    with lasting(client, place(settings.url.get_secret_value())) as store:
        for key, value, ttl in entries:
            # A counter that went back would let writers in that were fenced.
            stays = not replace or key == DELIVERY_RUN_KEY or key.startswith(run_key(""))
            if not (stays and store.exists(key)):
                store.restore(key, ttl, value, replace=True)
                count += 1
    client.close()
    return count


def _read(line: bytes) -> tuple[str, bytes, int]:
    entry = decode_json(line, Entry)
    if not entry.key.startswith(CONTROL_PATTERN[:-1]):
        raise ValueError(f"{entry.key[:64]!r} is no control data")
    return entry.key, b64decode(entry.value, validate=True), entry.ttl
