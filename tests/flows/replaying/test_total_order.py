import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.drain import Drain
from flows.progress import Progress
from flows.replaying.arrival_clock import Timed, with_arrivals
from flows.replaying.source import ReplaySource
from flows.replaying.total_order import in_order, in_rounds
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND

LATENESS = 10 * MINUTE
AHEAD = 5 * MINUTE


def line(at, id_="", value=None):
    return Timed(value or f"{id_}@{at}".encode(), "f:", 0, NOON + at, id_ or str(at))


def ordered(lines):
    return list(in_order(with_arrivals(lines, AHEAD), LATENESS, AHEAD))


def late(records, times):
    return [r for r in records if times[r.value] < r.received - LATENESS]


steps = st.lists(st.integers(0, 20 * MINUTE), min_size=1, max_size=80)


@given(steps, st.integers(0, 2**32))
def test_a_shuffle_within_the_window_gives_the_clean_order(gaps, seed):
    at, lines = 0, []
    for number, gap in enumerate(gaps):
        at += gap
        lines.append(line(at, f"e{number:04d}"))
    jitter = random.Random(seed)
    # Up to five minutes: no line comes so late that it counts as late.
    shuffled = sorted(lines, key=lambda record: record.time + jitter.randrange(5 * MINUTE))
    clean = ordered(lines)
    assert [r.value for r in clean] == [record.value for record in lines]
    # The clock of a shuffled file runs ahead only by what its lines confirm.
    assert [r.value for r in ordered(shuffled)] == [r.value for r in clean]
    assert [r.received for r in ordered(shuffled)] == [r.received for r in clean]


@given(st.lists(st.integers(30, 2_000), min_size=1, max_size=10))
def test_every_late_line_is_late_and_no_other(delays):
    lines = [line(n * 10 * SECOND, f"e{n:05d}") for n in range(2_500)]
    expected = set()
    for number, delay in enumerate(delays):
        victim = lines.pop(number * 20)
        place = number * 20 + delay
        lines.insert(place, victim)
        newest = max(record.time for record in lines[: place + 1])
        if newest - victim.time > LATENESS:
            expected.add(victim.value)
    records = ordered(lines)
    times = {record.value: record.time for record in lines}
    assert {r.value for r in late(records, times)} == expected
    assert len(records) == len(lines)


def test_a_liar_does_not_move_time():
    lines = [line(n * MINUTE, f"e{n:03d}") for n in range(100)]
    for at, lie in ((10, DAY), (30, 400 * DAY), (50, -NOON), (99, 3 * HOUR)):
        lines[at] = line(lie if lie < 0 else at * MINUTE + lie, f"liar{at}")
    records = ordered(lines)
    assert len(records) == 100
    # All but the last stand at their neighbours' time; nothing follows that could expose it.
    assert [r.received for r in records if r.received > NOON + 99 * MINUTE] == [
        NOON + 99 * MINUTE + 3 * HOUR
    ]


def test_a_night_is_believed():
    lines = [line(n * MINUTE) for n in range(5)] + [line(DAY + n * MINUTE) for n in range(3)]
    assert [r.received - NOON for r in ordered(lines)] == [
        *(n * MINUTE for n in range(5)),
        *(DAY + n * MINUTE for n in range(3)),
    ]


def test_what_cannot_be_read_stays_where_it_was():
    rubbish = Timed(b"{", "f:", 2, None, "")
    values = [r.value for r in ordered([line(0), line(SECOND), rubbish, line(2 * SECOND)])]
    assert values.index(b"{") in (1, 2)


def test_rounds_are_numbered_and_the_last_is_marked():
    records = ordered([line(n * SECOND) for n in range(25)])
    rounds = list(in_rounds(records, 10))
    assert [(r.round, len(r.records), r.last) for r in rounds] == [
        (0, 10, False),
        (1, 10, False),
        (2, 5, True),
    ]
    assert [r.watermark for r in rounds] == [NOON + s * SECOND for s in (9, 19, 24)]
    assert [record.seq for r in rounds for record in r.records] == list(range(1, 26))


def test_an_empty_recording_is_one_empty_round():
    (only,) = in_rounds([], 10)
    assert (only.records, only.last) == ([], True)


class TestSource:
    def part(self, resume=None, speed=0.0, now=None):
        records = ordered([line(n * SECOND) for n in range(25)])
        source = ReplaySource(
            lambda: in_rounds(records, 10), Drain(), Progress(), speed, now or (lambda: START)
        )
        return source.build_part("events", "replay", resume)

    def test_it_resumes_after_the_rounds_it_gave(self):
        part = self.part()
        (first,) = part.next_batch()
        (second,) = self.part(part.snapshot()).next_batch()
        assert (first.round, second.round) == (0, 1)

    def test_it_waits_as_long_as_it_took_divided_by_the_speed(self):
        clock = [START]
        part = self.part(speed=10.0, now=lambda: clock[0])
        assert len(part.next_batch()) == 1
        assert part.next_batch() == []
        assert part.next_awake() == START + timedelta(seconds=1)
        clock[0] = START + timedelta(seconds=1)
        assert [batch.round for batch in part.next_batch()] == [1]


START = datetime(2026, 1, 1, tzinfo=UTC)
