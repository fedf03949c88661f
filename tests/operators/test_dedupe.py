from hypothesis import given
from hypothesis import strategies as st

from operators.dedupe import LOOSE, SPANS, Dedupe
from tests.builders import DAY, HOUR, NOON, arrived


def ids_of(events):
    return [item.event.id for item in events]


def test_a_repeat_is_dropped_and_counted_within_a_batch_and_across_batches():
    dedupe = Dedupe(24, 1000)
    first = dedupe.on_batch([arrived(id="a"), arrived(id="b"), arrived(id="a")], NOON)
    second = dedupe.on_batch([arrived(id="b"), arrived(id="c")], NOON)
    assert (ids_of(first), ids_of(second)) == (["a", "b"], ["c"])
    assert dedupe.duplicates == 2


def test_the_same_id_of_another_source_or_site_is_another_event():
    dedupe = Dedupe(24, 1000)
    events = [arrived(id="a"), arrived(id="a", source="crm"), arrived(id="a", site="other")]
    assert len(dedupe.on_batch(events, NOON)) == 3


def test_an_id_is_remembered_for_the_whole_time_and_forgotten_after_it():
    dedupe = Dedupe(24, 1000)
    dedupe.on_batch([arrived(id="a")], NOON)
    for hour in range(25):
        assert dedupe.on_batch([arrived(id="a", at=hour * HOUR)], NOON + hour * HOUR) == []
    later = 24 * HOUR + 24 * HOUR // SPANS + HOUR
    assert len(dedupe.on_batch([arrived(id="a", at=later)], NOON + later)) == 1


def test_memory_is_bounded_and_what_was_forgotten_early_is_counted():
    dedupe = Dedupe(24, 100)
    for hour in range(48):
        events = [arrived(id=f"{hour}-{n}", at=hour * HOUR) for n in range(50)]
        dedupe.on_batch(events, NOON + hour * HOUR)
    # The open span is never cut: at most its own ids stand above the limit.
    assert len(dedupe) <= 100 + 50 * 24 // SPANS
    assert dedupe.forgotten > 0


def test_what_is_packed_within_a_span_is_known_all_the_same():
    dedupe, size = Dedupe(24, 10**6), LOOSE // 4
    batches = [[arrived(id=f"{b}-{n}") for n in range(size)] for b in range(10)]
    for batch in batches:
        assert len(dedupe.on_batch(batch, NOON)) == size
    assert len(dedupe) == 10 * size
    assert sum(map(len, dedupe._open.values())) < LOOSE, "the rest takes 8 bytes each"
    again = Dedupe(24, 10**6)
    again.load([dedupe.dump(full=True)])
    for batch in batches:
        assert dedupe.on_batch(batch, NOON) == again.on_batch(batch, NOON) == []
    assert again.dump(full=True) == dedupe.dump(full=True)


def test_an_event_with_an_old_arrival_does_not_turn_the_clock_back():
    dedupe = Dedupe(24, 1000)
    dedupe.on_batch([arrived(id="a", at=10 * HOUR)], NOON + 10 * HOUR)
    assert dedupe.on_batch([arrived(id="a", at=0)], NOON) == []


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40 * HOUR)), max_size=60),
    st.lists(st.booleans(), min_size=60, max_size=60),
)
def test_saved_in_parts_and_loaded_it_answers_as_if_it_had_run_on(steps, saves):
    straight, saved = Dedupe(24, 10_000), Dedupe(24, 10_000)
    parts: list[bytes] = []
    for (number, at), save in zip(steps, saves, strict=False):
        batch = [arrived(id=str(number), at=at)]
        expected = ids_of(straight.on_batch(batch, NOON))
        assert ids_of(saved.on_batch(batch, NOON)) == expected
        if save:
            parts.append(saved.dump(full=not parts))
            resumed = Dedupe(24, 10_000)
            resumed.load(parts)
            assert (len(resumed), resumed.duplicates) == (len(saved), saved.duplicates)
            saved = resumed


def test_a_batch_that_spans_days_forgets_as_many_batches_would():
    items = [arrived(id="a"), arrived(id="b", at=DAY), arrived(id="a", at=3 * DAY)]
    whole, apart = Dedupe(24, 1000), Dedupe(24, 1000)
    one = whole.on_batch(items, items[-1].received)
    several = [first for item in items for first in apart.on_batch([item], item.received)]
    assert one == several == items


def test_a_partition_that_is_read_ahead_makes_no_other_one_forget():
    dedupe = Dedupe(24, 1000)

    def take(id_, hour, part):
        item = arrived(id=id_, at=hour * HOUR)
        item.part = part
        return ids_of(dedupe.on_batch([item], item.received))

    assert take("a", 0, part=1) == ["a"]
    # After an outage: the other partition is a day and a half further.
    assert take("b", 36, part=2) == ["b"]
    copy = Dedupe(24, 1000)
    copy.load([dedupe.dump(full=True)])
    dedupe = copy
    assert take("a", 20, part=1) == []
    # Once the slower one has caught up, what is old goes.
    assert take("c", 66, part=1) == ["c"]
    assert take("a", 66, part=1) == ["a"]
