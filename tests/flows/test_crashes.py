"""Source, recovery and view sink on a real cluster of two processes that is killed with -9."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from cli.embedded.ports import LINK_PORTS, free_port
from contracts.settings import RedisSettings
from flows.recovery import prepare
from flows.topics import create_topics
from storage.redis_views import RedisViews
from tests.flows.crashing import fold, key
from tests.flows.kafka import send

KILLS = 4
PARTITIONS = 4
USERS = 60
MESSAGES = 6_000
WAIT_S = 60.0


class Cluster:
    """Two processes of the crashing flow, started as the supervisor starts workers."""

    def __init__(self, folder: Path, bootstrap: str, topic: str, store: str) -> None:
        self._folder = folder
        self._spec = {"bootstrap": bootstrap, "topic": topic, "redis": store}
        self._views = RedisViews.open(RedisSettings(url=store), "crash")
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        prepare(self._folder / "recovery", 4)
        run = self._views.issue_run("crash")
        addresses = [f"127.0.0.1:{free_port(ports=LINK_PORTS)}" for _ in range(2)]
        ready = [self._folder / f"ready-{run}-{process}" for process in range(2)]
        specs = [
            self._spec
            | {"run": run, "addresses": addresses, "process": process, "ready": str(ready[process])}
            | {"recovery": str(self._folder / "recovery")}
            for process in range(2)
        ]
        with (self._folder / "log").open("ab") as log:
            self.processes = [
                subprocess.Popen(
                    [sys.executable, "-m", "tests.flows.crashing", json.dumps(spec)],
                    stdout=log,
                    stderr=log,
                )
                for spec in specs
            ]
        until(lambda: all(file.exists() for file in ready))

    def kill(self, number: int) -> None:
        """Kill one process; the other one follows, as the supervisor sees to."""
        self.processes[number].kill()
        self.processes[1 - number].kill()
        for process in self.processes:
            process.wait()

    def drain(self) -> list[int]:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(WAIT_S) for process in self.processes]

    def told(self) -> str:
        """Return what the processes said, and which of them have ended."""
        ends = [process.poll() for process in self.processes]
        return f"{ends} {(self._folder / 'log').read_text()[-4_000:]}"

    def close(self) -> None:
        self._views.close()
        for process in self.processes:
            process.kill()
            process.wait()


def until(done: Callable[[], bool], told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < deadline, f"waited in vain {told()}"
        time.sleep(0.02)


@pytest.mark.timeout(180)
def test_a_cluster_that_is_killed_again_and_again_ends_as_one_that_was_not(
    broker: str, store_url: str, prefix: str, tmp_path: Path
) -> None:
    topic = f"{prefix}events"
    create_topics(broker, PARTITIONS, topics=(topic,))
    dice = random.Random(11)
    expected: dict[str, int] = {}
    partitions: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    for number in range(MESSAGES):
        user = dice.randrange(USERS)
        partitions[user % PARTITIONS].append(b"u%d %d" % (user, number))
        expected[f"u{user}"] = fold(expected.get(f"u{user}", 0), number)

    def feed() -> None:
        """Send over about the time that the kills take."""
        for start in range(0, MESSAGES // PARTITIONS + USERS, 100):
            for partition, messages in enumerate(partitions):
                send(broker, topic, messages[start : start + 100], partition)
            time.sleep(0.3)

    feeder = threading.Thread(target=feed)
    cluster = Cluster(tmp_path, broker, topic, store_url)
    store = redis.Redis.from_url(store_url)

    def views() -> dict[str, int]:
        found = store.mget([key(user) for user in expected])
        return {u: int(v) for u, v in zip(expected, found, strict=True) if v is not None}

    try:
        feeder.start()
        for _ in range(KILLS):
            cluster.start()
            before = views()
            # Kill it at work: only after something new has been written.
            until(lambda before=before: views() != before)
            time.sleep(dice.uniform(0.0, 0.5))
            cluster.kill(dice.randrange(2))
        cluster.start()
        feeder.join()
        until(lambda: views() == expected, cluster.told)
        # Nothing comes after: what was drained is what is kept.
        assert cluster.drain() == [0, 0], cluster.told()
        assert views() == expected
    finally:
        feeder.join()
        cluster.close()
        store.close()
