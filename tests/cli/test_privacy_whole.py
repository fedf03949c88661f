"""A person erased from the whole stack: a search for the bytes finds none, and nobody returns."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from cli.pseudonyms import names_of
from contracts.codec import decode_json
from contracts.keys import REJECTED_TOPIC, TOPICS
from contracts.rejects import Rejected, raw_bytes
from contracts.settings import Settings
from flows.replaying.topic_range import end_offsets
from flows.spans import read
from tests.api.triggers.firing import Stream
from tests.api.webhooks.receiver import receiving
from tests.cli.running import ROOT, Up, until

REAL = ("-m", "cli.main")
SETTINGS = {
    "HEADRACE_FLOW__EPOCH_SECONDS": "1",
    "HEADRACE_FLOW__BUCKETS": "8",
    "HEADRACE_FLOW__INTENT_EVERY": "1",
    "HEADRACE_FLOW__OUTCOME_EVERY": "1",
    "HEADRACE_FLOW__SEGMENT_EVERY": "1",
    "HEADRACE_FLOW__SCORE_SHARE": "1.0",
    "HEADRACE_WEBHOOKS__ALLOW": '["127.0.0.0/8"]',
    "HEADRACE_CAMPAIGNS__CLOCK_SECONDS": "0.5",
}
CANARY = "kanari7"
"""Stands in every field of the person's; in the middle of words that nobody else uses."""


KINDS = ("profile", "standing", "voices", "case", "concept")
"""Kinds of views that hold something of everybody."""


class Site:
    """A site whose visitors do all kinds of things."""

    def __init__(self, up: Up) -> None:
        self.data = up.data
        self.url = up.ready()
        self.store = redis.Redis.from_url(up.settings["redis"]["url"])
        self.sent = 0

    def event(self, type_: str, **fields: Any) -> None:
        self.sent += 1
        now = time.time_ns() // 1_000_000
        event = {"id": f"e{self.sent}", "type": type_, "time": now, **fields}
        answer = httpx.post(f"{self.url}/v1/events", json=event, timeout=30)
        assert answer.status_code == 200, answer.text

    def visit(self, name: str, more: str = "") -> None:
        """Let a person do something of every kind: on a device first, then signed in."""
        word = more or name
        device, user = {"device": f"dev-{name}"}, {"user": name, "device": f"dev-{name}"}
        self.event("view", item="cup", **device, props={"name": f"cup of {word}"})
        self.event("search", query=f"{word} teapots", **device)
        self.event("complaint", text=f"the {word} parcel came broken and late", **device)
        self.event("identify", **user, props={"email": f"{word}@example.com", "name": word})
        self.event("search", query=f"{word} for tea", **user)
        for item in ("pot", "cup", "tray", "lamp", "rug", "vase"):
            self.event("view", item=item, **user, props={"name": f"{item} {word}", "price": 5})
        self.event("add_to_cart", item="pot", price=9.0, **user)
        self.event("purchase", item="pot", price=9.0, order=f"order-{word}", **user)
        self.event("rating", item="pot", value=4, text=f"{word} likes it much", **user)
        self.event("complaint", text=f"my {word} refund is missing", order=f"order-{word}", **user)
        for path in ("recommendations", "profile", "scores"):
            assert self.get(f"/v1/users/{name}/{path}").status_code == 200

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=30)

    def stats(self) -> Any:
        return self.get("/v1/stats").json()["events"]

    def arrive(self) -> None:
        until(lambda: self.stats()["ended"] >= self.sent)

    def finds(self, word: str) -> list[str]:
        """Return where a word's bytes are: keys of the store, and files but the logs of events."""
        found = [f"key {key}" for key, value in self.values() if word.encode() in key + value]
        return found + self.left(word)

    def left(self, word: str) -> list[str]:
        """Return the files that a word's bytes are in."""
        files = [file for file in sorted(self.data.rglob("*")) if file.is_file()]
        held = [file for file in files if word.encode() in _bytes_of(file)]
        return [str(file.relative_to(self.data)) for file in held]

    def values(self) -> Iterator[tuple[bytes, bytes]]:
        store: Any = self.store
        for key in store.scan_iter(count=1_000):
            kind = store.type(key)
            read = {
                b"none": lambda: b"",  # it ended since
                b"string": lambda key=key: store.get(key),
                b"hash": lambda key=key: store.hgetall(key),
                b"set": lambda key=key: store.smembers(key),
                b"zset": lambda key=key: store.zrange(key, 0, -1),
                b"list": lambda key=key: store.lrange(key, 0, -1),
                b"stream": lambda key=key: store.xrange(key),
            }[kind]
            value = read()
            yield key, value if isinstance(value, bytes) else _flat(value)


