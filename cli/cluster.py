"""The workers of the dataflow: N processes that live and die as one."""

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.children import Child, ChildError, PermanentError
from cli.compiling import CACHE, COMPILED, is_compiled
from cli.embedded.ports import LINK_PORTS, LOOPBACK, free_port
from cli.rivals import Rivals
from contracts.launch import Launch, ready_file
from flows.failures import REPLACED

WORKER: Final = (sys.executable, "-P", "-m", "flows.main")
"""-P: a folder `flows` in the working directory is not taken for ours."""

logger = logging.getLogger("headrace")


class Cluster:
    """Starts the workers of one namespace's dataflow.

    Each start first makes recovery safe (`prepare`), then takes a new run number (`issue_run`),
    so that whatever a worker of an earlier start still writes is refused. Both raise
    `ChildError` when they cannot; the supervisor then tries again. Who is replaced each time by
    another cluster of the same namespace gives way: `PermanentError`.
    """

    def __init__(
        self,
        data_dir: Path,
        workers: int,
        environ: Mapping[str, str],
        prepare: Callable[[], object],
        issue_run: Callable[[], int],
        command: Sequence[str | Path] = WORKER,
        hold: Sequence[int] = (),
    ) -> None:
        self._data_dir = data_dir
        self._workers = workers
        self._environ = environ
        self._prepare = prepare
        self._issue_run = issue_run
        self._command = command
        self._hold = hold
        self._rivals = Rivals()
        self._last: list[Child] = []
        self._started = 0.0

    def start(self) -> Sequence[Child]:
        """Start all workers; earlier ones have to be gone."""
        self._look_back()
        for number in range(self._workers):
            ready_file(self._data_dir, number).unlink(missing_ok=True)
        self._prepare()
        run = self._issue_run()
        addresses = self._addresses()
        children = [self._child(number, run, addresses) for number in range(self._workers)]
        try:
            for child in children:
                child.start()
        except OSError as error:
            for child in children:
                child.kill()
            raise ChildError(f"the workers cannot be started: {error}") from None
        self._last, self._started = children, time.monotonic()
        return children

    def ready(self) -> bool:
        """Tell whether every worker's flow has started."""
        return all(ready_file(self._data_dir, number).exists() for number in range(self._workers))

    def _look_back(self) -> None:
        """Say so if another cluster replaced the last start; raise if this one is to give way."""
        last, self._last = self._last, []
        if not last:
            return
        replaced = any(child.exit_code == REPLACED for child in last)
        gives_way = self._rivals.ended(time.monotonic() - self._started, replaced)
        if not replaced:
            return
        namespace = Launch.from_environ(self._environ).settings.namespace
        words = (
            f"another flow writes namespace {namespace} of this store: stop one, or give one a "
            "namespace of its own (HEADRACE_NAMESPACE)"
        )
        if gives_way:
            raise PermanentError(f"{words}. They replaced each other in a row: this one ends")
        logger.warning("%s", words)

    def _addresses(self) -> list[str]:
        if self._workers == 1:
            return []  # one process needs no connections
        ports: set[int] = set()
        while len(ports) < self._workers:
            ports.add(free_port(ports=LINK_PORTS))
        return [f"{LOOPBACK}:{port}" for port in sorted(ports)]

    def _child(self, number: int, run: int, addresses: list[str]) -> Child:
        environ = {
            **self._environ,
            "HEADRACE_PROCESS_ID": str(number),
            "HEADRACE_ADDRESSES": ";".join(addresses),
            "HEADRACE_RUN": str(run),
        }
        log = self._data_dir / "logs" / f"worker-{number}.log"
        return Child(f"worker-{number}", self._command, log, environ, self._hold)


def child_environ(settings_file: Path, data_dir: Path) -> dict[str, str]:
    """Return the environment of our own programs: ours, but with settings from one file only."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        # Bytewax opens a port to the world when this one is set at all, to whatever value.
        if not name.startswith("HEADRACE_") and name != "BYTEWAX_DATAFLOW_API_ENABLED"
    }
    if not is_compiled():  # what is compiled then lies where all that we write does
        inherited.setdefault(CACHE, str(data_dir / COMPILED))
    return inherited | {"HEADRACE_SETTINGS": str(settings_file), "PYTHONUNBUFFERED": "1"}
