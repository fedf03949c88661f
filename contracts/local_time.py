"""Moments by the clock and the calendar of a person's time zone. All times are epoch ms."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

Zone = ZoneInfo
UTC_ZONE: Final = ZoneInfo("UTC")
MORNING: Final = 9
"""The hour at which a day is celebrated."""


@lru_cache(1_000)
def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone of a name, None if there is none of it."""
    try:
        return ZoneInfo(name[:64])
    except (OSError, ValueError, KeyError):
        return None


def minutes(clock: str) -> int:
    """Return a clock time as minutes of the day.

    >>> minutes("21:30")
    1290
    """
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)


def quiet_until(time: int, zone: Zone, begin: int, end: int) -> int | None:
    """Return when the quiet hours that `time` lies in are over; None if it lies in none.

    `begin` and `end` are minutes of the day; quiet hours may go over midnight.

    >>> quiet_until(1_700_000_000_000, ZoneInfo("UTC"), minutes("21:00"), minutes("08:00"))
    1700035200000
    >>> quiet_until(1_700_000_000_000, ZoneInfo("Asia/Tokyo"), minutes("21:00"), minutes("07:00"))
    """
    local = _local(time, zone)
    if local is None:
        return None
    now = local.hour * 60 + local.minute
    inside = begin <= now < end if begin <= end else now >= begin or now < end
    if not inside:
        return None
    over = local.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0)
    if now >= end:
        over += timedelta(days=1)
    return max(time + 1, _millis(over))


def next_birthday(text: str, after: int, zone: ZoneInfo) -> int | None:
    """Return the first morning after `after` of a birthday, `YYYY-MM-DD` or `MM-DD`, or None.

    Whoever was born on the 29th of February has it on the 28th in other years.

    >>> next_birthday("1990-11-15", 1_700_000_000_000, ZoneInfo("UTC"))
    1700038800000
    """
    try:
        day = date.fromisoformat(text if len(text) == 10 else f"2000-{text}")
    except ValueError:
        return None
    return _yearly(day, after, zone, 0)


def next_anniversary(first: int, after: int, zone: ZoneInfo) -> int | None:
    """Return the first morning after `after` that is a year, or several, from the day of `first`.

    >>> next_anniversary(1_668_450_000_000, 1_690_000_000_000, ZoneInfo("UTC"))
    1699952400000
    """
    local = _local(first, zone)
    return None if local is None else _yearly(local.date(), after, zone, local.year + 1)


def _yearly(day: date, after: int, zone: ZoneInfo, least: int) -> int | None:
    now = _local(after, zone)
    if now is None:
        return None
    first = max(now.year, least)
    for year in (first, first + 1):
        # The 28th exists in every year.
        short = day.month == 2 and day.day == 29
        month_day = (2, 28) if short else (day.month, day.day)
        if year > 9_998:
            return None
        morning = _millis(datetime(year, *month_day, MORNING, tzinfo=zone))
        if morning > after:
            return morning
    return None


def _local(time: int, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.fromtimestamp(time / 1000, zone)
    except (ValueError, OverflowError, OSError):
        return None


def _millis(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * 1000
