"""What a supervisor tells a process that it starts, in environment variables.

`HEADRACE_SETTINGS` names a file of settings already resolved, so that every process of a cluster
works by the same ones, whatever its own environment says.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.settings import Settings, SettingsError

SHADOW = "HEADRACE_SHADOW"
"""Set to 1 for a flow beside the one that is served: it writes views, and delivers nothing."""


INSTANCE = "HEADRACE_INSTANCE"
INSTANCE_HEADER = "X-Headrace-Instance"


@dataclass(frozen=True, slots=True)
class Launch:
    """One process of a cluster.

    `addresses` has the `host:port` of every worker of the flow, this one's at `process_id`; it is
    empty for a worker alone. Views are written under the number `run`. The API says `instance` of
    itself, by which its supervisor knows it from another one on the same port.
    """

    settings: Settings
    process_id: int = 0
    addresses: tuple[str, ...] = ()
    run: int = 0
    shadow: bool = False
    instance: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Launch":
        """Return what the environment says; raise `SettingsError` if it makes no sense.

        Without `HEADRACE_SETTINGS`, settings come from the environment itself.

        >>> Launch.from_environ({"HEADRACE_RUN": "7"}).run
        7
        """
        file = environ.get("HEADRACE_SETTINGS")
        settings = Settings.load(Path(file)) if file else Settings.load(environ=environ)
        listed = environ.get("HEADRACE_ADDRESSES", "")
        launch = cls(
            settings,
            _number(environ, "HEADRACE_PROCESS_ID"),
            tuple(address for address in listed.split(";") if address),
            _number(environ, "HEADRACE_RUN"),
            environ.get(SHADOW) == "1",
            environ.get(INSTANCE, ""),
        )
        if launch.process_id >= max(1, len(launch.addresses)):
            raise SettingsError(
                f"HEADRACE_PROCESS_ID: {launch.process_id} is not one of the "
                f"{len(launch.addresses)} of HEADRACE_ADDRESSES"
            )
        return launch

    @property
    def ready_file(self) -> Path:
        """The file that a worker makes when its flow has started."""
        return ready_file(self.settings.data_dir, self.process_id)

    def mark_ready(self) -> None:
        """Tell the supervisor that this worker's flow has started."""
        self.ready_file.parent.mkdir(parents=True, exist_ok=True)
        self.ready_file.write_text(f"{os.getpid()}\n")


def ready_file(data_dir: Path, process_id: int) -> Path:
    """Return the file by which a worker says that its flow has started.

    >>> ready_file(Path("var"), 1).as_posix()
    'var/run/worker-1.ready'
    """
    return data_dir / "run" / f"worker-{process_id}.ready"


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name) or "0"
    if not text.isdecimal():
        raise SettingsError(f"{name}: expected a number from 0 (got {text!r})")
    return int(text)
