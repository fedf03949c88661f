"""A sink for what is not to be delivered: the facts and refused records of a replay."""

from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition


class Discard(DynamicSink[Any]):
    """A sink that keeps nothing."""

    def build(
        self, step_id: str, worker_index: int, worker_count: int
    ) -> StatelessSinkPartition[Any]:
        """Return a worker's part."""
        return _DiscardPart()


class _DiscardPart(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        pass
