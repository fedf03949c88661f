"""Many visitors at a rate that can be changed while they come, and what they were answered."""

import itertools
import json
import random
import threading
import time
from collections import Counter
from functools import partial
from typing import Any

import httpx

from tests.chaos.threads import Threads

PER_POST = 25
PEOPLE = 2_000
ITEMS = 500
HEAVY = "heavy"
READS_PER_SECOND = 20
LONGEST_WAIT_S = 5.0
JSON = {"Content-Type": "application/json"}


class Crowd(Threads):
    """Posts `rate` events a second of a fixed population, and `heavy` of one more user; a context.

    Who is told to come back later does so, with the same events. Reads are of the others. Some
    items are far more popular than others, unless they come `evenly`.
    """

    def __init__(
        self,
        url: str,
        write_key: str,
        read_key: str,
        seed: int,
        *,
        writers: int = 4,
        evenly: bool = False,
    ) -> None:
        self.rate, self.heavy = 0.0, 0.0
        self.taken: list[bytes] = []
        """Each event that was taken, as JSON: millions of them are too many as objects."""
        self.writes: Counter[int] = Counter()
        self.reads: Counter[int] = Counter()
        self.read_s: list[float] = []
        self._url, self._write_key, self._read_key = url, write_key, read_key
        self._writers = writers
        self._evenly = evenly
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        super().__init__(
            *(partial(self._write, random.Random(seed + number)) for number in range(writers)),
            partial(self._read, random.Random(seed - 1)),
        )

    def come(self, rate: float, seconds: float, heavy: float = 0.0) -> list[float]:
        """Come at a rate for a while; return how long each read took (s), in order."""
        first = len(self.read_s)
        self.rate, self.heavy = rate, heavy
        time.sleep(seconds)
        return self.read_s[first:]

    def _write(self, dice: random.Random) -> None:
        with self._client(self._write_key) as client:
            due = time.monotonic()
            while not self._stop.is_set():
                whole = self.rate + self.heavy
                share = self.heavy / whole if whole else 0.0
                batch = [json.dumps(self._event(dice, share)).encode() for _ in range(PER_POST)]
                while not self._taken(client, batch) and not self._stop.is_set():
                    pass
                # Who was held up does not make up for it.
                due = max(due + PER_POST * self._writers / max(whole, 1.0), time.monotonic())
                self._stop.wait(due - time.monotonic())

    def _taken(self, client: httpx.Client, batch: list[bytes]) -> bool:
        try:
            answer = client.post("/v1/events", content=b"[%b]" % b",".join(batch), headers=JSON)
        except httpx.TransportError:
            with self._lock:
                self.writes[0] += 1
            self._stop.wait(0.2)
            return False
        with self._lock:
            self.writes[answer.status_code] += 1
            if answer.is_success:
                self.taken += batch
        if not answer.is_success:
            wait = float(answer.headers.get("Retry-After", "inf"))  # a refusal says when to return
            self._stop.wait(min(wait, LONGEST_WAIT_S))
        return answer.is_success

    def _read(self, dice: random.Random) -> None:
        with self._client(self._read_key) as client:
            while not self._stop.wait(1 / READS_PER_SECOND):
                user = f"u{dice.randrange(PEOPLE)}"
                begun = time.perf_counter()
                try:
                    answer = client.get(f"/v1/users/{user}/recommendations")
                except httpx.TransportError:
                    self.reads[0] += 1
                    continue
                self.read_s.append(time.perf_counter() - begun)
                self.reads[answer.status_code] += 1

    def _client(self, key: str) -> httpx.Client:
        return httpx.Client(base_url=self._url, timeout=30, auth=(key, ""))

    def _event(self, dice: random.Random, share: float) -> dict[str, Any]:
        user = HEAVY if dice.random() < share else f"u{dice.randrange(PEOPLE)}"
        item = dice.randrange(ITEMS) if self._evenly else min(int(dice.paretovariate(0.8)), ITEMS)
        return {
            "id": f"c{next(self._numbers)}",
            "site": "default",
            "type": dice.choice(("view", "view", "view", "add_to_cart", "purchase")),
            "user": user,
            "item": f"i{item}",
            "price": float(dice.randrange(1, 90)),
            "time": time.time_ns() // 1_000_000,
        }
