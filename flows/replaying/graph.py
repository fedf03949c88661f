"""The graph on a recording: one source in total order, nothing written but views."""

from typing import Any

from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from flows.catalog_table import catalog_view
from flows.live import Sinks, build
from flows.process import Process
from flows.replaying.input import open_source
from flows.replaying.spec import ReplaySpec
from flows.view_writes import ViewWrites


def replay(process: Process, spec: ReplaySpec) -> Dataflow:
    """Return the graph that replays `spec` into the process's namespace.

    Facts and refused records are counted and go nowhere: a replay delivers nothing to anybody.
    """
    source, items = open_source(spec, process)
    for item in items:
        process.catalogue.put(item)
    if process.launch.process_id == 0:
        views = process.views()
        views.write(ViewWrites(process.settings.namespace)(map(catalog_view, items)))
    sinks = Sinks(process.view_sink(), Discard(), Discard())
    return build(source, sinks, process.settings.flow, process.resources(), ordered=True)


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
