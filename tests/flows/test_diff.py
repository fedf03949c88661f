"""What two runs differ in: decay and digests are no difference, what was learnt is."""

from typing import Any

import numpy as np
import pytest

from contracts.codec import dump_json
from contracts.keys import Keys, item_key
from flows.diff import KindDiff, diff, differs
from online_models.rows import NeighbourRow, TopList, pack_row, pack_top
from online_models.weights import Weights
from storage.views import Value
from tests.builders import HOUR, NOON

WEIGHTS = {"kettle": (3.0, 1.0), "pot": (0.7, 0.1), "mug": (0.013, 0.0)}


def row(weights: dict[str, tuple[float, float]], halvings: float = 0.0) -> bytes:
    """A row as of so many half-lives after `NOON`, rounded as a model rounds it."""
    keys = np.array([item_key(item) for item in weights], np.uint64)
    stored = np.array(list(weights.values()), np.float32)
    faded = (stored * np.float32(2.0**-halvings)).astype(np.float32)
    return pack_row(NeighbourRow(keys, faded, NOON + round(halvings * HOUR)))


def views(namespace: str, near: bytes, **others: Any) -> dict[str, Value]:
    keys = Keys(namespace)
    return {
        keys.catalog_page("shop", 3): {item.encode(): b"1" for item in (*WEIGHTS, "cup")},
        keys.neighbours("shop", "cup"): near,
        **{getattr(keys, name)("shop", "items"): value for name, value in others.items()},
    }


def compared(a: dict[str, Value], b: dict[str, Value]) -> dict[str, KindDiff]:
    return diff(iter(sorted(a.items())), iter(sorted(b.items())))


@pytest.mark.parametrize("halvings", [0.001, 0.37, 5.3, 40.0])
def test_a_row_as_of_another_moment_is_the_same(halvings: float) -> None:
    a, b = views("live", row(WEIGHTS)), views("rebuilt", row(WEIGHTS, halvings))
    assert a[Keys("live").neighbours("shop", "cup")] != b[Keys("rebuilt").neighbours("shop", "cup")]
    assert not differs(compared(a, b))
    assert not differs(compared(b, a))


def test_neighbours_that_differ_are_shown_by_name() -> None:
    changed = {**WEIGHTS, "pot": (0.8, 0.1)}
    found = compared(views("live", row(WEIGHTS)), views("rebuilt", row(changed, 2.0)))["near"]
    (example,) = found.examples
    assert (found.changed, example["site"], example["id"]) == (1, "shop", "cup")
    left, right = example["changes"]["together pot"]
    assert left == pytest.approx(0.7 / 4.813)
    assert right == pytest.approx(0.8 / 4.913)


def test_a_neighbour_that_one_lacks_and_a_row_that_one_lacks() -> None:
    less = {item: weights for item, weights in WEIGHTS.items() if item != "mug"}
    found = compared(views("a", row(WEIGHTS)), views("b", row(less)))["near"]
    assert found.examples[0]["changes"]["together mug"][1] is None
    alone = compared(views("a", row(WEIGHTS)), {})["near"]
    assert alone.only_in_a == 1
    assert alone.examples[0]["changes"]["together kettle"][1] is None


def test_a_row_that_learnt_all_of_it_twice_is_another_one() -> None:
    twice = {item: (2 * a, 2 * b) for item, (a, b) in WEIGHTS.items()}
    for later in (0.0, 0.5):
        found = compared(views("a", row(WEIGHTS)), views("b", row(twice, later)))["near"]
        left, right = found.examples[0]["changes"]["weight of all"]
        assert right == pytest.approx(left * 2 ** (1 - later), rel=1e-5)


def test_a_ranking_is_compared_by_its_shares() -> None:
    def top(factor: float, *weights: float) -> bytes:
        faded = np.array(weights, np.float32) * np.float32(factor)
        keys = np.array([item_key("cup"), item_key("pot")], np.uint64)
        return pack_top(TopList(keys, faded, NOON, 10.0 * factor))

    a = views("a", row(WEIGHTS), top=top(1.0, 3.0, 2.0))
    assert not differs(compared(a, views("b", row(WEIGHTS), top=top(0.3, 3.0, 2.0))))
    found = compared(a, views("b", row(WEIGHTS), top=top(0.3, 3.0, 1.0)))["top"]
    assert found.examples[0]["changes"] == {"share pot": [0.2, 0.1]}


def test_a_digest_that_only_one_has_is_no_difference() -> None:
    def model(digest: str | None, learnt: int = 5) -> bytes:
        return dump_json({"digest": digest, "learnt": learnt})

    def diff_of(left: bytes, right: bytes) -> KindDiff:
        return compared(
            views("a", row(WEIGHTS), model=left), views("b", row(WEIGHTS), model=right)
        )["model"]

    assert (diff_of(model(None), model("8e98")).same) == 1
    assert diff_of(model("8e98"), model("77aa")).examples[0]["changes"] == {
        "digest": ["8e98", "77aa"]
    }
    assert diff_of(model(None), model("8e98", 6)).examples[0]["changes"] == {"learnt": [5, 6]}


def test_a_model_that_learnt_nothing_yet_is_no_difference_to_none() -> None:
    idle, busy = dump_json({"learned": 0}), dump_json({"learned": 7})
    a = views("a", row(WEIGHTS))
    assert not differs(compared(a, views("b", row(WEIGHTS), model=idle)))
    found = compared(a, views("b", row(WEIGHTS), model=busy))["model"]
    assert (found.only_in_b, found.examples[0]["changes"]) == (1, {"learned": [None, 7]})


def test_what_differs_deep_in_a_model_is_named() -> None:
    def model(mean: float) -> bytes:
        return dump_json({"drift": {"series": {"carts": {"mean": mean, "drifts": 0}}}})

    found = compared(
        views("a", row(WEIGHTS), model=model(0.5)), views("b", row(WEIGHTS), model=model(0.4))
    )["model"]
    assert found.examples[0]["changes"] == {"drift.series.carts.mean": [0.5, 0.4]}


def test_a_blend_is_shown_by_what_it_trusts() -> None:
    trained = Weights()
    trained.learned = 3
    keys = Keys("a"), Keys("b")
    a, b = (
        {each.weights("shop"): blend.pack()}
        for each, blend in zip(keys, (Weights(), trained), strict=True)
    )
    (found,) = diff(iter(a.items()), iter(b.items())).values()
    assert found.examples[0]["changes"] == {"learned": [0, 3]}


def test_what_differs_always_shows_something() -> None:
    keys = Keys("a"), Keys("b")
    for left, right in ((b"\x91\x01", b"\x91\x02"), ({b"cup": b"1"}, {b"cup": b"2"})):
        a, b = (
            {each.concepts("shop"): value} for each, value in zip(keys, (left, right), strict=True)
        )
        (found,) = compared(a, b).values()  # type: ignore[arg-type]
        assert found.changed == 1
        assert found.examples[0]["changes"]
