"""Compiling what is compiled before it is needed: it takes some ten seconds, once a machine.

What was compiled is kept beside the code, or in the folder that `NUMBA_CACHE_DIR` names. A process
that learns or answers warms up before it says that it is ready; `make install` does so too:

    python -m online_models.warming
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from online_models.blend import Weights, best
from online_models.crowd import crowd_of
from online_models.pairs import PairBuffer
from online_models.rows import NeighbourRow, TopList, pack_row, pack_top, unpack_row, unpack_top
from online_models.slate import evidence_of, slate, slate_of
from online_models.slot_table import SlotTable
from online_models.touches import Touch

ITEMS: Final = (1, 2, 3)


def warm() -> None:
    """Use every compiled loop once, with all kinds of arrays that it is given later.

    At once where they were compiled before, or where nothing is to be compiled.
    """
    touches = [Touch(item, "view", item) for item in ITEMS]
    table = _learnt(touches)
    made = TopList(np.array(ITEMS, np.uint64), np.ones(len(ITEMS), np.float32), 0, 3.0)
    rows = table.rows(ITEMS, 4)
    # The flow reads arrays that it wrote, the API bytes that may not be written.
    _answered(touches, table, rows, made)
    packed = {item: unpack_row(pack_row(row)) for item, row in rows.items()}
    _answered(touches, table, packed, unpack_top(pack_top(made)))


def _learnt(touches: list[Touch]) -> SlotTable:
    table, pairs = SlotTable(), PairBuffer(2)
    pairs.add_others(touches[-1], ITEMS[:2])
    table.learn_many(*pairs.take())
    table.learn_touch(touches[0], ITEMS[1:])
    return table


def _answered(
    touches: list[Touch], table: SlotTable, rows: Mapping[int, NeighbourRow], top: TopList
) -> None:
    crowd, weights = crowd_of({"short": top, "long": top}), Weights()
    found = slate(touches, rows, crowd, (), 4, repeats=True)
    best(found, weights, 2)
    weights.learn_one(found, 0)
    evidence = evidence_of(touches)
    gathered = table.gather([item for item, _ in evidence], 4)
    slate_of(touches, evidence, gathered, crowd, np.empty(0, np.uint64), 4)


if __name__ == "__main__":
    warm()
