"""What is compiled is compiled before it is needed, for the arrays that are used later."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

PROGRAM = """
from online_models import kernels
from online_models.recommender import ItemRecommender
from online_models.warming import warm

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
assert [len(loop.signatures) for loop in loops] == before
"""


def test_nothing_is_compiled_after_warming_up() -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=root)
