"""Events and messages in one line, for tests."""

from itertools import count
from typing import Any

from contracts.codec import encode_json
from contracts.events import Event
from operators.messages import Arrived

NOON = 1_700_000_000_000
"""A moment to start from, in epoch milliseconds."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_ids = count(1)


def event(type_: str = "view", user: str | None = "ada", at: int = 0, **fields: Any) -> Event:
    """Return an event of `user`, `at` milliseconds after `NOON`."""
    fields.setdefault("id", f"e{next(_ids)}")
    return Event(type=type_, user=user, time=NOON + at, **fields)  # type: ignore[arg-type]


def arrived(type_: str = "view", user: str | None = "ada", at: int = 0, **fields: Any) -> Arrived:
    """Return an event that arrived when it happened."""
    extra = ("category", "brand", "tags", "late", "seq")
    enriched = {name: fields.pop(name) for name in extra if name in fields}
    made = event(type_, user, at, **fields)
    return Arrived(made, made.time, enriched.pop("seq", 0), **enriched)


def raw(type_: str = "view", user: str | None = "ada", at: int = 0, **fields: Any) -> bytes:
    """Return an event as it lies on Kafka."""
    return encode_json(event(type_, user, at, **fields))
