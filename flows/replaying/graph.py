"""The graph on a recording: one source in total order, nothing written but views."""

from bytewax.dataflow import Dataflow

from contracts.campaign_files import CampaignFileError, read_folder
from contracts.campaigns import CampaignVersion
from contracts.erasures import is_erasure
from contracts.keys import CONTROL_TOPIC
from contracts.settings import kafka_config
from flows.catalog_table import catalog_view
from flows.control_table import put, put_record
from flows.discard import Discard
from flows.live import Sinks, build
from flows.process import Process
from flows.replaying.input import open_source
from flows.replaying.source import UnusableRecording
from flows.replaying.spec import ReplaySpec
from flows.replaying.topic_range import control_records
from flows.view_writes import ViewWrites


def replay(process: Process, spec: ReplaySpec) -> Dataflow:
    """Return the graph that replays `spec` into the process's namespace.

    Facts, triggers and refused records are counted and go nowhere: a replay delivers nothing to
    anybody. The campaigns are those of the folder in the settings; without one, of a log those on
    its topic, each from when it came into force.
    """
    source, items = open_source(spec, process)
    for item in items:
        process.catalogue.put(item)
    read_control(spec, process)
    if process.launch.process_id == 0:
        views = process.views()
        views.write(ViewWrites(process.settings.namespace)(map(catalog_view, items)))
    sinks = Sinks(process.view_sink(), Discard(), Discard(), Discard())
    return build(source, sinks, process.settings.flow, process.resources(), ordered=True)


def read_control(spec: ReplaySpec, process: Process) -> None:
    """Put the campaigns that a replay goes by into the book, and who was erased into their table.

    Who was erased is so in every replay, and in all of it: that is known by now, whenever it was
    said. It is what the store keeps, and what the log says.
    """
    process.read_erasures()
    folder = process.settings.campaigns.folder
    try:
        files = [] if folder is None else read_folder(folder)
    except CampaignFileError as error:
        raise UnusableRecording(f"campaigns.folder: {error}") from None
    for file in files:
        given = file.campaign.as_dict()
        put(
            process.book,
            CampaignVersion(site=file.site, id=given["id"], version=1, time=0, campaign=given),
        )
    if spec.topics:
        for raw in control_records(kafka_config(process.settings), process.drain):
            if not files or is_erasure(raw):
                put_record(process.book, process.erased, raw, CONTROL_TOPIC)
