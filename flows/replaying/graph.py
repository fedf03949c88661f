"""The graph on a recording: one source in total order, nothing written but views."""

from bytewax.dataflow import Dataflow

from flows.catalog_table import catalog_view
from flows.discard import Discard
from flows.live import Sinks, build
from flows.process import Process
from flows.replaying.input import open_source
from flows.replaying.spec import ReplaySpec
from flows.view_writes import ViewWrites


def replay(process: Process, spec: ReplaySpec) -> Dataflow:
    """Return the graph that replays `spec` into the process's namespace.

    Facts, triggers and refused records are counted and go nowhere: a replay delivers nothing to anybody.
    """
    source, items = open_source(spec, process)
    for item in items:
        process.catalogue.put(item)
    if process.launch.process_id == 0:
        views = process.views()
        views.write(ViewWrites(process.settings.namespace)(map(catalog_view, items)))
    sinks = Sinks(process.view_sink(), Discard(), Discard(), Discard())
    return build(source, sinks, process.settings.flow, process.resources(), ordered=True)
