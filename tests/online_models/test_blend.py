import numpy as np
import pytest

from online_models.blend import Candidate, best, rank, wanted
from online_models.rows import NeighbourRow, TopList
from online_models.slate import CANDIDATES, EXPERTS, WINDOW, Slate, slate
from online_models.touches import Touch
from online_models.weights import HISTORIES, LIMIT, PAUSES, Weights, bucket_of

NOW = 1_000_000


def row(weights: dict[int, tuple[float, float]]) -> NeighbourRow:
    keys = np.array(list(weights), np.uint64)
    return NeighbourRow(keys, np.array(list(weights.values()), np.float32), 0)


def top(weights: dict[int, float]) -> TopList:
    keys = np.array(list(weights), np.uint64)
    values = np.array(list(weights.values()), np.float32)
    return TopList(keys, values, 0, float(values.sum()))


def viewed(*items: int) -> list[Touch]:
    return [Touch(item, "view", at) for at, item in enumerate(items)]


def items(candidates: list[Candidate]) -> list[int]:
    return [candidate.item for candidate in candidates]


def ask(recents: list[Touch], rows: dict[int, NeighbourRow], **kw: object) -> list[Candidate]:
    tops = kw.pop("tops", {})
    exclude = kw.pop("exclude", ())
    return rank(recents, rows, tops, Weights(), 10, exclude, NOW, **kw)  # type: ignore[arg-type]


def test_nothing_known_gives_no_answer_and_no_error() -> None:
    assert ask([], {}) == []
    assert ask(viewed(1, 2), {}) == []
    assert ask([], {}, tops={"short": top({})}) == []


def test_a_stranger_gets_what_is_popular() -> None:
    answer = ask([], {}, tops={"long": top({5: 9.0, 6: 1.0})})
    assert items(answer) == [5, 6]
    assert {candidate.strategy for candidate in answer} == {"popular"}


def test_what_is_hot_now_is_called_trending() -> None:
    answer = ask([], {}, tops={"short": top({5: 9.0, 6: 1.0}), "long": top({6: 9.0})})
    assert {candidate.item: candidate.strategy for candidate in answer} == {
        5: "trending",
        6: "popular",
    }
    # An item that is hot as it always was is popular, though the short horizons say so too.
    steady = {name: top({5: 9.0, 6: 1.0}) for name in ("short", "medium", "long")}
    assert {candidate.strategy for candidate in ask([], {}, tops=steady)} == {"popular"}


def test_neighbours_of_the_recents_come_before_what_is_popular() -> None:
    rows = {1: row({7: (90.0, 0.0), 8: (10.0, 0.0)})}
    answer = ask(viewed(1), rows, tops={"long": top({9: 100.0, 7: 1.0, 8: 1.0})})
    assert items(answer)[0] == 7
    assert answer[0].strategy == "together"


def test_what_all_candidates_have_alike_explains_none_of_them() -> None:
    # In a shop of four items each is popular; the pair alone tells them apart.
    alike = {name: top(dict.fromkeys((1, 7, 8, 9), 5.0)) for name in ("short", "medium", "long")}
    answer = ask(viewed(1), {1: row({7: (2.0, 0.0)})}, tops=alike)
    assert [(candidate.item, candidate.strategy) for candidate in answer] == [
        (7, "together"),
        (8, "popular"),
        (9, "popular"),
    ]


def test_what_comes_next_in_the_visit_is_told_from_what_goes_together() -> None:
    answer = ask(viewed(1), {1: row({7: (0.0, 50.0), 8: (50.0, 0.0)})})
    assert {candidate.item: candidate.strategy for candidate in answer} == {
        7: "next",
        8: "together",
    }


def test_the_last_item_counts_more_than_earlier_ones() -> None:
    rows = {1: row({7: (50.0, 0.0)}), 2: row({8: (50.0, 0.0)})}
    assert items(ask(viewed(1, 2), rows))[0] == 8
    assert items(ask(viewed(2, 1), rows))[0] == 7


def test_a_purchase_counts_more_than_a_view() -> None:
    rows = {1: row({7: (50.0, 0.0)}), 2: row({8: (50.0, 0.0)})}
    bought = [Touch(1, "purchase", 0), Touch(2, "view", 1)]
    assert items(ask(bought, rows))[0] == 7


def test_a_row_that_rests_on_little_is_believed_less() -> None:
    rows = {1: row({7: (1.0, 0.0)}), 2: row({8: (200.0, 0.0)})}
    assert items(ask(viewed(2, 1), rows))[0] == 8


def test_recents_come_back_only_where_repeats_are_asked_for() -> None:
    rows = {1: row({2: (50.0, 0.0), 7: (5.0, 0.0)})}
    assert items(ask(viewed(2, 1), rows)) == [7]
    again = ask(viewed(2, 1), rows, repeats=True)
    assert set(items(again)) == {1, 2, 7}
    assert next(c.strategy for c in again if c.item == 1) == "repeat"


def test_excluded_items_stay_away_and_their_places_are_filled() -> None:
    rows = {1: row({item: (float(item), 0.0) for item in range(2, 20)})}
    answer = ask(viewed(1), rows, exclude={19, 18, 999}, tops={"long": top({19: 1.0, 2: 1.0})})
    assert len(answer) == 10
    assert not {18, 19, 1} & set(items(answer))


def test_disliked_items_do_not_speak_for_their_neighbours() -> None:
    recents = [Touch(1, "view", 0), Touch(2, "dislike", 1)]
    assert wanted(recents) == [1]
    rows = {1: row({7: (5.0, 0.0)}), 2: row({8: (50.0, 0.0)})}
    assert items(ask(recents, rows)) == [7]


