"""Times as people write them."""

from datetime import UTC, datetime


class MomentError(ValueError):
    """A text that names no moment."""


def moment(text: str) -> int:
    """Return an ISO 8601 time, UTC unless it says otherwise, as epoch milliseconds.

    >>> moment("2026-01-02T03:04:05Z")
    1767323045000
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise MomentError(
            f"{text!r} is neither an offset nor a time such as 2026-01-31T12:00"
        ) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
