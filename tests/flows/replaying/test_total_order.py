"""The one order of a recording, whatever order it lies in; and its rounds."""

import random

from hypothesis import given
from hypothesis import strategies as st

from flows.records import Raw
from flows.replaying.arrival_clock import arrivals
from flows.replaying.total_order import in_order, in_rounds
from tests.flows.replaying.lines import (
    AHEAD,
    DAY,
    LATENESS,
    MINUTE,
    NOON,
    SECOND,
    copies,
    late,
    line,
    ordered,
    rubbish,
    values,
)

gaps = st.lists(
    st.one_of(
        st.integers(0, 2 * SECOND),
        st.integers(0, 5 * MINUTE),
        st.integers(5 * MINUTE, 50 * MINUTE),
        st.just(12 * 60 * MINUTE),
    ),
    max_size=60,
)


def recording(steps: list[int]) -> list[Raw]:
    at, lines = 0, []
    for number, gap in enumerate(steps):
        at += gap
        lines.append(line(at, f"e{number:05d}", number))
    return lines


def shuffled(lines: list[Raw], delay: int, seed: int) -> list[Raw]:
    """Return lines as if each had come up to `delay` ms after it happened."""
    jitter = random.Random(seed)
    time = {r.value: int(r.value.rpartition(b" ")[2].rstrip(b"}")) for r in lines}
    return sorted(lines, key=lambda r: time[r.value] + jitter.randint(0, delay))


@given(gaps)
def test_a_clean_recording_stays_as_it_is(steps: list[int]) -> None:
    lines = recording(steps)
    records = ordered(lines)
    assert values(records) == values(lines)
    assert late(records) == []


@given(gaps, st.sampled_from([SECOND, MINUTE, LATENESS]), st.integers(0, 2**32))
def test_a_shuffle_within_the_lateness_gives_the_clean_order(
    steps: list[int], delay: int, seed: int
) -> None:
    lines = recording(steps)
    clean, other = ordered(lines), ordered(shuffled(lines, delay, seed))
    assert values(other) == values(clean)
    assert [r.received for r in other] == [r.received for r in clean]
    assert late(other) == []


@given(gaps, st.integers(0, 2**32))
def test_the_same_recording_has_the_same_order(steps: list[int], seed: int) -> None:
    lines = shuffled(recording(steps), 3 * LATENESS, seed)
    assert ordered(lines) == ordered(lines)
    assert sorted(values(ordered(lines))) == sorted(values(lines))


def test_events_of_one_time_are_in_the_order_of_their_ids() -> None:
    lines = [line(0, id_, number) for number, id_ in enumerate("cabdac")]
    assert [(r.value[8:9], r.number) for r in ordered(lines)] == [
        (b"a", 1),
        (b"a", 4),
        (b"b", 2),
        (b"c", 0),
        (b"c", 5),
        (b"d", 3),
    ]


@given(st.lists(st.integers(30, 2_000), min_size=1, max_size=8))
def test_every_late_line_is_late_and_no_other(delays: list[int]) -> None:
    lines = [line(n * 10 * SECOND, f"e{n:05d}") for n in range(2_500)]
    expected = set()
    for number, delay in enumerate(delays):
        victim = lines.pop(number * 20)
        place = number * 20 + delay
        lines.insert(place, victim)
        newest = max(int(r.value.rpartition(b" ")[2].rstrip(b"}")) for r in lines[: place + 1])
        if newest - int(victim.value.rpartition(b" ")[2].rstrip(b"}")) > LATENESS:
            expected.add(victim.value)
    records = ordered(lines)
    assert {record.value for record in late(records)} == expected
    assert len(records) == len(lines)


def test_a_late_line_stays_where_it_arrived() -> None:
    lines = [line(n * MINUTE, f"e{n:03d}") for n in range(40)]
    straggler = line(0, "late")
    records = ordered([*lines[:30], straggler, *lines[30:]])
    place = values(records).index(straggler.value)
    # What happened more than the lateness before it arrived has left by then, nothing else.
    assert place == 29 - LATENESS // MINUTE
    assert records[place].received == NOON + 29 * MINUTE
    rest = records[:place] + records[place + 1 :]
    assert values(rest) == values(lines)


def test_a_liar_stands_at_its_arrival() -> None:
    lines = [line(n * MINUTE, f"e{n:03d}") for n in range(40)]
    records = ordered([*lines[:20], line(DAY, "liar"), *lines[20:]])
    assert [r.value[8:12] for r in records][19:22] == [b"e019", b"liar", b"e020"]
    assert {r.received for r in records} == {NOON + n * MINUTE for n in range(40)}


def test_what_cannot_be_read_stays_between_its_neighbours() -> None:
    lines = [line(0), line(2 * SECOND), rubbish(), line(4 * SECOND)]
    assert values(ordered(lines)).index(b"{") in (1, 2)


def test_the_records_that_are_held_are_bounded() -> None:
    lines = [line(n) for n in range(1_000)]
    held = in_order(arrivals(copies(lines[::-1]), AHEAD, LATENESS), LATENESS, max_held=100)
    assert sorted(values(list(held))) == values(lines)
    few = in_order(arrivals(copies(lines), AHEAD, LATENESS), LATENESS, max_held=100)
    assert values(list(few)) == values(lines)


@given(gaps, st.integers(1, 12), st.integers(0, 2**32))
def test_rounds_are_numbered_cut_and_marked(steps: list[int], size: int, seed: int) -> None:
    lines = shuffled(recording(steps), 2 * LATENESS, seed)
    records = ordered(lines)
    rounds = list(in_rounds(records, size))
    assert [batch.round for batch in rounds] == list(range(len(rounds)))
    assert [batch.last for batch in rounds] == [False] * (len(rounds) - 1) + [True]
    assert all(len(batch.records) == size for batch in rounds[:-1])
    assert len(rounds[-1].records) <= size
    assert [r for batch in rounds for r in batch.records] == records
    assert [r.seq for batch in rounds for r in batch.records] == list(range(1, len(records) + 1))


@given(gaps, st.integers(1, 12), st.integers(0, 2**32))
def test_after_a_watermark_only_late_records_are_older_by_more_than_the_lateness(
    steps: list[int], size: int, seed: int
) -> None:
    lines = shuffled(recording(steps), 3 * LATENESS, seed)
    watermark = 0
    for batch in in_rounds(ordered(lines), size):
        marked_late = late(batch.records)
        for record in batch.records:
            assert record.received >= watermark - LATENESS or record in marked_late
        assert batch.watermark is not None
        assert batch.watermark >= watermark
        watermark = batch.watermark


def test_an_empty_recording_is_one_empty_round() -> None:
    (only,) = in_rounds([], 10)
    assert (only.round, only.records, only.last) == (0, [], True)
