"""Compiling what is compiled before it is needed: it takes some ten seconds, once a machine.

What was compiled is kept beside the code, or in the folder that `NUMBA_CACHE_DIR` names. A process
that learns or answers warms up before it says that it is ready, and `headrace evaluate` before it
takes the time; `make install` does so too:

    python -m online_models.warming
"""

from typing import Any, Final

import numpy as np

from contracts.lean import lean
from online_models.blend import Weights, best
from online_models.content import Content
from online_models.crowd import crowd_of
from online_models.pairs import PairBuffer
from online_models.recommender import ItemRecommender
from online_models.rows import TopList, pack_row, pack_top, unpack_row, unpack_top
from online_models.slate import slate
from online_models.slot_table import SlotTable
from online_models.touches import Touch

ITEMS: Final = (1, 2, 3)
UNTOUCHED: Final = (4, 5)


def warm() -> None:
    """Use every compiled loop once, with all kinds of arrays that it is given later.

    At once where they were compiled before, or where nothing is to be compiled.
    """
    with lean():
        _warm()


def _warm() -> None:
    content = Content()
    for item in (*ITEMS, *UNTOUCHED):
        content.put(item, ["c kitchen"])
    content.touched(ITEMS)
    touches = [Touch(item, "view", item) for item in ITEMS]
    table, pairs = SlotTable(), PairBuffer(2)
    pairs.add_others(touches[-1], ITEMS[:2])
    columns = pairs.take()
    table.learn_many(*columns)
    # What a worker gets of another, or of its own earlier steps, are bytes as well.
    of_bytes: Any = [np.frombuffer(column.tobytes(), column.dtype) for column in columns]
    table.learn_many(*of_bytes)
    rows = table.rows(ITEMS, 4)
    # The API reads bytes that may not be written, and evaluation arrays that may.
    packed = {item: unpack_row(pack_row(row)) for item, row in rows.items()}
    top = TopList(np.array(ITEMS, np.uint64), np.ones(len(ITEMS), np.float32), 0, 3.0)
    crowd = crowd_of({"short": unpack_top(pack_top(top)), "long": top})
    found, weights = slate(touches, packed, crowd, (), 4, content=content), Weights()
    best(found, weights, 2)
    weights.learn_one(found, 0)
    _recommend()


def _recommend() -> None:
    model = ItemRecommender()
    for item in UNTOUCHED:
        model.describe(item, ["c kitchen"])
    for user in ITEMS:
        for item in ITEMS:
            model.learn_one(user, item)
            model.learn_from_choice(model.slate(user), item)
    model.rank(ITEMS[0], ITEMS)


if __name__ == "__main__":
    warm()
