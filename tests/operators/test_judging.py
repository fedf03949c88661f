"""Answers judged by what came next, in whichever order both are read."""

from itertools import count
from typing import Any

import msgspec
import pytest

from contracts.codec import encode_json
from contracts.decisions import Answer, ServedItem
from contracts.settings import FlowSettings
from operators import judging
from operators.examples import Answered, Reached
from operators.judging import PERSON_MS, TOUCHES, WITHIN_MS, Judge, packed_items
from operators.messages import LIVE_ROUND, Examples, Views
from operators.scoreboard_stage import ReachedExamples, ScoreboardStage, answered_of
from tests.builders import MINUTE, NOON, SECOND

_numbers = count()


def answer(
    user: str = "ada",
    at: int = 0,
    shown: tuple[int, ...] = (1, 2, 3),
    *,
    since: int = 0,
    beside: int | None = None,
    arm: str = "blend",
    trending: tuple[int, ...] = (3,),
) -> Answered:
    lists = {"shown": packed_items(shown), "trending": packed_items(trending)}
    request = f"r{next(_numbers)}"
    return Answered("shop", user, request, NOON + at, NOON + since, beside, arm, lists)


def touch(item: int, at: int, user: str = "ada", time: int | None = None) -> Reached:
    when = NOON + (at if time is None else time)
    return Reached("shop", user, 0, when, NOON + at, item)


def judge(*came: Answered | Reached, **settings: Any) -> Judge:
    made = Judge(FlowSettings(**settings))
    feed(made, *came)
    return made


def feed(made: Judge, *came: Answered | Reached) -> None:
    for one in came:
        if isinstance(one, Reached):
            made.reached(one)
        else:
            made.answered(one)


def shown(made: Judge) -> dict[str, Any]:
    found: dict[str, Any] = made.report()["models"].get("shown", {})
    return found


@pytest.mark.parametrize("answer_first", [True, False])
def test_the_first_touch_after_an_answer_is_what_had_come_next(answer_first: bool) -> None:
    touches = [touch(3, SECOND), touch(1, 2 * SECOND)]
    got = judge(answer(), *touches) if answer_first else judge(*touches, answer())
    told = shown(got)
    assert (told["predictions"], told["hr@10"], told["mrr@10"], told["ndcg@10"]) == (
        1,
        1.0,
        0.3333,
        0.5,
    )
    assert got.report()["models"]["trending"]["mrr@10"] == 1.0
    assert got.report()["waiting"] == 0


@pytest.mark.parametrize("answer_first", [True, False])
@pytest.mark.parametrize(
    ("asked", "came"),
    [
        (answer(), touch(1, -SECOND)),
        (answer(beside=1), touch(1, SECOND)),
        (answer(since=5 * SECOND), touch(1, SECOND)),
        (answer(), touch(1, SECOND, user="bob")),
    ],
    ids=["before", "the item on the page", "known to the answer", "somebody else"],
)
def test_what_tells_nothing_counts_for_nothing(
    asked: Answered, came: Reached, answer_first: bool
) -> None:
    got = judge(*((asked, came) if answer_first else (came, asked)))
    assert shown(got) == {}
    assert got.report()["waiting"] == 1
    assert got.report()["arms"] == {}


def test_an_answer_that_nothing_follows_counts_for_the_arm_alone() -> None:
    late = touch(1, WITHIN_MS + SECOND)
    for got in (
        judge(answer(), late),
        judge(late, answer()),
        judge(answer(), touch(1, WITHIN_MS + SECOND, user="bob")),
    ):
        assert shown(got) == {}
        told = got.report()["arms"]["blend"]
        assert (told["answers"], told["touched"], told["hr@10"]) == (1, 0, 0.0)


def test_each_answer_is_judged_by_what_came_after_it() -> None:
    got = judge(answer(), answer(at=SECOND), touch(1, 2 * SECOND), touch(2, 3 * SECOND))
    assert (shown(got)["predictions"], shown(got)["mrr@10"]) == (2, 1.0)
    told = got.report()["arms"]["blend"]
    assert (told["answers"], told["touched"]) == (2, 2)


def test_where_what_came_first_is_forgotten_nothing_is_made_up() -> None:
    touches = [touch(1, (n + 1) * SECOND) for n in range(TOUCHES + 5)]
    got = judge(*touches, answer())
    assert shown(got) == {}
    assert got.report()["unjudged"] == 1


def test_waiting_is_bounded_and_says_how_many_it_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "MAX_WAITING", 20)
    monkeypatch.setattr(judging, "TOUCHED_PEOPLE", 5)
    got = judge(*(answer(user=f"u{n}") for n in range(50)))
    assert (got.report()["waiting"], got.report()["unjudged"]) == (20, 30)
    feed(got, *(touch(1, SECOND, user=f"u{n}") for n in range(50)))
    assert shown(got)["predictions"] == 20
    assert len(got._touches) == 5


def trial_of(people: int, hit_of: dict[str, bool], begin: int = 0) -> list[Answered | Reached]:
    """People come a minute apart, alternately of two arms, and ask twice each."""
    came: list[Answered | Reached] = []
    for number in range(people):
        arm = list(hit_of)[number % len(hit_of)]
        user, at = f"p{begin}-{number}", begin + number * MINUTE
        for again in range(2):
            came.append(answer(user, at + again * SECOND, arm=arm))
            item = 1 if hit_of[arm] else 9
            came.append(touch(item, at + again * SECOND + 1, user))
    return came


