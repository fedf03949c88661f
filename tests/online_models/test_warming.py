"""What is compiled is compiled before it is needed, for the arrays that are used later."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

PROGRAM = """
from contracts.settings import FlowSettings
from online_models import kernels
from online_models.recommender import ItemRecommender
from online_models.warming import warm
from operators.item_stages import ItemStage
from operators.messages import LIVE_ROUND, Touchpoint
from operators.routing import to_shards

NOW = 1_700_000_000_000

warm()
loops = [getattr(kernels, name) for name in kernels.__all__ if name != "SMALL"]
before = [len(loop.signatures) for loop in loops]
assert all(before), before
for batch in (1, 2):
    model = ItemRecommender(batch=batch, repeats=batch == 2)
    for user in range(20):
        for item in range(user, user + 5):
            model.learn_one(user, item % 7)
            model.learn_from_choice(model.slate(user), item % 7)
    model.rank(3, range(7))
stage = ItemStage(FlowSettings())
points = [Touchpoint("shop", n % 9, "view", NOW + n, n, [n % 7, n % 5]) for n in range(20)]
for _, batch in to_shards(LIVE_ROUND, points, [], 1):
    stage.on_batch([batch])
assert stage.finish()
assert [len(loop.signatures) for loop in loops] == before
"""


def test_nothing_is_compiled_after_warming_up() -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=root)
