"""How a campaign's conversion came about over time: a bounded series of counts, by event time.

>>> course = Course()
>>> course.note(MADE, 0)
>>> course.note(CONVERTED, 90_000)
>>> [(time, counts) for time, counts in cumulated(course)]
[(60000, [1, 0, 0, 0]), (120000, [1, 1, 0, 0])]
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.codec import pack
from online_models.confidence import Sums, uplift

MADE, CONVERTED, HELD, HELD_CONVERTED = range(4)
"""What is counted: people sent to, those of them who bought, people held out, those of them."""

FIRST_MS: Final = 60_000
"""The width of a slot to begin with; it doubles whenever there would be too many."""

SLOTS: Final = 64


class Course(Struct, array_like=True):
    """Counts by slot of `width` ms, which begin at multiples of it. Memory: 12 bytes a slot.

    It depends on what was noted alone, not on the order, nor on which part noted it: slots of one
    width lie wholly in those of twice that.
    """

    width: int = FIRST_MS
    slots: dict[int, list[int]] = {}

    def note(self, what: int, time: int) -> None:
        """Count one person at `time` (ms)."""
        counts = self.slots.setdefault(time // self.width, [0, 0, 0, 0])
        counts[what] += 1
        self._fit()

    def add(self, other: "Course") -> None:
        """Add another part's counts."""
        while self.width < other.width:
            self._widen()
        for slot, counts in other.slots.items():
            mine = self.slots.setdefault(slot * other.width // self.width, [0, 0, 0, 0])
            for what, count in enumerate(counts):
                mine[what] += count
        self._fit()

    def _fit(self) -> None:
        while self.slots and max(self.slots) - min(self.slots) >= SLOTS:
            self._widen()

    def _widen(self) -> None:
        slots, self.slots, self.width = self.slots, {}, 2 * self.width
        for slot, counts in slots.items():
            mine = self.slots.setdefault(slot // 2, [0, 0, 0, 0])
            for what, count in enumerate(counts):
                mine[what] += count


Courses = dict[int, Course]
"""Courses by version of the campaign."""


def pack_courses(courses: Courses) -> bytes:
    """Return courses as bytes, the same for the same courses."""
    return pack(
        {
            version: Course(course.width, dict(sorted(course.slots.items())))
            for version, course in sorted(courses.items())
        }
    )


unpack_courses = msgspec.msgpack.Decoder(Courses).decode


def merge_courses(parts: Iterable[Courses]) -> Courses:
    """Return the courses of all parts together."""
    merged: Courses = {}
    for part in parts:
        for version, course in part.items():
            merged.setdefault(version, Course()).add(course)
    return merged


def cumulated(course: Course) -> Iterator[tuple[int, list[int]]]:
    """Yield the end of each slot in which anything was noted (ms), and all that was till then."""
    total = [0, 0, 0, 0]
    for slot, counts in sorted(course.slots.items()):
        total = [so_far + count for so_far, count in zip(total, counts, strict=True)]
        yield (slot + 1) * course.width, total


def over_time(course: Course) -> list[dict[str, Any]]:
    """Return what could be said of the conversion at the end of each slot, with its bounds.

    The last one says what is said now: the bounds hold at all of these looks together.
    """
    told = []
    for time, (made, converted, held, held_converted) in cumulated(course):
        found = uplift(_rate(made, converted), _rate(held, held_converted))
        told.append(
            {
                "time": time,
                "people": made,
                "converted": converted,
                "held": held,
                "held_converted": held_converted,
                "difference": found.difference if made and held else None,
                "low": found.low,
                "high": found.high,
            }
        )
    return told


def _rate(people: int, hits: int) -> Sums:
    return Sums(people, hits, float(hits), float(hits))
