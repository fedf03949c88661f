"""Store and broker together, under one data folder."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from cli.embedded.broker import EmbeddedBroker
from cli.embedded.store import EmbeddedStore


class EmbeddedStack:
    """An embedded store and broker, for a demo, a test or a first try.

    `with EmbeddedStack(folder) as stack:` starts both (about 0.1 s) and stops both at its end.
    The store's data stays in `folder/store`, the broker's log does not stay; logs are in
    `folder/logs`.
    """

    def __init__(self, data_dir: Path) -> None:
        self.store = EmbeddedStore(data_dir / "store", data_dir / "logs" / "store.log")
        self.broker = EmbeddedBroker(data_dir / "broker", data_dir / "logs" / "broker.log")
        self._running = ExitStack()

    @property
    def redis_url(self) -> str:
        """The store's URL."""
        return self.store.url

    @property
    def bootstrap_servers(self) -> str:
        """The broker's address."""
        return self.broker.bootstrap_servers

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.store)
            starting.enter_context(self.broker)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