def test_touches_after_now_are_not_known_yet() -> None:
    rows = {1: row({7: (5.0, 0.0)}), 2: row({8: (5.0, 0.0)})}
    recents = [Touch(1, "view", 0), Touch(2, "view", NOW + 1)]
    assert items(ask(recents, rows)) == [7]


def test_scores_are_shares_and_parts_explain_them() -> None:
    rows = {1: row({7: (9.0, 3.0), 8: (4.0, 0.0)})}
    answer = ask(viewed(1), rows, tops={"long": top({9: 3.0, 7: 1.0})})
    assert sum(candidate.score for candidate in answer) == pytest.approx(1.0)
    assert [c.score for c in answer] == sorted((c.score for c in answer), reverse=True)
    first, second = answer[:2]
    gap = sum(first.parts.values()) - sum(second.parts.values())
    assert np.log(first.score / second.score) == pytest.approx(gap)
    assert tuple(first.parts) == EXPERTS


def test_candidates_and_recents_are_bounded() -> None:
    rows = {item: row({1000 * item + n: (1.0, 0.0) for n in range(64)}) for item in range(40)}
    made = slate(viewed(*range(40)), rows, {"long": top(dict.fromkeys(range(500), 1.0))}, (), NOW)
    assert len(made.items) == CANDIDATES
    assert made.history == WINDOW
    assert len(set(made.items.tolist())) == CANDIDATES


def test_ties_do_not_depend_on_the_order_of_anything() -> None:
    rows = {1: row({8: (5.0, 0.0), 7: (5.0, 0.0)}), 2: row({7: (5.0, 0.0), 8: (5.0, 0.0)})}
    assert items(ask(viewed(1, 2), rows)) == [7, 8]
    assert best(slate(viewed(1), rows, {}, (), NOW), Weights(), 0) == []


def asked(features: np.ndarray, history: int, pause: int = 1_000, own: int = 0) -> Slate:
    """Return a slate with these features; the first `own` candidates were touched before."""
    items = np.arange(len(features), dtype=np.uint64)
    return Slate(items, features, items < own, history, pause)


def test_weights_learn_whom_to_trust() -> None:
    """Of many experts, one is always right: its weight grows, and ranking follows."""
    rng = np.random.default_rng(1)
    weights = Weights()
    for _ in range(500):
        features = rng.exponential(size=(10, len(EXPERTS)))
        weights.learn_one(asked(features, history=5), int(features[:, 3].argmax()))
    learnt = weights.of(5, 1_000)
    assert learnt[3] > 2 * np.delete(learnt, 3).max()
    features = rng.exponential(size=(10, len(EXPERTS)))
    assert best(asked(features, 5), weights, 1)[0].item == features[:, 3].argmax()


def test_cases_share_what_is_learnt_and_keep_what_is_theirs() -> None:
    weights, fresh = Weights(), Weights()
    features = np.zeros((2, len(EXPERTS)))
    features[0, 0] = 1.0
    for _ in range(20):
        weights.learn_one(asked(features, history=0, pause=-1), 0)

    def moved(history: int, pause: int) -> float:
        return float(weights.of(history, pause)[0] - fresh.of(history, pause)[0])

    assert moved(0, -1) > moved(0, 0) > moved(1, 0) > 0.0
    assert moved(1, 0) == moved(16, PAUSES[-1])


def test_what_was_touched_before_is_weighed_by_itself() -> None:
    weights = Weights()
    features = np.zeros((4, len(EXPERTS)))
    features[:, 0] = 1.0
    even = weights.scores(asked(features, 3, own=0))
    for _ in range(50):
        weights.learn_one(asked(features, 3, own=2), 0)
    assert np.ptp(even) == 0.0
    own, other = weights.scores(asked(features, 3, own=2))[[0, 2]]
    assert own > other + 0.5


def test_weights_stay_within_limits_and_refuse_nonsense() -> None:
    weights = Weights()
    features = np.zeros((2, len(EXPERTS)))
    features[0] = 50.0
    for _ in range(5_000):
        weights.learn_one(asked(features, 3), 0)
        weights.learn_one(asked(features, 30), 1)
    assert np.abs(weights.of(3, 0)).max() <= 3 * LIMIT
    before = weights.pack()
    features[0, 0] = np.nan
    weights.learn_one(asked(features, 3), 0)
    weights.learn_one(asked(features[:1], 3), 0)
    assert weights.pack() == before


def test_packed_weights_come_back_and_learn_on_alike() -> None:
    weights = Weights()
    features = np.random.default_rng(2).exponential(size=(5, len(EXPERTS)))
    weights.learn_one(asked(features, 7, own=2), 2)
    copy = Weights.unpack(weights.pack())
    assert copy.learned == 1
    for each in (weights, copy):
        each.learn_one(asked(features, 1), 1)
    assert copy.pack() == weights.pack()
    with pytest.raises(ValueError, match="blend weights"):
        Weights.unpack(weights.pack()[:-5])


@pytest.mark.parametrize("least", [HISTORIES, PAUSES])
def test_every_value_has_a_bucket(least: tuple[int, ...]) -> None:
    assert [bucket_of(value, least) for value in least] == list(range(len(least)))
    assert bucket_of(1 << 50, least) == len(least) - 1


def test_a_pause_is_told_from_none() -> None:
    assert slate([], {}, {}, (), NOW).pause == -1
    assert slate([Touch(1, "view", NOW - 5)], {}, {}, (), NOW).pause == 5
    assert slate([Touch(1, "view", NOW + 5)], {}, {}, (), NOW).pause == 0
