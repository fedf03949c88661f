"""Triggers as the flow accepts them, and readers of them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from contracts.cloudevents import encode_trigger
from contracts.decisions import Trigger
from contracts.settings import RedisSettings
from storage.triggers import Offered, TriggerStore

SITE = "default"
NOW = 1_700_000_000_000


def trigger(number: int, site: str = SITE, **given: Any) -> Trigger:
    fields: dict[str, Any] = {
        "campaign": "cart",
        "version": 1,
        "user": f"user-{number}",
        "time": NOW + number,
        "event": f"e{number}",
        "type": "cart_abandoned",
    }
    return Trigger(id=f"t{number}", site=site, **{**fields, **given})


def fire(url: str, triggers: Sequence[Trigger], length: int = 100_000) -> None:
    """Have triggers accepted, as a flow does."""
    store = TriggerStore(RedisSettings(url=url), "live", 1, length=length)
    try:
        offered = [Offered(one.site, one.id, encode_trigger(one)) for one in triggers]
        assert store.accept(offered) == [True] * len(offered)
    finally:
        store.close()


class Event(NamedTuple):
    """One server-sent event."""

    id: str
    kind: str
    data: Any


class Stream:
    """A client of the stream, as the standard describes one: it remembers the last id."""

    def __init__(self, base: str, last: str | None = None, **params: Any) -> None:
        self.last = last
        self._base = base
        self._params = params

    @contextmanager
    def open(self) -> Iterator[Iterator[Event]]:
        """Connect; yield an iterator of events that ends when the server ends."""
        headers = {"Last-Event-ID": self.last} if self.last else {}
        url = f"{self._base}/v1/triggers/stream"
        with httpx.stream("GET", url, headers=headers, params=self._params, timeout=60) as answer:
            if answer.status_code != 200:
                answer.read()
                raise AssertionError(answer.text)
            yield self._events(answer.iter_lines())

    def _events(self, lines: Iterator[str]) -> Iterator[Event]:
        fields: dict[str, str] = {}
        try:
            for line in lines:
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = value
                    continue
                self.last = fields.get("id", self.last)
                if "data" in fields:
                    yield Event(
                        self.last or "", fields.get("event", "message"), json.loads(fields["data"])
                    )
                fields = {}
        except httpx.RemoteProtocolError:
            return


def take(events: Iterator[Event], count: int) -> list[str]:
    """Return the trigger ids of so many events."""
    return [next(events).data["id"] for _ in range(count)]
