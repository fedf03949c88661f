"""One cell of a table to a number or a time; a cell that is neither says so by its name."""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

from flows.importers.errors import BadLineError

MAX_DIGITS: Final = 18
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


def whole(text: str, name: str) -> int:
    """Return a whole number of up to 18 digits, with an optional minus sign.

    >>> whole("-5", "timestamp")
    -5
    >>> whole("1_000", "timestamp")
    Traceback (most recent call last):
        ...
    flows.importers.errors.BadLineError: timestamp is '1_000', not a whole number
    """
    digits = text[1:] if text[:1] == "-" else text
    # int() alone would take underscores and blanks, and the digits of every script.
    if not (digits.isdigit() and digits.isascii() and len(digits) <= MAX_DIGITS):
        raise BadLineError("bad number", f"{name} is {text[:40]!r}, not a whole number")
    return int(text)


def number(text: str, name: str) -> float:
    """Return a finite number.

    >>> number("2.55", "price")
    2.55
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise BadLineError("bad number", f"{name} is {text[:40]!r}, not a number")
    return value


def seconds(text: str, name: str) -> int:
    """Return epoch milliseconds of a count of seconds, whole or with a fraction.

    >>> seconds("1511544070", "timestamp"), seconds("1396861348.277", "Time")
    (1511544070000, 1396861348277)
    """
    if text.isdigit():
        return whole(text, name) * 1000
    return round(number(text, name) * 1000)


def millis(moment: datetime) -> int:
    """Return epoch milliseconds, cut and not rounded. A time without a zone is read as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MILLISECOND


def iso(text: str, name: str) -> int:
    """Return epoch milliseconds of an ISO 8601 time. One without a zone is read as UTC.

    >>> iso("2014-04-07T10:51:09.277Z", "Timestamp")
    1396867869277
    """
    try:
        return millis(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadLineError("bad time", f"{name} is {text[:40]!r}, not an ISO 8601 time") from None


def told(text: str | None) -> str | None:
    """Return the text, or nothing for an empty one."""
    return text or None
