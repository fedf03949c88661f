"""A small dataflow in a process that tests kill: `python -m tests.flows.crashing JSON`.

Messages `USER NUMBER` come from Kafka; each user's numbers are folded into a digest that tells
their order, every loss and every repeat; the digests go to the store as views.
"""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main

from contracts.settings import KafkaSettings, RedisSettings
from flows.drain import Drain
from flows.kafka_part import Reading
from flows.kafka_source import KafkaSource
from flows.progress import Progress
from flows.records import RawBatch
from flows.view_sink import ViewSink
from storage.redis_views import RedisViews
from storage.writes import SetView, Write

BUCKETS = 16


def fold(digest: int, number: int) -> int:
    """Return the digest of a user's numbers with one more at their end.

    >>> fold(fold(0, 1), 2) == fold(fold(0, 2), 1)
    False
    """
    return crc32(b"%d,%d" % (digest, number))


def key(user: str) -> str:
    return f"v:crash:site:digest:{user}"


def by_bucket(batch: RawBatch) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    buckets: dict[str, list[tuple[str, int]]] = {}
    for record in batch.records:
        user, number = record.value.decode().split()
        bucket = f"b{crc32(user.encode()) % BUCKETS:02d}"
        buckets.setdefault(bucket, []).append((user, int(number)))
    yield from buckets.items()


class Digests(StatefulBatchLogic[Any, Any, bytes]):
    def __init__(self, state: bytes | None) -> None:
        self._digests: dict[str, int] = {} if state is None else msgspec.msgpack.decode(state)

    def on_batch(self, values: list[Any]) -> tuple[list[Any], bool]:
        changed: dict[str, int] = {}
        for user, number in (pair for value in values for pair in value):
            changed[user] = self._digests[user] = fold(self._digests.get(user, 0), number)
        return [changed], False

    def on_eof(self) -> tuple[list[Any], bool]:
        return [], False

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self._digests)


def writes(changed: dict[str, int]) -> list[Write]:
    return [SetView(key(user), b"%d" % digest) for user, digest in changed.items()]


def main(spec: dict[str, Any]) -> None:
    drain, progress = Drain(), Progress()
    drain.install()
    settings = KafkaSettings(poll_batch=50)
    config = {"bootstrap.servers": spec["bootstrap"]}
    source = KafkaSource([spec["topic"]], config, settings, Reading(drain, progress))
    store = RedisSettings(url=spec["redis"])
    sink = ViewSink(lambda: RedisViews.open(store, "crash", spec["run"]), writes, drain)
    flow = Dataflow("crash")
    grouped = op.flat_map("group", op.input("events", flow, source), by_bucket)
    op.output("views", op.stateful_batch("digest", grouped, Digests), sink)
    Path(spec["ready"]).touch()
    cli_main(
        flow,
        workers_per_process=1,
        process_id=spec["process"],
        addresses=spec["addresses"],
        epoch_interval=timedelta(seconds=0.05),
        recovery_config=RecoveryConfig(spec["recovery"]),
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
