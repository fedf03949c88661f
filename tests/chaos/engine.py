"""A whole engine on a broker and a store that a test can harm, under load, and its account."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import orjson

from cli.embedded import EmbeddedBroker, EmbeddedStore
from cli.embedded.ports import LOOPBACK
from flows.topics import create_topics
from tests.chaos.proxy import Proxy
from tests.chaos.threads import Threads
from tests.cli.running import ROOT, WAIT_SECONDS, Up, until

REAL = ("-m", "cli.main")
DELIVERY_MS = 1_500
PARTITIONS = 4


class ProxiedBroker(EmbeddedBroker):
    """A broker that tells its clients to come through a proxy."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "broker", folder / "broker.log")
        self.proxy = Proxy(self._port)

    @property
    def bootstrap_servers(self) -> str:
        return f"{LOOPBACK}:{self.proxy.port}"

    def _command(self) -> list[str | Path]:
        command = super()._command()
        at = command.index("--listener-url") + 1
        command[at] = f"tcp://{LOOPBACK}:{self._port}"
        return command


class SlowStore(EmbeddedStore):
    """A store that can be told to take its time over loading its data, `delay_us` a command."""

    delay_us = 0

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return self._directory

    def _configuration(self) -> str:
        text = super()._configuration()
        if self.delay_us:
            text += f"key-load-delay {self.delay_us}\n"
        return text


class Load(Threads):
    """Somebody who posts events and asks for recommendations, and remembers the answers.

    An event that was not taken is posted again with its id, until it is. Who got no answer at all
    is counted under 0.
    """

    def __init__(self, url: str, per_second: float = 60.0, first: int = 0) -> None:
        self._url = url
        self._first = first
        self._size = max(5, round(per_second / 12))
        self._pause = self._size / per_second
        self.taken: list[dict[str, Any]] = []
        self.writes: Counter[int] = Counter()
        self.reads: Counter[int] = Counter()
        self.degraded = 0
        self.wordless = 0
        """Refusals that did not say when to come back."""
        self.read_s: list[float] = []
        super().__init__(self._write, self._read)

    def await_taken(self, count: int) -> None:
        """Wait until so many events have been taken."""
        until(lambda: len(self.taken) >= count)

    def _write(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            number = self._first
            while not self._stop.is_set():
                batch = [self._event(number + n) for n in range(self._size)]
                number += len(batch)
                while not self._taken(client, batch) and not self._stop.wait(0.2):
                    pass
                self._stop.wait(self._pause)

    def _taken(self, client: httpx.Client, batch: list[dict[str, Any]]) -> bool:
        try:
            answer = client.post("/v1/events", json=batch)
        except httpx.TransportError:
            self.writes[0] += 1
            return False
        self.writes[answer.status_code] += 1
        self.wordless += not answer.is_success and "Retry-After" not in answer.headers
        if answer.status_code == 200:
            self.taken += batch
        return answer.status_code == 200

    def _read(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._stop.wait(0.03):
                begun = time.perf_counter()
                try:
                    answer = client.get(f"/v1/users/u{len(self.taken) % 50}/recommendations")
                except httpx.TransportError:
                    self.reads[0] += 1
                    continue
                self.read_s.append(time.perf_counter() - begun)
                self.reads[answer.status_code] += 1
                if answer.status_code == 200:
                    self.degraded += answer.json()["degraded"]

    @staticmethod
    def _event(number: int) -> dict[str, Any]:
        return {
            "id": f"e{number}",
            "type": "view",
            "user": f"u{number % 50}",
            "item": f"i{number % 13}",
            "time": time.time_ns() // 1_000_000,
        }


class Engine:
    """A `headrace up` on servers of ours, each behind a proxy."""

    def __init__(self, up: Up, broker: ProxiedBroker, store: SlowStore, to_store: Proxy):
        self.up = up
        self.broker, self.store = broker, store
        self.to_broker, self.to_store = broker.proxy, to_store
        self.url = up.ready()
        self._http = httpx.Client(base_url=self.url, timeout=30)

    def close(self) -> None:
        """Give back what it looks with."""
        self._http.close()

    def await_ends(self, count: int, seconds: float = WAIT_SECONDS) -> None:
        """Wait until so many events have come to their ends, and nothing is degraded."""
        until(lambda: self._ended() >= count, seconds)

    def _ended(self) -> int:
        with suppress(httpx.TransportError):
            given = self.up.settings["api"]
            headers = {"Authorization": f"Bearer {given['admin_key']}"} if given["sites"] else {}
            told = self._http.get("/v1/stats", headers=headers).json()
            return 0 if told["degraded"] else int(told["events"]["ended"])
        return 0

    def audit(self, taken: Sequence[Mapping[str, Any] | bytes], folder: Path) -> None:
        """Let the audit say that all that was taken (objects, or JSON) has one end and effect."""
        file = folder / "taken.jsonl"
        with file.open("wb") as lines:
            for event in taken:
                lines.write((event if isinstance(event, bytes) else orjson.dumps(event)) + b"\n")
        command = [sys.executable, "-m", "cli.main", "audit", "--data-dir", str(self.up.data)]
        command += ["--acknowledged", str(file)]
        done = subprocess.run(
            command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (done.stdout, done.stderr)

    def threads(self, word: str) -> int:
        """How many threads the process has whose command line holds a word."""
        return int(self.up.child(word).num_threads())


class Servers:
    """A broker and a store, each behind a proxy, that outlive the engines on them; a context."""

    def __init__(self, folder: Path, partitions: int = PARTITIONS) -> None:
        self._folder = folder
        self._partitions = partitions
        self._stack = ExitStack()

    def __enter__(self) -> "Servers":
        with ExitStack() as stack:
            self.broker = ProxiedBroker(self._folder)
            stack.enter_context(self.broker.proxy)
            stack.enter_context(self.broker)
            create_topics(self.broker.bootstrap_servers, self._partitions)
            store = SlowStore(self._folder / "store", self._folder / "store.log")
            self.store = stack.enter_context(store)
            self.to_store = stack.enter_context(Proxy(self.store._port))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def engine(self, environ: Mapping[str, str] | None = None, *options: str) -> Iterator[Engine]:
        """Run an engine on them, in the folder of the ones before."""
        redis = self.store.url.replace(f":{self.store._port}/", f":{self.to_store.port}/")
        settings = {
            "HEADRACE_FLOW__EPOCH_SECONDS": "0.5",
            "HEADRACE_FLOW__FAMILIES": '["intent"]',
            "HEADRACE_KAFKA__DELIVERY_TIMEOUT_MS": str(DELIVERY_MS),
            **(environ or {}),
        }
        servers = ("--kafka", self.broker.bootstrap_servers, "--redis", redis)
        with Up(self._folder, *servers, *options, program=REAL, **settings) as up:
            engine = Engine(up, self.broker, self.store, self.to_store)
            try:
                yield engine
            finally:
                engine.close()


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Start everything; look at nothing at the end."""
    with Servers(folder) as servers, servers.engine() as it:
        yield it
