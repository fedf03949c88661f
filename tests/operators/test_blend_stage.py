"""The blend's weights are learnt from the stream, and survive being saved at any moment."""

import random
from collections.abc import Iterator

from contracts.settings import FlowSettings
from online_models.slate import EXPERTS
from online_models.weights import Weights
from operators.blend_stage import BlendStage
from operators.examples import Choice, Touched
from operators.messages import LIVE_ROUND, Examples
from tests.builders import NOON

SETTINGS = FlowSettings()


def choices(count: int, seed: int = 1) -> Iterator[Choice]:
    """Yield choices of people who go along shelves of ten items, in order."""
    rng = random.Random(seed)
    before: list[tuple[int, str, int]] = []
    for at in range(count):
        if len(before) == 5 or not before:
            before, item = [], 10 * rng.randrange(8) + rng.randrange(5)
        else:
            item = before[-1][0] + 1
        time = NOON + at * 60_000
        about = Touched(f"i{item}", f"Thing {item % 7}", f"shelf {item // 10}")
        yield Choice("shop", "ada", at, time, item, "view", list(before), about)
        before.append((item, "view", time))


def batch(items: list[Choice]) -> Examples:
    return Examples(LIVE_ROUND, "blend", list(items))


def published(stage: BlendStage) -> bytes:
    (views,) = stage.finish()
    (view,) = views.items
    assert (view.kind, view.site, view.id) == ("weights", "shop", "blend")
    return view.value


def test_what_comes_next_is_learnt_to_be_trusted() -> None:
    stage = BlendStage(SETTINGS, b"", every=False)
    stage.on_batch([batch(list(choices(600)))])
    weights, fresh = Weights.unpack(published(stage)), Weights()
    assert weights.learned > 300
    gains = weights.of(3, 60_000) - fresh.of(3, 60_000)
    last_next, medium = (gains[EXPERTS.index(name)] for name in ("last_next", "medium"))
    assert last_next > 0.2 > medium


def test_a_saved_stage_learns_on_alike_whenever_it_was_saved() -> None:
    every = list(choices(300))
    whole = BlendStage(SETTINGS, b"", every=False)
    whole.on_batch([batch(every)])
    parts: list[bytes] = []
    stage = BlendStage(SETTINGS, b"", every=False)
    for begin in range(0, 300, 45):
        stage.on_batch([batch(every[begin : begin + 45])])
        parts.append(stage.dump(full=not parts))
        stage = BlendStage(SETTINGS, b"", every=False)
        stage.load(parts)
    assert published(stage) == published(whole)


def test_it_is_learnt_how_far_to_trust_that_items_are_alike() -> None:
    def choose(described: bool) -> float:
        stage, dice = BlendStage(SETTINGS, b"", every=False), random.Random(2)
        for at in range(1_500):
            # People stay at a shelf, and take any of its forty things: no two go together.
            shelf = dice.randrange(12)
            before = [(40 * shelf + dice.randrange(40), "view", NOON + at) for _ in range(3)]
            item = 40 * shelf + dice.randrange(40)
            about = Touched(f"i{item}", "", f"shelf {shelf}") if described else Touched()
            choice = Choice("shop", "ada", at, NOON + at * 60_000, item, "view", before, about)
            stage.on_batch([batch([choice])])
        return float(Weights.unpack(published(stage)).of(3, 60_000)[EXPERTS.index("alike")])

    untaught = float(Weights().of(3, 60_000)[EXPERTS.index("alike")])
    assert choose(described=True) > untaught + 0.2
    assert choose(described=False) == untaught


def test_nothing_new_publishes_nothing() -> None:
    stage = BlendStage(SETTINGS, b"", every=False)
    assert not stage.waiting
    assert stage.publish() == []
    stage.on_batch([batch(list(choices(3)))])
    assert stage.waiting
    assert len(stage.publish()) == 1
    assert not stage.waiting
