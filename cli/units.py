"""What `headrace up` runs: which processes, in which order, with which settings."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cli.backoff import Backoff
from cli.children import Child, ChildError, PermanentError
from cli.cluster import WORKER, Cluster, child_environ
from cli.embedded import EmbeddedBroker, EmbeddedStore
from cli.embedded.ports import free_port, why_not
from cli.folders import namespace_dir
from cli.part import Part
from cli.preparing import check_room, issue_run, or_child_error, prepare_flow
from cli.pseudonyms import FolderSecret, check_people, is_embedded, with_secret
from cli.service import SERVICE, WEBHOOKS, Service, no_listening
from cli.supervisor import Unit
from contracts.pseudonyms import Pseudonyms, UnknownPeopleError
from contracts.settings import Loaded, Settings, kafka_config
from flows.topics import TIMEOUT_S, create_topics
from storage.errors import StoreError

DRAIN_SECONDS = 30.0
API_MARGIN_SECONDS = 5.0

logger = logging.getLogger("headrace")


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs that are run."""

    worker: Sequence[str | Path] = WORKER
    api: Sequence[str | Path] = SERVICE
    webhooks: Sequence[str | Path] = WEBHOOKS


PROGRAMS = Programs()


class Deployment:
    """Settings turned into units: our own servers where none are given, workers, API, webhooks.

    Makes the folder `run` with the settings that every process reads. `lock` is a descriptor
    that every child holds. Raises `ChildError` when something that is needed is not there.
    """

    def __init__(self, loaded: Loaded, data_dir: Path, lock: int, part: Part = Part.ALL) -> None:
        settings = loaded.settings
        self._part = part
        self._said = self._known = False
        self._data_dir = data_dir
        self._flow_dir = namespace_dir(data_dir, settings.namespace)
        self._hold = (lock,)
        port = settings.api.port
        if part.serves:
            port = _port(settings.api.host, port)
            if settings.api.operations_port is not None:
                _port(settings.api.operations_host, settings.api.operations_port)
        self._store = None if settings.redis.url.get_secret_value() else self._embedded_store()
        self._broker = None if settings.kafka.bootstrap_servers else self._embedded_broker()
        self._secret = FolderSecret(settings.api, data_dir)
        self._settings = self._resolved(loaded, port)
        file = data_dir / "run" / "settings.json"
        self._settings.save(file)
        self._environ = child_environ(file, self._data_dir)
        log = data_dir / "logs" / "api.log"
        self._service = Service(
            settings.api.host, port, log, self._environ, PROGRAMS.api, self._hold
        )
        log = data_dir / "logs" / "webhooks.log"
        self._webhooks = Child("webhooks", PROGRAMS.webhooks, log, self._environ, self._hold)

    @property
    def ready_line(self) -> str:
        """What is said when all of it serves."""
        return f"ready {self._service.url if self._part.serves else self._part.value}"

    def units(self) -> list[Unit]:
        """Return the units in the order of their start."""
        units = []
        if self._store is not None:
            units.append(Unit("store", self._start_store))
        if self._broker is not None:
            units.append(Unit("broker", self._start_broker, stop_seconds=0.5))
        if self._part.flows:
            units.append(self._flow())
        if self._part.serves:
            # A request may wait for the broker until the delivery timeout.
            seconds = self._settings.kafka.delivery_timeout_ms / 1000 + API_MARGIN_SECONDS
            ready = self._service.ready
            units.append(Unit("api", self._start_service, ready, stop_seconds=seconds))
            units.append(Unit("webhooks", self._start_webhooks))
        return units

    def _flow(self) -> Unit:
        # What the workers write lies in their namespace's folder.
        file = self._flow_dir / "run" / "settings.json"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._settings.model_copy(update={"data_dir": self._flow_dir}).save(file)
        cluster = Cluster(
            self._flow_dir,
            self._settings.flow.workers,
            child_environ(file, self._data_dir),
            self._prepare,
            self._issue_run,
            PROGRAMS.worker,
            self._hold,
        )
        after = "broker" if self._broker is not None else None
        return Unit("flow", cluster.start, cluster.ready, after, DRAIN_SECONDS)

    def _start_service(self) -> Sequence[Child]:
        # Without its store it answers as well as it can, and whoever is stored cannot be looked at.
        with suppress(StoreError):
            self._check_people()
        return self._service.start()

    def _check_people(self) -> None:
        """Look once whether people can be found by the secret of pseudonyms."""
        if self._known or not self._part.serves:
            return
        names, namespace = Pseudonyms.of(self._settings.api), self._settings.namespace
        try:
            check_people(names, self._settings.redis, namespace)
        except UnknownPeopleError as error:
            self._secret.drop()
            raise PermanentError(f"namespace {namespace} of the store: {error}") from None
        self._known = True
        self._secret.keep()

    def _start_webhooks(self) -> Sequence[Child]:
        self._webhooks.start()
        return [self._webhooks]

    def _embedded_store(self) -> EmbeddedStore:
        logs = self._data_dir / "logs"
        return EmbeddedStore(self._data_dir / "store", logs / "store.log", self._hold)

    def _embedded_broker(self) -> EmbeddedBroker:
        logger.warning(
            "the embedded broker keeps its log in memory only: events that were taken and not "
            "yet processed are gone when it stops. For real use give --kafka."
        )
        logs = self._data_dir / "logs"
        return EmbeddedBroker(self._data_dir / "broker", logs / "broker.log", self._hold)

    def _resolved(self, loaded: Loaded, port: int) -> Settings:
        kafka: dict[str, Any] = {}
        redis: dict[str, Any] = {}
        if self._broker is not None:
            kafka["bootstrap_servers"] = self._broker.bootstrap_servers
            if "kafka.on_new_log" not in loaded.origins:
                kafka["on_new_log"] = "restart"  # its log is new at each start
            if "kafka.partitions" not in loaded.origins:
                # It takes the longer to read, the more batches it was ever sent; of few
                # partitions each batch holds more.
                kafka["partitions"] = loaded.settings.flow.workers
        if self._store is not None:
            redis["url"] = SecretStr(self._store.url)
        given = loaded.settings
        api = given.api.model_copy(update={"port": port})
        if self._part.serves:
            # Servers that others share outlive this folder: their secret is to be given.
            api = with_secret(api, self._data_dir, make=is_embedded(given))
        return given.model_copy(
            update={
                "data_dir": self._data_dir,
                "kafka": given.kafka.model_copy(update=kafka),
                "redis": given.redis.model_copy(update=redis),
                "api": api,
            }
        )

    def _start_store(self) -> Sequence[Child]:
        assert self._store is not None
        check_room(self._data_dir)
        self._store.start()
        return [self._store.child]

    def _start_broker(self) -> Sequence[Child]:
        assert self._broker is not None
        self._broker.start()
        try:
            self._create_topics()
        except ChildError:
            self._broker.child.kill()
            raise
        return [self._broker.child]

    def _create_topics(self) -> None:
        kafka = self._settings.kafka
        or_child_error(
            lambda: create_topics(
                kafka.bootstrap_servers,
                kafka.partitions,
                kafka.replication,
                kafka_config(self._settings),
            )
        )

    def _prepare(self) -> None:
        """Make recovery safe to resume from, while no worker runs."""
        if self._broker is None:
            self._say_waiting()
            self._create_topics()
        epoch = prepare_flow(self._flow_dir, self._settings.flow.recovery_parts)
        logger.info("recovery is clean: the flow resumes at epoch %d", epoch)

    def _say_waiting(self) -> None:
        if not self._said:
            self._said = True
            seconds = Backoff().patience_seconds + Backoff().limit * TIMEOUT_S
            logger.info(
                "asking Kafka at %s for its topics: if it does not answer, this gives up "
                "within about %.0f s",
                self._settings.kafka.bootstrap_servers,
                seconds,
            )

    def _issue_run(self) -> int:
        or_child_error(self._check_people)
        run = issue_run(self._settings.redis, self._settings.namespace)
        logger.info("run %d of namespace %s", run, self._settings.namespace)
        return run


def _port(host: str, wanted: int) -> int:
    if reason := why_not(wanted, host):
        raise ChildError(no_listening(host, wanted, reason))
    return wanted or free_port(host)
