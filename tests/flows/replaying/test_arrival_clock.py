"""When a line of a file arrived: liars, nights, and the two ends of a file."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.records import Raw
from flows.replaying.arrival_clock import arrived, stamped
from tests.flows.replaying.lines import (
    AHEAD,
    DAY,
    HOUR,
    LATENESS,
    MINUTE,
    NOON,
    SECOND,
    clock_of,
    line,
    rubbish,
    times_of,
)

MINUTES = [line(n * MINUTE) for n in range(30)]
"""An event a minute."""


def test_the_clock_of_clean_lines_is_their_own() -> None:
    assert clock_of(MINUTES) == times_of(MINUTES) == [n * MINUTE for n in range(30)]


@pytest.mark.parametrize("lie", [DAY, 400 * DAY, 3 * HOUR, 40 * MINUTE])
@pytest.mark.parametrize("at", [0, 1, 10, 24])
def test_a_liar_does_not_move_the_clock(lie: int, at: int) -> None:
    lines = [*MINUTES[:at], line(at * MINUTE + lie, "liar"), *MINUTES[at:]]
    without = clock_of(MINUTES)
    clocks, times = clock_of(lines), times_of(lines)
    assert clocks.pop(at) == times.pop(at) == without[max(0, at - 1)]
    assert clocks == times == without


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(1, 70)), min_size=1, max_size=3))
def test_scattered_liars_do_not_either(liars: list[tuple[int, int]]) -> None:
    lines = list(MINUTES)
    for at, years in liars:
        lines.insert(at, line(years * 365 * DAY, f"liar{years}"))
    honest = [clock for clock, each in zip(clock_of(lines), lines, strict=True) if each in MINUTES]
    assert honest == [n * MINUTE for n in range(30)]


@pytest.mark.parametrize(
    "time", [0, -1, 1, 946_684_799_999, 4_102_444_800_000, 253_402_300_000_000]
)
def test_a_time_that_no_clock_means_is_never_believed(time: int) -> None:
    for at in (0, 15, 30):
        odd = Raw(b'{"id": "odd", "time": %d}' % time, 0, "f:", 0)
        lines = [*MINUTES[:at], odd, *MINUTES[at:]]
        clocks = clock_of(lines)
        clocks.pop(at)
        assert clocks == [n * MINUTE for n in range(30)]


def test_a_line_that_cannot_be_read_takes_the_time_it_stands_at() -> None:
    lines = [line(0), rubbish(), line(MINUTE), rubbish()]
    assert times_of(lines) == clock_of(lines) == [0, 0, MINUTE, MINUTE]


def test_before_the_first_time_the_clock_stands_at_zero() -> None:
    assert clock_of([rubbish(), line(0)]) == [-NOON, 0]


@pytest.mark.parametrize("gap", [6 * MINUTE, 12 * HOUR, 90 * DAY])
def test_a_gap_is_believed_when_the_lines_after_it_confirm_it(gap: int) -> None:
    after = [line(30 * MINUTE + gap + n * SECOND) for n in range(3)]
    times = [n * MINUTE for n in range(30)] + [30 * MINUTE + gap + n * SECOND for n in range(3)]
    assert clock_of([*MINUTES, *after]) == times
    assert times_of([*MINUTES, *after]) == times


def test_a_gap_before_stragglers_is_believed() -> None:
    straggler = line(29 * MINUTE + SECOND)
    after = [line(DAY), straggler, *(line(DAY + n * SECOND) for n in range(1, 5))]
    assert clock_of([*MINUTES, *after])[30:] == [
        DAY,
        DAY,
        *(DAY + n * SECOND for n in range(1, 5)),
    ]


def test_sparse_lines_are_believed() -> None:
    days = [line(n * 20 * DAY) for n in range(10)]
    assert clock_of(days)[:-1] == [n * 20 * DAY for n in range(9)]


@pytest.mark.parametrize(("gap", "believed"), [(6 * DAY, True), (8 * DAY, False)])
def test_a_last_line_is_believed_unless_it_is_absurd(gap: int, believed: bool) -> None:
    last = 29 * MINUTE
    lines = [*MINUTES, line(last + gap)]
    assert clock_of(lines)[-1] == (last + gap if believed else last)
    assert clock_of([*lines, rubbish()])[-2] == clock_of(lines)[-1]


def test_a_line_that_came_early_keeps_its_time_and_leaves_the_clock() -> None:
    lines = [*MINUTES[:10], line(9 * MINUTE + AHEAD + LATENESS, "early"), *MINUTES[10:]]
    assert times_of(lines)[10] == 9 * MINUTE + AHEAD + LATENESS
    assert clock_of(lines)[10] == 9 * MINUTE


def test_an_old_line_at_the_start_does_no_harm() -> None:
    lines = [line(-8_000 * DAY, "old"), *MINUTES]
    assert clock_of(lines)[1:] == [n * MINUTE for n in range(30)]


def test_lines_in_falling_order_are_late() -> None:
    lines: Sequence[Raw] = MINUTES[::-1]
    assert clock_of(lines)[6:] == [29 * MINUTE] * 24
    assert times_of(lines) == [n * MINUTE for n in range(29, -1, -1)]


@given(st.binary(max_size=60))
def test_any_bytes_have_a_stamp(raw: bytes) -> None:
    time, id_, _ = stamped(Raw(raw, 0, "f:", 0))
    assert isinstance(time, int)
    assert isinstance(id_, str)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"id": "1", "time": "noon"}',
        b'{"id": 1, "time": 1511544070000}',
        b"[" * 100_000,
        b'{"id": "\xff", "time": 1511544070000}',
        b"",
        b"null",
        b'{"time": 1e400}',
    ],
)
def test_what_is_no_event_has_no_time(raw: bytes) -> None:
    assert stamped(Raw(raw, 0, "f:", 0))[:2] == (0, "")


def test_messages_bring_their_arrival_along() -> None:
    def message(at: int, received: int) -> Raw:
        return Raw(line(at).value, NOON + received, "t/0/", 0)

    messages = [
        message(0, 500),
        message(AHEAD, 600),
        message(AHEAD + 601, 600),
        message(-DAY, 400),
        Raw(b"{", NOON + 700, "t/0/", 4),
    ]
    taken = [(time - NOON, clock - NOON) for time, _, clock, _ in arrived(messages, AHEAD)]
    assert taken == [(0, 500), (AHEAD, 600), (600, 600), (-DAY, 600), (700, 700)]
