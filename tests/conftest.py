"""What every test may use: a real store and a real broker, and names that nobody else uses.

`store_url` and `broker` are shared by the tests of one pytest process, so keep to `namespace`
(for keys) and `prefix` (for topics and groups). A test that needs the fixed topic names, empties
the store, or stops and restarts a server takes `own_store` or `own_broker`: a start costs about
50 ms. Consumers `assign` partitions: joining a group takes the embedded broker about 20 s.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cli.embedded import EmbeddedBroker, EmbeddedStore
from flows.topics import create_topics

PARTITIONS = 4

# How long an example takes depends on who else uses the machine.
settings.register_profile("headrace", deadline=None)
settings.load_profile("headrace")


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running store, shared by this process."""
    folder = tmp_path_factory.mktemp("store")
    with EmbeddedStore(folder / "data", folder / "store.log") as store:
        yield store.url


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running broker without topics, shared by this process."""
    folder = tmp_path_factory.mktemp("broker")
    with EmbeddedBroker(folder / "data", folder / "broker.log") as running:
        yield running.bootstrap_servers


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A running store for this test alone: `.url`, and `.stop()` and `.start()` at will."""
    with EmbeddedStore(tmp_path / "store", tmp_path / "store.log") as store:
        yield store


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A running broker for this test alone, with all topics of `contracts.keys.TOPICS`."""
    with EmbeddedBroker(tmp_path / "broker", tmp_path / "broker.log") as running:
        create_topics(running.bootstrap_servers, PARTITIONS)
        yield running


@pytest.fixture
def namespace() -> str:
    """A namespace that no other test uses."""
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def prefix() -> str:
    """A prefix for topics and groups that no other test uses."""
    return f"t-{uuid.uuid4().hex[:12]}."
