"""Points of a score's past: bounded, in order, over all of a person's time."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from contracts.past import MINUTE_MS, SEGMENTS, moved, noted, points_of

YEAR_MINUTES = 366 * 24 * 60
minutes = st.lists(st.integers(0, YEAR_MINUTES), min_size=1, max_size=80).map(sorted)


@given(minutes, st.integers(1, 24))
def test_the_points_are_bounded_in_order_and_end_with_the_newest(
    times: list[int], most: int
) -> None:
    raw = b""
    for value, minute in enumerate(times):
        raw = noted(raw, minute * MINUTE_MS + value % 1000, float(value), most)
    points = points_of(raw)
    assert len(points) <= most
    assert [time for time, _ in points] == sorted({time for time, _ in points})
    assert points[-1] == (times[-1] * MINUTE_MS, len(times) - 1.0)
    assert len(raw) == 1 + len(points) * struct.calcsize("<If")
    told = {(minute * MINUTE_MS, float(value)) for value, minute in enumerate(times)}
    assert set(points) <= told


def test_what_is_older_than_the_newest_point_is_left_out() -> None:
    raw = noted(b"", 10 * MINUTE_MS, 1.0, 4)
    assert noted(raw, 9 * MINUTE_MS, 0.0, 4) == raw


def test_the_newest_segments_are_kept() -> None:
    segments: list[tuple[str, int]] = []
    for number in range(20):
        segments = moved(segments, f"s{number}", number)
    assert segments == [(f"s{n}", n) for n in range(20 - SEGMENTS, 20)]
