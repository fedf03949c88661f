"""The answers that were given, as an input of the graph beside the events.

They come from the topic that the API logs them to, and only what is to be judged goes on. They are
read at leisure, so that the graph is not woken for them: a touch waits for its answer.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source

from contracts.erasures import Erased
from contracts.keys import ANSWERS_TOPIC
from contracts.settings import kafka_config
from flows.kafka_part import Reading
from flows.kafka_source import KafkaSource
from flows.process import Process
from flows.records import RawBatch
from flows.recovery import state_keys
from operators.examples import Answered
from operators.families import families_of
from operators.judging import WITHIN_MS
from operators.scoreboard_stage import ScoreboardStage, answered_of, to_scoreboard

STEP: Final = "answers"
PACE: Final = timedelta(milliseconds=200)

logger = logging.getLogger(__name__)


def answers_of(process: Process) -> Callable[[Dataflow], Stream[tuple[str, Any]]] | None:
    """Return what adds the answers of Kafka to a graph; None if nobody judges them.

    They are read beside the events, of which alone progress is told.
    """
    settings = process.settings
    judged = any(family.name == ScoreboardStage.name for family in families_of(settings.flow))
    if not judged or settings.flow.score_share == 0.0:
        return None
    reading = Reading(
        process.drain,
        retired=state_keys(process.recovery_dir, f"headrace.{STEP}"),
        restarts=settings.kafka.on_new_log == "restart",
        pace=PACE,
    )
    source = KafkaSource((ANSWERS_TOPIC,), kafka_config(settings), settings.kafka, reading)
    return lambda flow: add_answers(flow, process.epochs.keep(source), process.erased)


def add_answers(
    flow: Dataflow,
    source: Source[RawBatch],
    erased: Erased | None = None,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Stream[tuple[str, Any]]:
    """Add the answers to a graph; return them as messages for the scoreboard.

    Answers that are older than a touch could be of are left out: after a long outage, or of a
    namespace that only begins, what was touched then is not known. So are those of the erased.
    """
    gone = Erased() if erased is None else erased
    batches = op.input(STEP, flow, source)
    return op.flat_map(
        f"{STEP}_judged",
        batches,
        lambda batch: to_scoreboard(list(_answers(batch, gone, now_ms() - WITHIN_MS))),
    )


def _answers(batch: RawBatch, gone: Erased, least: int) -> Iterable[Answered]:
    for record in batch.records:
        if record.received < least:
            continue
        try:
            answer = answered_of(record.value)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            # Nobody waits for it, and it is in the log still.
            logger.warning("%s is no answer: %s", record.origin, error)
            continue
        if answer is not None and not gone.holds(answer.site, answer.user):
            yield answer