def _missing(places: tuple[str, ...], found: list[str]) -> list[str]:
    return [place for place in places if not any(place in one for one in found)]


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""  # written anew under another name since it was listed


def _flat(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"".join(_flat(one) for pair in value.items() for one in pair)
    return b"".join(_flat(one) for one in value or ())


def headrace(data: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments, "--data-dir", str(data)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=240,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def at_terminal(typed: str, data: Path, *arguments: str) -> tuple[int, str]:
    """Return how a command ended whose stdin is a terminal, and what it said."""
    ours, theirs = os.openpty()
    try:
        os.write(ours, f"{typed}\n".encode())
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments, "--data-dir", str(data)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            cwd=ROOT,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout


@pytest.mark.timeout(600)  # the whole engine, searched byte by byte, on a machine that may be busy
def test_nothing_is_left_of_a_person_and_a_rebuild_does_not_bring_one_back(tmp_path: Path) -> None:
    campaign = {
        "id": "all",
        "name": "All",
        "consent": [],
        "cooldown": "1h",
        "condition": "event.type == 'purchase'",
    }
    plain = {**SETTINGS, "HEADRACE_API__PSEUDONYMS": "0"}  # so that a search would find the person
    with Up(tmp_path, "--workers", "2", program=REAL, **plain) as up:
        site = Site(up)
        hook = {"delivery": "webhook", "url": "http://127.0.0.1:9/", "filter": {}}
        httpx.post(f"{site.url}/v1/subscriptions", json=hook, timeout=30).raise_for_status()
        httpx.post(f"{site.url}/v1/campaigns", json=campaign, timeout=30).raise_for_status()
        up.await_control(1)
        # Before most others: a webhook that keeps failing is left alone for a while.
        for name in ("user0", "user1", CANARY, *(f"user{number}" for number in range(2, 8))):
            site.visit(name, CANARY if name == CANARY else "common")
        bad = {"id": "bad", "type": "view", "user": CANARY, "time": "never"}
        assert httpx.post(f"{site.url}/v1/events", json=bad, timeout=30).status_code == 400
        assert CANARY in headrace(up.data, "rejects", "list", "--json")
        site.arrive()
        # It is all over the place by then, or the search would prove nothing.
        places = (":pending", "state/", "appendonly", *map(":{}:".format, KINDS))
        until(lambda: _missing(places, site.finds(CANARY)) == [])

        told = site.get(f"/v1/users/{CANARY}/export").json()
        assert told["user"] == CANARY
        assert told["devices"] == [f"device:dev-{CANARY}"]
        assert told["profiles"][0]["traits"]["email"] == f"{CANARY}@example.com"
        assert len(told["cases"]) == 2
        assert told["triggers"]
        assert told["webhooks_waiting"]
        written = json.loads(headrace(up.data, "export-user", f"device:dev-{CANARY}", "--events"))
        assert written["user"] == CANARY
        assert len(written["events"]) == 15

        misspelt = httpx.delete(f"{site.url}/v1/users/{CANARY}/profil", timeout=60)
        assert (misspelt.status_code, "%2F" in misspelt.text) == (400, True)
        answer = httpx.delete(f"{site.url}/v1/users/{CANARY}", timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.json()["ids"] == 2
        assert site.get(f"/v1/users/{CANARY}/profile").json()["known"] is False
        try:
            until(lambda: site.finds(CANARY) == [])
        except AssertionError:
            pytest.fail(f"left: {site.finds(CANARY)}")

        assert json.loads(headrace(up.data, "rejects", "list", "--json")) == []

        # What comes of the person later is withheld, and by the account it has one end.
        before = site.stats()["withheld"].get("erased", 0)
        site.visit(CANARY)
        site.arrive()
        assert site.stats()["withheld"]["erased"] == before + 15
        assert "no difference" in headrace(up.data, "audit")
        # A rebuild reads all of the log again; nobody comes of it who was erased.
        headrace(up.data, "backfill", "rebuilt", "--no-follow")
        assert site.get("/v1/users/user1/profile").json()["known"] is True
        assert site.finds(CANARY) == []

        assert "counts again" in headrace(up.data, "erase", CANARY, "--lift")
        site.event("view", user=CANARY, item="cup")
        until(lambda: site.get(f"/v1/users/{CANARY}/profile").json()["known"] is True)
        assert site.get(f"/v1/users/{CANARY}/profile").json()["profile"]["events"] == 1
        assert "erased" in headrace(up.data, "erase", CANARY, "user1")
        until(lambda: site.get("/v1/users/user1/profile").json()["known"] is False)
        assert up.end() == 0


@pytest.mark.timeout(600)  # the whole engine, on a machine that may be busy
def test_consent_that_is_withdrawn_ends_triggers_answers_and_what_is_known(tmp_path: Path) -> None:
    campaign = {"id": "ad", "name": "Ad", "condition": "event.type == 'view'"}
    with Up(tmp_path, program=REAL, **SETTINGS) as up:
        site = Site(up)
        httpx.post(f"{site.url}/v1/campaigns", json=campaign, timeout=30).raise_for_status()
        up.await_control(1)

        def fired() -> int:
            counts: dict[str, int] = site.get("/v1/campaigns/ad").json()["counts"]
            return counts.get("fired", 0)

        def profile() -> Any:
            return site.get("/v1/users/ada/profile").json()["profile"]

        for user in ("bob", "eve"):
            for item in ("cup", "pot"):
                site.event("purchase", user=user, item=item, price=5.0, order=f"o-{user}")
        site.event("view", user="ada", item="cup")
        site.arrive()
        assert fired() == 0, "nothing said is no consent to marketing"
        both = ["personalization", "marketing"]
        site.event("view", user="ada", item="cup", consent=both)
        until(lambda: fired() == 1)
        answer = site.get("/v1/users/ada/recommendations").json()
        assert not answer["fallback"]

        site.event("view", user="ada", item="cup", consent=["personalization"])
        site.event("view", user="ada", item="cup")
        until(lambda: profile()["events"] == 4)
        site.arrive()
        assert fired() == 1

        site.event("view", user="ada", item="cup", consent=[])
        until(lambda: profile()["consent"] == [])
        answer = site.get("/v1/users/ada/recommendations").json()
        assert answer["fallback"]
        assert not [one for one in answer["items"] if "cup" in " ".join(one["reasons"])]
        site.event("view", user="ada", item="pot")
        site.arrive()
        assert profile()["events"] == 4
        assert site.get("/v1/users/ada/facts").json()["facts"] == {}
        assert site.stats()["withheld"]["no_consent"] == 2
        assert fired() == 1

        site.event("view", user="ada", item="cup", consent=both)
        until(lambda: fired() == 2)
        assert up.end() == 0


@pytest.mark.timeout(600)  # the whole engine, searched byte by byte, on a machine that may be busy
def test_with_pseudonyms_no_id_is_in_log_or_store_and_all_is_asked_and_told_by_ids(
    tmp_path: Path,
) -> None:
    campaign = {"id": "all", "name": "All", "consent": [], "condition": "event.type == 'purchase'"}
    pages = {**SETTINGS, "HEADRACE_API__PAGES": "1"}
    with Up(tmp_path, program=REAL, **pages) as up, receiving() as receiver:
        site = Site(up)
        hook = {"delivery": "webhook", "url": receiver.url, "filter": {}}
        made = httpx.post(f"{site.url}/v1/subscriptions", json=hook, timeout=30)
        receiver.secrets.append(made.json()["secret"])
        away = {**hook, "url": "http://127.0.0.1:9/"}
        httpx.post(f"{site.url}/v1/subscriptions", json=away, timeout=30).raise_for_status()
        httpx.post(f"{site.url}/v1/campaigns", json=campaign, timeout=30).raise_for_status()
        up.await_control(1)
        for name in ("user0", CANARY, "user1", "user2"):
            site.visit(name, "common")
        bad = {"id": "bad", "type": "view", "user": CANARY, "time": "never"}
        assert httpx.post(f"{site.url}/v1/events", json=bad, timeout=30).status_code == 400
        site.arrive()

        # What is asked for by an id is answered with it.
        path = f"/v1/users/{CANARY}/recommendations"
        until(lambda: site.get(path).json()["fallback"] is False)
        assert site.get(path).json()["user"] == CANARY
        for asked in (CANARY, f"device:dev-{CANARY}"):
            told = site.get(f"/v1/users/{asked}/profile").json()
            assert (told["user"], told["known"]) == (CANARY, True)
        cases = site.get("/v1/feedback").json()["cases"]
        assert CANARY in [case["user"] for case in cases]
        # So is what is told by itself.
        until(lambda: len(receiver.ids) >= 4)
        posted = [json.loads(body) for bodies in receiver.bodies.values() for body in bodies]
        assert CANARY in [event["subject"] for event in posted]
        assert receiver.unverified == 0
        with Stream(site.url, "0").open() as events:
            assert CANARY in [next(events).data["data"]["user"] for _ in range(4)]
        with httpx.stream("GET", f"{site.url}/v1/live/stream", timeout=30) as live:
            picture = next(line for line in live.iter_lines() if '"triggers"' in line)
        shown = json.loads(picture.removeprefix("data: "))["triggers"]
        assert CANARY in [one["user"] for one in shown]

        # A last epoch writes what the flow's state has come to.
        until(lambda: any("state/" in one for one in site.finds(_token(up, CANARY))))
        assert (
            _missing(("appendonly", ":pending", ":profile:"), site.finds(_token(up, CANARY))) == []
        )
        assert site.finds(CANARY) == []
        token, log = _token(up, CANARY), _log_of(up)
        assert len(log) > 60
        assert any(b'"never"' in raw for raw in log)
        assert not [raw for raw in log if CANARY.encode() in raw]

        told = json.loads(headrace(up.data, "export-user", f"device:dev-{CANARY}", "--events"))
        assert (told["user"], told["devices"]) == (CANARY, [f"device:dev-{CANARY}"])
        assert len(told["events"]) == 15
        (refused,) = json.loads(headrace(up.data, "rejects", "list", "--json"))
        assert json.loads(refused["text"])["user"] == CANARY
        code, said = at_terminal("n", up.data, "erase", CANARY)
        assert (code, "erased" in said) == (1, False), said
        assert f"Erase from site default:\n  {CANARY}, with 2 ids\n" in said
        assert site.get(f"/v1/users/{CANARY}/profile").json()["known"] is True
        code, said = at_terminal("y", up.data, "erase", CANARY)
        assert (code, f"{CANARY}: erased: " in said) == (0, True), said
        until(lambda: site.get(f"/v1/users/{CANARY}/profile").json()["known"] is False)
        until(lambda: site.finds(token) == [])
        assert site.finds(CANARY) == []
        assert up.end() == 0
    assert site.left(CANARY) == site.left(token) == []


def _token(up: Up, id_: str) -> str:
    return names_of(Settings(data_dir=up.data)).token("default", id_)


def _log_of(up: Up) -> list[bytes]:
    """Return keys and values of all records of all topics, and what refused ones hold."""
    config = {"bootstrap.servers": up.settings["kafka"]["bootstrap_servers"]}
    found: list[bytes] = []
    ends = end_offsets(config, TOPICS)
    spans = {name: (0, end) for name, end in ends.items()}

    def take(_: str, one: Any) -> None:
        found.append((one.key() or b"") + (one.value() or b""))
        if one.topic() == REJECTED_TOPIC:
            found.append(raw_bytes(decode_json(one.value(), Rejected)))

    read(config, spans, take)
    return found
