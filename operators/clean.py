"""The first step: bytes in, valid and enriched events out, everything else with its reason.

Pure: the arrival time comes with the record, the catalogue is given.
"""

from typing import Any

import msgspec

from contracts import keys
from contracts.codec import DecodeError, decode_event
from contracts.events import Event
from contracts.rejects import Rejected, rejected
from contracts.settings import FlowSettings
from contracts.validation import check
from operators.catalogue import Catalogue
from operators.messages import Arrived

MAX_TAGS = 10


class Clean:
    """Decode, validate, correct the clock, enrich: one record at a time, no state.

    >>> clean = Clean(FlowSettings(), Catalogue())
    >>> raw = b'{"id": "1", "type": "view", "user": "ada", "time": 1511544070000, "item": "cup"}'
    >>> clean(raw, 1511544070500, "events.click/0/7", 0).event.item
    'cup'
    >>> clean(b'{"id": "1"', 1511544070500, "events.click/0/8", 0).reason
    'malformed'
    """

    def __init__(self, settings: FlowSettings, catalogue: Catalogue) -> None:
        self._max_ahead = settings.max_ahead_seconds * 1000
        self._lateness = settings.lateness_seconds * 1000
        self._catalogue = catalogue

    def __call__(self, raw: bytes, received: int, origin: str, seq: int) -> Arrived | Rejected:
        """Return the event, or why there is none. `received` is its arrival time (ms)."""
        try:
            event = decode_event(raw)
        except DecodeError as error:
            return rejected(error.reason, error.detail, origin, raw, received)
        fault = check(event)
        if fault is not None:
            return rejected(*fault, origin, raw, received, event.site)
        if event.time > received + self._max_ahead:
            # A clock that runs ahead is set to the arrival: no window may move because of it.
            event.time = received
        return self._enrich(event, received, seq)

    def _enrich(self, event: Event, received: int, seq: int) -> Arrived:
        props = event.props
        arrived = Arrived(event, received, seq, late=event.time < received - self._lateness)
        if props:
            arrived.category = _text(props.get("category"))
            arrived.brand = _text(props.get("brand"))
            arrived.tags = _texts(props.get("tags"))
            arrived.title = _text(props.get("name"))
        if event.item is None or not len(self._catalogue):
            return arrived
        record = self._catalogue.get(event.site, event.item, event.time)
        if record is not None:
            arrived.known = True
            arrived.category = arrived.category or record.category
            arrived.brand = arrived.brand or record.brand
            arrived.tags = arrived.tags or record.tags[:MAX_TAGS]
            arrived.title = record.title[:256] or arrived.title
            if event.price is None:
                event.price, event.currency = record.price, event.currency or record.currency
        return arrived


def device_bucket(event: Event, count: int) -> int:
    """Return the bucket that the event's repeats and its device are known in."""
    return keys.partition_of(keys.message_key(event.site, event.user, event.device), count)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:256]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _texts(value: Any) -> list[str]:
    try:
        return msgspec.convert(value, list[str])[:MAX_TAGS] if value else []
    except msgspec.ValidationError:
        return []
