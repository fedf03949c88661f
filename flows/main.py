"""The composition root: one process of the live dataflow, or of a replay.

The supervisor starts it as `python -m flows.main`, and says in the environment which of the
cluster's processes it is and where the settings are (`contracts.launch`).
"""

import gc

if __name__ == "__main__":
    gc.disable()  # until it runs: nothing imported is garbage, and looking takes a quarter

import logging
import os
import sys
import threading
import time
from typing import Final

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main

from contracts.keys import CATALOG_TOPIC, CONTROL_TOPIC, EVENT_TOPICS
from contracts.launch import Launch
from contracts.logs import log_to_stderr
from contracts.settings import kafka_config
from contracts.tracing import Tracing
from flows.answer_log import answers_of
from flows.batch_spans import BatchSpans
from flows.catalog_table import CatalogTable
from flows.control_table import ControlTable
from flows.discard import Discard
from flows.erasing import erasing_of
from flows.failures import explained
from flows.handover import start_offsets
from flows.heartbeat import Heartbeat
from flows.kafka_part import Reading
from flows.kafka_sink import KafkaSink
from flows.kafka_source import KafkaSource
from flows.live import Sinks, build
from flows.outgoing import fact_records, refused_records
from flows.process import Process
from flows.recovery import state_keys
from flows.replaying.spec import ReplaySpec
from flows.table_source import TableSource
from flows.vitals import Vitals
from online_models.touches import weigh
from online_models.warming import warm

GC_THRESHOLD = 50_000
READY_WITHIN_S = 5.0
EVENTS_STEP = "headrace.events"

logger = logging.getLogger("flows")


def live(process: Process) -> Dataflow:
    """Return the graph on Kafka: events in; views, facts, triggers, refused records out."""
    settings, config = process.settings, kafka_config(process.settings)
    spans = _spans(process)
    table = CatalogTable(process.catalogue, publishes=process.launch.process_id == 0)
    told = ControlTable(process.book, process.erased)
    process.read_erasures()
    reading = Reading(
        process.drain,
        process.progress,
        gate=lambda: table.loaded and told.loaded,
        start=start_offsets(settings.data_dir),
        retired=state_keys(process.recovery_dir, EVENTS_STEP),
        restarts=settings.kafka.on_new_log == "restart",
        on_reading=process.launch.mark_ready,
        ahead_s=settings.kafka.ahead_seconds,
        traced=None if spans is None else spans.read,
    )
    keep = process.epochs.keep
    source = keep(KafkaSource(EVENT_TOPICS, config, settings.kafka, reading))
    catalog = keep(TableSource(CATALOG_TOPIC, config, settings.kafka, process.drain))
    control = keep(TableSource(CONTROL_TOPIC, config, settings.kafka, process.drain))
    triggers = process.trigger_sink()
    if process.launch.shadow:
        sinks = Sinks(process.view_sink(), Discard(), Discard(), triggers)
    else:
        sinks = Sinks(
            process.view_sink(),
            KafkaSink(config, settings.kafka, refused_records),
            KafkaSink(config, settings.kafka, fact_records),
            triggers,
        )
    return build(
        source,
        sinks,
        settings.flow,
        process.resources(),
        extend=lambda flow: op.merge(
            "tables",
            table.extend(flow, catalog),
            told.extend(flow, control),
            op.input("erasing", flow, keep(erasing_of(process))),
        ),
        tell=answers_of(process),
    )


def _spans(process: Process) -> BatchSpans | None:
    """Let the process's stages be traced, where traces are asked for."""
    tracing = Tracing.of(process.settings, "flow")
    if tracing is None:
        return None
    spans = BatchSpans(tracing)
    process.watch = spans.watched
    return spans


LINE: Final = "%(asctime)s %(levelname)s %(message)s"


def main() -> int:
    """Run this process until its input ends or a signal asks it to stop; return the exit code."""
    log_to_stderr(LINE)
    try:
        process = Process(Launch.from_environ(os.environ))
        log_to_stderr(LINE, process.settings.logs)
        process.drain.install()
        weigh(process.settings.flow.event_weights)
        spec = ReplaySpec.from_environ(os.environ)
        flow = live(process) if spec is None else _replay(process, spec)
        warm()
        vitals = Vitals(process.launch, process.recovery_dir, time.time_ns() // 1_000_000)
        with Heartbeat(process.views, process.settings.namespace, process.progress, vitals):
            settle_memory()
            # Ready all the same: without a partition to read, or while the broker is away.
            seconds = READY_WITHIN_S if spec is None else 0.0
            late = threading.Timer(seconds, process.launch.mark_ready)
            late.daemon = True
            late.start()
            run(flow, process)
            late.cancel()
    except Exception as error:
        known = explained(error)
        if known is None:
            raise
        logger.error("%s", known[0])
        return known[1]
    return 0


def _replay(process: Process, spec: ReplaySpec) -> Dataflow:
    # Live traffic needs no importers.
    from flows.replaying.graph import replay

    return replay(process, spec)


def settle_memory() -> None:
    """Let the garbage collector pass seldom, and over what the flow makes only.

    State is bytes, and messages never refer to themselves, so that it finds next to nothing.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)
    gc.enable()


def run(flow: Dataflow, process: Process) -> None:
    """Run the graph as one process of the cluster."""
    launch = process.launch
    cli_main(  # type: ignore[no-untyped-call]  # untyped
        flow,
        workers_per_process=1,
        process_id=launch.process_id if launch.addresses else None,
        addresses=list(launch.addresses) or None,
        epoch_interval=process.epochs.interval,
        recovery_config=RecoveryConfig(process.recovery_dir),  # type: ignore[no-untyped-call]  # untyped
    )


if __name__ == "__main__":
    sys.exit(main())
