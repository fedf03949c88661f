"""Lists that were shown, through the whole graph: what the ranker makes of them."""

import random

import pytest

from contracts.codec import load_json
from online_models.rank_weights import RankWeights
from online_models.ranker import Ranker
from online_models.touches import number_of
from online_models.tracks import CLICKS, SHOWN, unpack_row
from tests.builders import MINUTE, SECOND, raw
from tests.flows.test_live import Run

BEST = "i0"


def shown_lists(count=60, people=9):
    """Return lists of five, of which people like `BEST`, and else what they had liked before."""
    rng = random.Random(3)
    records = []
    for n in range(count):
        user, at = f"u{n % people}", n * MINUTE
        items = rng.sample([f"i{k}" for k in range(12)], 5)
        for position, item in enumerate(items):
            fields = {"position": position, "price": float(1 + position), "request": f"r{n}"}
            records.append(
                raw("impression", user=user, at=at, item=item, id=f"s{n}-{position}", **fields)
            )
        if n % 4:
            liked = BEST if BEST in items else items[n % 5]
            records.append(
                raw("click", user=user, at=at + SECOND, item=liked, request=f"r{n}", id=f"c{n}")
            )
    return records


def ours(run):
    """Return the ranker's views; live, neighbour rows are as of when they happened to be packed."""
    kinds = ("track", "rank-weights", "model")
    return {key: run.state[key] for key in run.state if key[0] in kinds and key[2] != "items"}


def rows(run):
    return {key[2]: unpack_row(value) for key, value in run.state.items() if key[0] == "track"}


@pytest.mark.parametrize("ordered", [True, False])
def test_lists_teach_the_ranker(tmp_path, ordered):
    run = Run(shown_lists(), tmp_path, ordered=ordered)
    counts = load_json(run.state["model", "default", "ranker"])
    assert counts["clicks"] == counts["learned"] == 45
    assert counts["unmatched"] == 0
    assert counts["items"] == 12
    weights = RankWeights.unpack(run.state["rank-weights", "default", "all"])
    assert weights.learned == 45
    found = rows(run)
    assert len(found) == 12
    best = found[f"{number_of(BEST):016x}"]
    assert all(best[CLICKS][2] >= row[CLICKS][2] for row in found.values())
    assert (best[SHOWN] > best[CLICKS]).all()


@pytest.mark.parametrize("ordered", [True, False])
def test_aborted_and_resumed_lists_end_in_the_same_state(tmp_path, ordered):
    records = shown_lists()
    straight = Run(records, tmp_path / "straight", ordered=ordered)
    broken = Run(records, tmp_path / "broken", ordered=ordered, aborts=(2, 9, 20))
    assert ours(broken) == ours(straight)


@pytest.mark.parametrize("workers", [2, 4])
def test_a_replay_of_lists_is_the_same_with_any_number_of_workers(tmp_path, workers):
    records = shown_lists()
    one = Run(records, tmp_path / "one")
    many = Run(records, tmp_path / "many", workers=workers)
    assert many.state == one.state


def test_the_graph_learns_what_the_model_alone_does(tmp_path):
    """What evaluation measures is what the stream runs."""
    records = [
        raw("impression", user="ada", item=item, position=n, request="r", id=f"s{n}", at=n)
        for n, item in enumerate(("cup", "pot", "lid"))
    ]
    records.append(raw("click", user="ada", item="pot", request="r", id="c", at=SECOND))
    run = Run(records, tmp_path)
    model, start = Ranker(), 1_700_000_000_000
    for n, item in enumerate(("cup", "pot", "lid")):
        model.show("r", [number_of(item)], [n], [(0.0, 0.0, 0.0, 0.0)], 0, start + n)
    assert model.click("r", number_of("pot"), start + SECOND)
    assert run.state["rank-weights", "default", "all"] == model.weights.pack()
    for item in ("cup", "pot", "lid"):
        number = number_of(item)
        assert run.state["track", "default", f"{number:016x}"] == model.tracks.packed(number)


def test_events_without_a_request_teach_the_ranker_nothing(tmp_path):
    records = [raw("impression", item="cup"), raw("click", item="cup", at=SECOND)]
    run = Run(records, tmp_path)
    assert not any(key[0] in ("track", "rank-weights") for key in run.state)


def test_a_device_that_signs_in_does_not_teach_twice(tmp_path):
    shown = [
        raw("impression", user=None, device="d", item=item, request="r", position=n, at=n)
        for n, item in enumerate(("cup", "pot"))
    ]
    signed = [
        raw("click", user=None, device="d", item="pot", request="r", at=SECOND),
        raw("identify", user="ada", device="d", at=2 * SECOND),
    ]
    run = Run([*shown, *signed], tmp_path)
    counts = load_json(run.state["model", "default", "ranker"])
    assert (counts["clicks"], counts["unmatched"]) == (1, 0)


def test_two_sites_have_two_rankers(tmp_path):
    records = [
        raw("impression", site=site, item=item, request="r", position=n, at=n, id=f"{site}{n}")
        for site in ("one", "two")
        for n, item in enumerate(("cup", "pot"))
    ]
    records.append(raw("click", site="one", item="pot", request="r", at=SECOND))
    run = Run(records, tmp_path)
    clicks = {
        site: load_json(run.state["model", site, "ranker"])["clicks"] for site in ("one", "two")
    }
    assert clicks == {"one": 1, "two": 0}
