"""An event in the making, which knows from where in a message each of its fields came."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts.codec import DecodeError
from contracts.events import Event
from contracts.validation import check
from contracts.wording import plain

_PLACES: Final = {"user": "userId", "device": "anonymousId", "id": "messageId", "props": ""}
_NAMED: Final = re.compile(r"`(\w+)([^`]*)`")


class Draft:
    """Fields with their places. `event` raises `DecodeError` that names the message's own field.

    >>> draft = Draft({"id": "1", "type": "view", "user": "ada", "time": 1511544070000})
    >>> draft.put("price", "-3", "properties.price")
    >>> draft.event()
    Traceback (most recent call last):
        ...
    contracts.codec.DecodeError: `properties.price`: expected a number of at least 0
    """

    def __init__(self, fields: Mapping[str, Any], places: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields)
        self.places = {**_PLACES, **(places or {})}

    def put(self, field: str, value: Any, place: str) -> None:
        """Set a field to what was found at a place of the message."""
        self.fields[field] = value
        self.places[field] = place

    def branch(self) -> "Draft":
        """Return a copy that may go its own way."""
        return Draft(self.fields, self.places)

    def event(self) -> Event:
        """Return the event, its numbers converted from text where need be."""
        try:
            event: Event = msgspec.convert(self.fields, Event, strict=False)
        except msgspec.ValidationError as error:
            raise DecodeError("invalid", self._in_place(plain(error))) from None
        fault = check(event)
        if fault is not None:
            raise DecodeError(fault[0], self._in_place(fault[1]))
        return event

    def _in_place(self, detail: str) -> str:
        head, colon, rest = detail.partition(":")
        return _NAMED.sub(self._place, head) + colon + rest

    def _place(self, match: re.Match[str]) -> str:
        place = self.places.get(match[1], match[1])
        if place:
            return f"`{place}{match[2]}`"
        return f"`{match[2].lstrip('.') or 'properties'}`"
