"""When a message happened, by the Segment spec."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.codec import DecodeError


def event_time(message: Mapping[str, Any], sent: int | None, received: int) -> int:
    """Return the event time (epoch ms) of a message.

    `timestamp`; else `originalTimestamp`, moved by how far the sender's clock (`sentAt`) was off
    on arrival; else the arrival. `sent` is the `sentAt` of a batch.

    >>> event_time({"timestamp": "2024-05-04T12:00:00.5+02:00"}, None, 1714900000000)
    1714816800500
    >>> skewed = {"originalTimestamp": "2031-01-01T00:00:00Z", "sentAt": "2031-01-01T00:00:05Z"}
    >>> event_time(skewed, None, 1714816805000)
    1714816800000
    """
    stamped = instant(message.get("timestamp"), "timestamp")
    if stamped is not None:
        return stamped
    original = instant(message.get("originalTimestamp"), "originalTimestamp")
    if original is None:
        return received
    own = instant(message.get("sentAt"), "sentAt")
    clock = own if own is not None else sent
    return original if clock is None else received - (clock - original)


def instant(value: Any, place: str) -> int | None:
    """Return the epoch milliseconds of an ISO 8601 text, UTC where it has no offset.

    A whole number is taken for milliseconds. Raises `DecodeError`.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise DecodeError("invalid", f"`{place}`: expected an ISO 8601 date and time")
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        shown = value[:40]
        raise DecodeError(
            "invalid",
            f"`{place}`: {shown!r} is not an ISO 8601 date and time, such as "
            "2024-05-04T12:00:00.000Z",
        ) from None
