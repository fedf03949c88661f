"""The compiled inner loops give the same bits as the numpy ones."""

import numpy as np
import pytest

from online_models import pooling, slot_table
from online_models.slot_table import DAY_MS, SlotTable

pytest.importorskip("numba", reason="needs the extra `fast`")

from online_models import pooling_fast


def some_rows(rng: np.random.Generator) -> pooling.Rows:
    lengths = rng.integers(0, 65, size=int(rng.integers(0, 21)))
    count = int(lengths.sum())
    trust = rng.random(len(lengths))
    return pooling.Rows(
        rng.integers(0, 300, size=count, dtype=np.uint64) << np.uint64(55),
        rng.exponential(size=(count, 2)).astype(np.float32) * rng.integers(0, 2, size=(count, 2)),
        lengths,
        trust,
        1.0 / (3.0 + rng.exponential(20.0, size=(len(lengths), 2))),
        newest=bool(rng.integers(0, 2)),
    )


@pytest.mark.parametrize("seed", range(30))
def test_pooling_is_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = some_rows(rng)
    others = rng.integers(0, 400, size=int(rng.integers(0, 90)), dtype=np.uint64) << np.uint64(55)
    expected, compiled = pooling.pool(rows, others), pooling_fast.pool(rows, others)
    assert compiled.items.tolist() == expected.items.tolist()
    assert compiled.sums.tolist() == expected.sums.tolist()


@pytest.fixture
def batches() -> list[tuple[np.ndarray, ...]]:
    """Batches of pairs that fill the rows several times over."""
    rng = np.random.default_rng(7)
    return [
        (
            rng.integers(0, 12, size=count, dtype=np.uint64),
            rng.integers(100, 140, size=count, dtype=np.uint64),
            rng.integers(0, 2, size=count).astype(np.int8),
            rng.normal(1.0, 1.0, size=count).astype(np.float32),
            np.sort(rng.integers(at * DAY_MS, (at + 1) * DAY_MS, size=count)),
        )
        for at, count in enumerate(rng.integers(1, 250, size=40).tolist())
    ]


def test_rows_learn_the_same(
    batches: list[tuple[np.ndarray, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def learnt() -> bytes:
        table = SlotTable(slots=8)
        for batch in batches:
            table.learn_many(*batch)
        return table.dump()

    compiled = learnt()
    monkeypatch.setattr(slot_table, "fast_slots", lambda: None)
    assert learnt() == compiled
