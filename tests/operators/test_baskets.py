"""Windows of touches and orders, as applied events make them, and what a stage learns."""

import random

import pytest

from contracts.codec import load_json
from contracts.events import Event
from contracts.profile import Profile
from contracts.settings import FlowSettings
from operators.basket_stage import BasketStage
from operators.baskets import ORDER_MS, SILENCE_MS, BasketExamples
from operators.examples import Bought, Window
from operators.messages import Arrived, Examples
from operators.profile import Applied

NOON = 1_700_000_000_000
SECOND = 1_000


def applied(type_="view", user="ada", seq=0, at=0, late=False, adopted=False, **given):
    event = Event(id=f"e{seq}", type=type_, time=NOON + at, user=user, **given)
    arrived = Arrived(event, event.time, seq, late=late, category="kitchen", title="A thing")
    return Applied(Profile(1, "default", user), arrived, adopted, False, True, False, None, [])


def seen(maker, *events, clock=NOON):
    for event in events:
        maker(event)
    return maker.take(clock)


def items(window):
    return [one.item or one.title for one in window.touched]


def test_a_window_closes_with_its_fifth_item():
    maker = BasketExamples(FlowSettings())
    events = [applied(item=f"i{n}", seq=n, at=n * SECOND) for n in range(7)]
    (window,) = seen(maker, *events)
    assert items(window) == ["i0", "i1", "i2", "i3", "i4"]
    assert (window.user, window.seq, window.time) == ("ada", 4, NOON + 4 * SECOND)
    assert window.touched[0].category == "kitchen"
    # The other two come once the person has been silent for a day.
    assert seen(maker, clock=NOON + SILENCE_MS) == []
    (rest,) = seen(maker, clock=NOON + SILENCE_MS + 6 * SECOND)
    assert items(rest) == ["i5", "i6"]
    assert seen(maker, clock=NOON + 9 * SILENCE_MS) == []


def test_however_often_windows_close_each_person_is_looked_at_once():
    maker = BasketExamples(FlowSettings())
    for n in range(203):
        at = n * SILENCE_MS // 100
        seen(maker, applied("purchase", item=f"i{n}", seq=n, at=at), clock=NOON + at)
    assert len(maker._deadlines) == 2  # the window's and the order's
    (rest,) = seen(maker, clock=NOON + 9 * SILENCE_MS)
    assert isinstance(rest, Window)
    assert not maker._deadlines


def test_the_same_item_again_is_no_other_one_and_searches_are_kept():
    maker = BasketExamples(FlowSettings())
    events = [
        applied("search", query="tea", seq=0),
        applied(item="cup", seq=1),
        applied("add_to_cart", item="cup", seq=2),
        applied("impression", item="pot", seq=3),
        applied("dislike", item="lid", seq=4),
        applied(item="late", seq=5, late=True),
        applied(item="old", seq=6, adopted=True),
    ]
    assert seen(maker, *events) == []
    (window,) = seen(maker, clock=NOON + 2 * SILENCE_MS)
    assert items(window) == ["tea", "cup"]


def test_silence_parts_windows_also_where_no_clock_told():
    maker = BasketExamples(FlowSettings())
    first = applied(item="cup", seq=0)
    second = applied(item="rake", seq=1, at=2 * SILENCE_MS)
    (window,) = seen(maker, first, second)
    assert items(window) == ["cup"]


def test_an_endless_search_fills_a_window():
    maker = BasketExamples(FlowSettings())
    events = [applied("search", query=f"q{n}", seq=n) for n in range(40)]
    windows = seen(maker, *events)
    assert [len(window.touched) for window in windows] == [15, 15]


def test_an_order_is_taught_as_its_lines_come():
    maker = BasketExamples(FlowSettings())

    def buy(item, seq, order="o1", at=0):
        return applied("purchase", item=item, seq=seq, order=order, at=at)

    (first,) = seen(maker, buy("cup", 0), buy("cup", 1), buy("pot", 2))
    assert (first.items, first.before, first.seq) == (["cup", "pot"], [], 2)
    (second,) = seen(maker, buy("lid", 3, at=SECOND))
    assert (second.items, second.before) == (["lid"], ["cup", "pot"])
    (third,) = seen(maker, buy("hose", 4, order="o2", at=2 * SECOND))
    assert (third.items, third.before) == (["hose"], [])
    window, fourth = seen(maker, buy("rake", 5, order="o2", at=ORDER_MS + 3 * SECOND))
    assert isinstance(window, Window)
    assert (fourth.items, fourth.before) == (["rake"], [])


def shopping(count=400):
    rng = random.Random(4)
    made = []
    for n in range(count):
        type_ = rng.choice(("view", "view", "search", "purchase"))
        given = {"query": f"shelf {n % 3}"} if type_ == "search" else {"item": f"i{n * n % 23}"}
        order = f"o{n // 9}" if type_ == "purchase" else None
        user = f"u{rng.randrange(6)}"
        made.append(applied(type_, user, n, n * 900 * SECOND, order=order, **given))
    return made


@pytest.mark.parametrize("at", [1, 7, 20])
def test_saved_and_resumed_the_same_comes_out(at):
    events = shopping()
    straight, broken = BasketExamples(FlowSettings()), BasketExamples(FlowSettings())
    stage, copy = (BasketStage(FlowSettings(), b"", True) for _ in range(2))
    makers, stages = [broken.dump(full=True)], [copy.dump(full=True)]
    for begin in range(0, len(events), 20):
        batch = events[begin : begin + 20]
        clock = batch[-1].arrived.event.time
        out = seen(straight, *batch, clock=clock)
        stage.on_batch([Examples(0, "baskets", list(out))])
        if begin // 20 == at:
            broken, copy = BasketExamples(FlowSettings()), BasketStage(FlowSettings(), b"", True)
            broken.load(makers)
            copy.load(stages)
        again = seen(broken, *batch, clock=clock)
        assert again == out
        copy.on_batch([Examples(0, "baskets", list(again))])
        makers.append(broken.dump(full=False))
        stages.append(copy.dump(full=False))
    assert copy.finish() == stage.finish()
    assert any(isinstance(one, Bought) for one in out)


def test_a_stage_shows_what_changed_in_turns_and_all_of_it_at_the_end():
    stage = BasketStage(FlowSettings(), b"", False)
    assert not stage.waiting
    assert stage.finish() == stage.publish() == []
    lessons = [
        Bought("default", "ada", n, NOON + n, ["cup", "pot"] if n % 2 else ["rake"])
        for n in range(40)
    ]
    stage.on_batch([Examples(-1, "baskets", list(lessons))])
    assert stage.waiting
    (views,) = stage.publish()
    assert {view.id for view in views.items if view.kind == "rules"} == {"cup", "pot"}
    (model,) = [view for view in views.items if view.kind == "model"]
    assert load_json(model.value)["orders"] == 40
    assert not stage.waiting
    (final,) = stage.finish()
    (model,) = [view for view in final.items if view.kind == "model"]
    assert len(load_json(model.value)["digest"]) == 32
