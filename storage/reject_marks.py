"""What was done about refused records: kept beside them, since the topic itself never changes."""

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from contracts.codec import decode_json, encode_json
from contracts.keys import REJECT_MARKS_KEY
from contracts.settings import RedisSettings
from storage.connection import connect, place, translated
from storage.lasting import lasting

MarkState = Literal["retried", "dropped"]


class Mark(Struct, kw_only=True, omit_defaults=True):
    """What was done: `time` in ms; `why` in words; `mended`: other bytes were sent."""

    state: MarkState
    time: int
    why: str = ""
    mended: bool = False


class RejectMarks:
    """The marks in the store. Raises `StoreError`."""

    def __init__(self, settings: RedisSettings) -> None:
        self._client: Any = connect(settings)
        self._where = place(settings.url.get_secret_value())

    def all(self) -> dict[str, Mark]:
        """Return all marks by the records' ids."""
        with translated(self._where):
            found = self._client.hgetall(REJECT_MARKS_KEY)
        return {id_.decode(): decode_json(raw, Mark) for id_, raw in found.items()}

    def put(self, ids: Iterable[str], mark: Mark) -> None:
        """Mark records, whatever they were marked as."""
        with lasting(self._client, self._where) as store:
            store.hset(REJECT_MARKS_KEY, mapping={id_: encode_json(mark) for id_ in ids})

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()
