"""What one process of the cluster holds, and opens for the graph."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contracts.decisions import Trigger
from contracts.erasures import Erased
from contracts.keys import LIVE
from contracts.launch import Launch
from contracts.settings import Settings, kafka_config
from flows.batch_spans import Watch, unwatched
from flows.disk import Disk, Disks
from flows.drain import Drain
from flows.epochs import Epochs
from flows.live import Resources
from flows.per_thread import PerThread
from flows.progress import Progress
from flows.snapshot_key import snapshot_key
from flows.store_wait import StoreWait
from flows.suggesting import READ_SECONDS, Suggester
from flows.trigger_sink import TriggerSink
from flows.view_sink import ViewSink
from flows.view_writes import ViewWrites
from operators.campaigns.book import Book
from operators.catalogue import Catalogue
from storage.erasures import ErasureStore
from storage.redis_views import RedisViews
from storage.sync_reader import SyncReader
from storage.triggers import TriggerStore


@dataclass
class Process:
    """One process: what it was told, and what its worker shares with its other threads."""

    launch: Launch
    drain: Drain = field(default_factory=Drain)
    progress: Progress = field(default_factory=Progress)
    catalogue: Catalogue = field(default_factory=Catalogue)
    book: Book = field(default_factory=Book)
    erased: Erased = field(default_factory=Erased)
    watch: Watch = unwatched
    disks: Disks = field(default_factory=lambda: PerThread(Disk))

    def __post_init__(self) -> None:
        self.epochs = Epochs(self.settings.flow.epoch_seconds)

    @property
    def settings(self) -> Settings:
        """The cluster's settings."""
        return self.launch.settings

    @property
    def recovery_dir(self) -> Path:
        """Where the engine keeps its epochs."""
        return self.settings.data_dir / "recovery"

    def views(self) -> RedisViews:
        """Open a writer of this run's views."""
        return RedisViews.open(self.settings.redis, self.settings.namespace, self.launch.run)

    def view_sink(self) -> ViewSink:
        """Return the sink that writes views to the store, fenced by the run's number."""
        to_writes = ViewWrites(self.settings.namespace)
        return ViewSink(
            self.views,
            lambda message: to_writes(message.items),
            self.drain,
            self.disks,
            watch=self.watch,
        )

    def resources(self) -> Resources:
        """Return what the graph needs beside its input."""
        data_dir = self.settings.data_dir
        return Resources(
            self.catalogue,
            snapshot_key(data_dir, self.settings.flow),
            data_dir / "state",
            self.book,
            self.erased,
            self.watch,
            self.disks,
        )

    def read_erasures(self) -> None:
        """Put the erasures that the store keeps into the table, before anything else is read."""
        store = ErasureStore(self.settings.redis)
        for erasure in StoreWait(self.drain, "erasures")(store.all):
            self.erased.put(erasure)
        store.close()

    def _alive(self, triggers: Sequence[Trigger]) -> Sequence[Trigger]:
        """Leave out triggers for people who were erased while these were on their way."""
        return [one for one in triggers if not self.erased.holds(one.site, one.user)]

    def trigger_sink(self) -> TriggerSink:
        """Return the sink of triggers, which delivers while the namespace is the served one."""
        settings, run = self.settings, self.launch.run
        # Until a namespace is chosen, it is the one that does not run in another's shadow.
        served = LIVE if self.launch.shadow else settings.namespace

        def open_store() -> TriggerStore:
            length = settings.campaigns.stream_length
            return TriggerStore(settings.redis, settings.namespace, run, served, length)

        suggest = Suggester(
            SyncReader(settings.redis, READ_SECONDS), settings, self.catalogue, served
        )
        config = kafka_config(settings)
        return TriggerSink(
            open_store,
            config,
            settings.kafka,
            self.drain,
            lambda given: suggest(self._alive(given)),
        )
