"""Run a recording through the graph, as a cluster of processes, into a namespace of its own."""

import json
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import redis
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from cli.backoff import Backoff
from cli.children import Child
from cli.cluster import Cluster, child_environ
from cli.errors import CommandError
from cli.folders import namespace_dir
from cli.preparing import prepare_flow
from cli.stop_signals import StopSignals
from contracts.codec import load_json
from contracts.keys import Keys
from contracts.replays import Finished
from contracts.settings import RedisSettings, Settings
from flows.replaying.spec import ENVIRON, ReplaySpec
from flows.replaying.total_order import PART
from flows.summary import Summary, summarise
from storage.connection import connect
from storage.errors import StoreUnavailable
from storage.redis_views import RedisViews
from storage.replays import ReplayStore

POLL_SECONDS = 0.05
LOOK_SECONDS = 0.2
STORE_PATIENCE_SECONDS = 60.0

logger = logging.getLogger("headrace")

T = TypeVar("T")
OnProgress = Callable[[int, int], None]
"""Called with the records read so far, and the arrival clock (ms)."""


@dataclass(frozen=True)
class Replay:
    """One replay: what, with which settings, where to."""

    spec: ReplaySpec
    settings: Settings
    redis: RedisSettings
    namespace: str
    resume: bool = False

    @property
    def folder(self) -> Path:
        """Everything that the run writes, but its views, lies here."""
        return namespace_dir(self.settings.data_dir, self.namespace)

    def run(self, on_progress: OnProgress) -> Summary:
        """Run it to the end and sum it up; raise `CommandError` if it fails or is stopped."""
        views = RedisViews.open(self.redis, self.namespace)
        try:
            if not self.resume:
                shutil.rmtree(self.folder, ignore_errors=True)
                views.delete_namespace(self.namespace)
            started = time.monotonic()
            self._run_cluster(views, on_progress)
            seconds = time.monotonic() - started
            summary = _patient(lambda: summarise(views.iterate(self.namespace), seconds))
            _patient(lambda: self._keep(summary))
            return summary
        finally:
            views.close()

    def _keep(self, summary: Summary) -> None:
        store = ReplayStore(self.redis)
        store.put(
            Finished(
                namespace=self.namespace,
                source=self.spec.source,
                format=self.spec.format,
                time=time.time_ns() // 1_000_000,
                workers=self.settings.flow.workers,
                summary=summary.as_dict(),
            )
        )
        store.close()

    def _run_cluster(self, views: RedisViews, on_progress: OnProgress) -> None:
        cluster = self._cluster(views)
        backoff, reached = Backoff(), 0
        look = _ProgressLook(self.redis, self.namespace, on_progress)
        with StopSignals() as signals:
            while True:
                children = cluster.start()
                backoff.started(time.monotonic())
                try:
                    dead = _watch(children, signals, look)
                finally:
                    _end(children)
                if dead is None:
                    return
                if look.position > reached:
                    # It gets on, however often it dies.
                    backoff, reached = Backoff(), look.position
                self._wait_before_restart(dead, backoff)

    def _wait_before_restart(self, dead: Child, backoff: Backoff) -> None:
        delay = backoff.died(time.monotonic())
        words = dead.last_words() or "it said nothing"
        if delay is None or dead.exit_code == 2:
            raise CommandError(f"{dead.name} ended with {dead.exit_code}:\n{words}")
        logger.warning("%s ended with %s; resuming in %.1f s", dead.name, dead.exit_code, delay)
        time.sleep(delay)

    def _cluster(self, views: RedisViews) -> Cluster:
        file = self.folder / "run" / "settings.json"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        resolved = self.settings.model_copy(
            update={"data_dir": self.folder, "namespace": self.namespace, "redis": self.redis}
        )
        resolved.save(file)
        environ = {**child_environ(file, self.folder), ENVIRON: json.dumps(self.spec.as_dict())}
        return Cluster(
            self.folder,
            self.settings.flow.workers,
            environ,
            lambda: prepare_flow(self.folder, self.settings.flow.recovery_parts),
            lambda: views.issue_run(self.namespace),
        )


def _patient(read: Callable[[], T]) -> T:
    """Read from the store, again if it is slow or away: the run is done and not to be lost."""
    retrying = Retrying(
        retry=retry_if_exception_type(StoreUnavailable),
        wait=wait_random_exponential(max=2.0),
        stop=stop_after_delay(STORE_PATIENCE_SECONDS),
        reraise=True,
    )
    return retrying(read)


class _ProgressLook:
    """Asks the store from time to time how far the run is."""

    def __init__(self, redis: RedisSettings, namespace: str, on_progress: OnProgress) -> None:
        self._client = connect(redis)
        self._key = Keys(namespace).progress(PART)
        self._on_progress = on_progress
        self._next = 0.0
        self.position = 0

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK_SECONDS
        with suppress(redis.RedisError):
            raw = self._client.get(self._key)
            if isinstance(raw, bytes):
                beat = load_json(raw)
                self.position = beat["offset"]
                self._on_progress(self.position, beat["received"])


def _watch(
    children: Sequence[Child], signals: StopSignals, look: Callable[[], None]
) -> Child | None:
    """Wait until all ended well, or one did not: return that one."""
    while any(child.running for child in children):
        if signals.count:
            raise CommandError("stopped before the end; --resume goes on from here")
        for child in children:
            if child.exit_code:
                return child
        look()
        time.sleep(POLL_SECONDS)
    return next((child for child in children if child.exit_code), None)


def _end(children: Sequence[Child]) -> None:
    for child in children:
        if child.running:
            child.kill()