def test_people_count_once_and_by_the_mean_of_their_answers() -> None:
    got = judge(*trial_of(40, {"blend": False, "trending": True}))
    assert got.report()["contest"]["judged"] == 0  # their day is not over
    feed(got, touch(5, PERSON_MS + 2 * 40 * MINUTE, user="late"))
    told = got.report()
    assert told["people"]["counted"] == 39  # there was no challenger yet when the first one came
    assert told["contest"]["judged"] == 19
    challenger = told["contest"]["challengers"]["trending"]
    assert (challenger["judged"], challenger["ahead"], challenger["loss"]) == (20, 1.0, 0.0)
    # The same people again: they had their say.
    again = [answer(f"p0-{n}", 2 * PERSON_MS, arm="blend") for n in range(40)]
    feed(got, *again, *(touch(1, 2 * PERSON_MS + 1, f"p0-{n}") for n in range(40)))
    feed(got, touch(5, 4 * PERSON_MS, user="late"))
    assert got.report()["contest"]["judged"] == 20  # but for the first one


def test_a_challenger_that_people_do_better_with_is_promoted_if_that_is_set() -> None:
    came = trial_of(1_400, {"blend": False, "trending": True})
    end = touch(5, PERSON_MS + 2_000 * MINUTE, user="late")
    assert judge(*came, end).report()["contest"]["champion"] == "blend"
    got = judge(*came, end, promote=True)
    told = got.report()["contest"]
    assert told["champion"] == "trending"
    assert [p.name for p in told["promotions"]] == ["trending"]
    assert told["judged"] < 400
    # Everybody may be counted anew.
    assert got.report()["people"]["counted"] < 800


def test_state_is_saved_by_what_changed() -> None:
    came = trial_of(60, {"blend": True, "trending": False})
    waiting = [answer(f"w{n}", 100 * MINUTE + n, arm="blend") for n in range(30)]
    whole, saved = judge(*came[:100]), judge(*came[:100])
    parts = [saved.dump(full=True)]
    for begin in range(100, len(came), 20):
        feed(whole, *came[begin : begin + 20])
        feed(saved, *came[begin : begin + 20])
        parts.append(saved.dump(full=False))
    feed(whole, *waiting)
    feed(saved, *waiting)
    parts.append(saved.dump(full=False))
    copy = Judge(FlowSettings())
    copy.load(parts)
    assert copy.report() == whole.report()
    rest = [touch(1, 101 * MINUTE, user=f"w{n}") for n in range(20)]
    end = touch(5, PERSON_MS + 200 * MINUTE, user="late")
    feed(whole, *rest, end)
    feed(copy, *rest, end)
    assert copy.report() == whole.report()
    assert whole.report()["contest"]["challengers"]["trending"]["judged"] > 20


def test_the_log_is_read_as_it_is_written() -> None:
    given = Answer(
        request="r1",
        site="shop",
        user="ada",
        kind="recommendations",
        time=NOON,
        items=[ServedItem("cup", 0, 0.5, "together", 0.9, {"long": 1.0})],
        as_of=NOON - 5,
        arm="blend",
        beside="kettle",
        lists={"trending": ["kettle", "cup"]},
    )
    got = answered_of(encode_json(given))
    assert got is not None
    assert (got.request, got.time, got.since, got.arm) == ("r1", NOON, NOON - 5, "blend")
    assert len(got.lists["shown"]) == 4
    assert got.lists["shown"] == got.lists["trending"][4:]
    assert answered_of(encode_json(msgspec.structs.replace(given, lists={}))) is None
    with pytest.raises(msgspec.MsgspecError):
        answered_of(b'{"request": 1}')


def test_the_stage_publishes_figures_once_there_was_an_answer() -> None:
    stage = ScoreboardStage(FlowSettings(), b"", every=False)

    def take(*items: Any) -> None:
        stage.on_batch([Examples(LIVE_ROUND, "scoreboard", list(items))])

    take(touch(1, 0))
    assert not stage.waiting
    take(answer(at=SECOND))
    assert stage.waiting
    (views,) = stage.publish()
    assert isinstance(views, Views)
    (view,) = views.items
    assert (view.kind, view.site, view.id) == ("model", "shop", "scoreboard")
    assert msgspec.json.decode(view.value or b"")["waiting"] == 1
    take(touch(9, 0, user="bob"))
    assert not stage.waiting
    take(touch(1, 2 * SECOND))
    copy = ScoreboardStage(FlowSettings(), b"", every=False)
    copy.load([stage.dump(full=True)])
    assert copy.waiting
    assert copy.publish() == stage.publish()


def test_a_replay_knows_no_answers_and_keeps_nothing() -> None:
    stage = ScoreboardStage(FlowSettings(), b"", every=True)
    stage.on_batch([Examples(0, "scoreboard", [touch(1, 0)])])
    assert stage.finish() == []
    assert stage.dump(full=True) == ScoreboardStage(FlowSettings(), b"", every=True).dump(full=True)


def test_examples_are_made_of_the_people_of_the_sample() -> None:
    assert ReachedExamples(FlowSettings(score_share=0.0)).take(0) == []
