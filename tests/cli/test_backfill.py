"""A namespace rebuilt from the log beside the live one, caught up with it, and promoted."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from contracts.keys import RELIEVED_MS, TRIGGERS_TOPIC, Keys
from flows.replaying.topic_range import end_offsets
from tests.api.running import TopicReader
from tests.cli.running import ROOT, Up, until

REAL = ("-m", "cli.main")
PEOPLE = 5


class Shop:
    """A website whose visitors view things."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.views = self.likes = 0

    def visit(self, times: int) -> None:
        for _ in range(times):
            self.views += 1
            event = {
                "id": f"e{self.views}",
                "type": "view",
                "user": f"u{self.views % PEOPLE}",
                "item": f"i{self.views % 7}",
                "time": time.time_ns() // 1_000_000,
            }
            answer = httpx.post(f"{self.url}/v1/events", json=event, timeout=30)
            assert answer.status_code == 200, answer.text
        until(lambda: self.applied() == self.views)

    def like(self, times: int) -> None:
        """Let so many others like something, each of whom a campaign fires for."""
        for _ in range(times):
            self.likes += 1
            event = {
                "id": f"l{self.likes}",
                "type": "like",
                "user": f"fan{self.likes}",
                "item": "i1",
                "time": time.time_ns() // 1_000_000,
            }
            answer = httpx.post(f"{self.url}/v1/events", json=event, timeout=30)
            assert answer.status_code == 200, answer.text

    def fired(self) -> list[str]:
        """Return whom triggers are for, on the stream."""
        return [one["subject"] for one in self.get("/v1/triggers?cursor=0&wait=0")["triggers"]]

    def applied(self) -> int:
        count: int = self.get("/v1/stats")["events"]["applied"]
        return count

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}{path}", timeout=30).json()


def headrace(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments, "--data-dir", str(data)],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        check=False,
    )


def people_differ(data: Path) -> bool:
    found = headrace(data, "diff", "live", "rebuilt", "--json")
    kinds = json.loads(found.stdout)
    return any(kinds["profile"][field] for field in ("changed", "only_in_a", "only_in_b"))


@contextmanager
def following(data: Path) -> Iterator[None]:
    """Run `headrace backfill rebuilt`, from when it follows live traffic until it was stopped."""
    command = (sys.executable, "-m", "cli.main", "backfill", "rebuilt", "--data-dir", str(data))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "following rebuilt\n"
            yield
        finally:
            process.terminate()
            assert process.wait(60) == 0


@pytest.mark.timeout(600)  # the whole engine and a second flow, on a machine that may be busy
def test_a_promoted_namespace_delivers_the_one_before_stops_and_no_id_comes_twice(
    tmp_path: Path,
) -> None:
    campaign = {"id": "c", "name": "C", "condition": "event.type == 'like'", "consent": []}
    with Up(tmp_path, program=REAL) as up:
        shop = Shop(up.ready())
        assert httpx.post(f"{shop.url}/v1/campaigns", json=campaign, timeout=30).is_success
        up.await_control(1)
        shop.like(5)
        until(lambda: len(shop.fired()) == 5)
        with following(up.data):
            assert len(shop.fired()) == 5, "a rebuild delivers nothing"
            (ended,) = shop.get("/v1/replays")["replays"]
            assert (ended["namespace"], ended["summary"]["triggers"]) == ("rebuilt", {"c": 5})
            assert headrace(up.data, "promote", "rebuilt").returncode == 0
            shop.like(20)  # some of them come while both may deliver
            until(lambda: len(shop.fired()) == 25)
            time.sleep(RELIEVED_MS / 1000)
            # Kafka shows each that delivers: from now on there is one.
            kafka = up.settings["kafka"]
            reader = TopicReader(kafka["bootstrap_servers"], [TRIGGERS_TOPIC], kafka["partitions"])
            before = len(reader.until(lambda found: len({m.key() for m in found}) == 25))
            shop.like(10)
            until(lambda: len(shop.fired()) == 35)
            found = reader.until(lambda found: len({m.key() for m in found}) == 35)
            assert len(found) == before + 10
            reader.close()
            assert headrace(up.data, "promote", "live").returncode == 0
            shop.like(5)
            until(lambda: len(shop.fired()) == 40)
            assert len(set(shop.fired())) == 40
        _lose_views_and_rebuild(up, shop)
        assert up.end() == 0


def _lose_views_and_rebuild(up: Up, shop: Shop) -> None:
    """Wipe all views: one command brings them back, and delivers nothing."""
    known = shop.get("/v1/users/fan7/profile")["profile"]
    kafka = up.settings["kafka"]
    with redis.Redis.from_url(up.settings["redis"]["url"]) as store:
        store.unlink(*store.scan_iter(match=Keys().pattern, count=1_000))
    until(lambda: not shop.get("/v1/users/fan7/profile")["known"])
    triggers = end_offsets({"bootstrap.servers": kafka["bootstrap_servers"]}, [TRIGGERS_TOPIC])
    done = headrace(up.data, "rebuild")
    assert done.returncode == 0, done.stderr
    assert "rebuilt live: " in done.stderr
    until(lambda: shop.get("/v1/users/fan7/profile")["known"])
    assert shop.get("/v1/users/fan7/profile")["profile"] == known
    assert len(shop.fired()) == 40
    after = end_offsets({"bootstrap.servers": kafka["bootstrap_servers"]}, [TRIGGERS_TOPIC])
    assert after == triggers
    audited = headrace(up.data, "audit")
    assert audited.returncode == 0, (audited.stdout, audited.stderr)


@pytest.mark.timeout(600)  # the whole engine and a second flow, on a machine that may be busy
def test_a_backfill_hands_over_at_the_exact_offsets_and_is_promoted_and_back(
    tmp_path: Path,
) -> None:
    with Up(tmp_path, program=REAL) as up:
        shop = Shop(up.ready())
        shop.visit(20)
        with following(up.data):
            shop.visit(20)
            until(lambda: not people_differ(up.data))

            assert headrace(up.data, "promote", "nothing").returncode == 2
            assert headrace(up.data, "promote", "rebuilt").returncode == 0
            until(lambda: shop.get("/readyz")["namespace"] == "rebuilt")
            assert shop.get("/v1/users/u1/profile")["profile"]["events"] == 40 // PEOPLE
            assert headrace(up.data, "promote", "live").returncode == 0
            until(lambda: shop.get("/readyz")["namespace"] == "live")
        assert up.end() == 0
