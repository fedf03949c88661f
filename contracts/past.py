"""What a person's scores and segments were: a few points of each, 8 bytes apiece.

>>> raw = b""
>>> for minute, value in enumerate((0.25, 0.5, 0.75, 1.0)):
...     raw = noted(raw, 60_000 * minute, value, most=2)
>>> points_of(raw)
[(60000, 0.5), (180000, 1.0)]
"""

import struct
from typing import Any, Final

from msgspec import Struct

MINUTE_MS: Final = 60_000
SEGMENTS: Final = 8
_POINT: Final = struct.Struct("<If")


class Past(Struct, array_like=True):
    """Packed points of scores by name, and the newest segments with the time (ms) of each."""

    scores: dict[str, bytes] = {}
    segments: list[tuple[str, int]] = []


def noted(raw: bytes, time: int, value: float, most: int) -> bytes:
    """Return points with one more, at `time` (ms); of each slot of time the newest one stays.

    Slots are a minute wide, and twice that whenever there would be more than `most` points, so
    that they span all of a person's time. What is older than the newest point is left out. The
    first byte says how often the width has doubled. Cost: 1 us.
    """
    doubled, points = (raw[0], raw[1:]) if raw else (0, b"")
    minute = time // MINUTE_MS
    last = _POINT.unpack_from(points, len(points) - _POINT.size)[0] if points else -1
    if minute < last:
        return raw
    if points and minute >> doubled == last >> doubled:
        points = points[: -_POINT.size]
    points += _POINT.pack(minute, value)
    while len(points) > most * _POINT.size:
        doubled += 1
        newest = {
            minute >> doubled: (minute, value) for minute, value in _POINT.iter_unpack(points)
        }
        points = b"".join(_POINT.pack(*point) for point in newest.values())
    return bytes((doubled,)) + points


def points_of(raw: bytes) -> list[tuple[int, float]]:
    """Return points as times (ms, to the minute) and values, in order."""
    return [(MINUTE_MS * minute, value) for minute, value in _POINT.iter_unpack(raw[1:])]


def moved(segments: list[tuple[str, int]], segment: str, time: int) -> list[tuple[str, int]]:
    """Return segments with the one that a person came into, the newest `SEGMENTS`."""
    return [*segments, (segment, time)][-SEGMENTS:]


def told(past: Past) -> dict[str, Any]:
    """Return it in words."""
    return {
        "scores": {
            name: [{"time": time, "value": round(value, 4)} for time, value in points_of(raw)]
            for name, raw in sorted(past.scores.items())
        },
        "segments": [{"id": segment, "since": since} for segment, since in past.segments],
    }
