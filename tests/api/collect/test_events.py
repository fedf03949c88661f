"""Canonical events over HTTP: what is taken, what is refused and how, what lies on the topics."""

import gzip
import json
import socket
import time
import uuid
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contracts.codec import MAX_EVENT_BYTES, decode_event
from contracts.keys import message_key, partition_of
from contracts.rejects import raw_bytes
from tests.api.collect.conftest import PARTITIONS, Events, Rejects
from tests.api.running import TopicReader

TIME = 1_700_000_000_000


def an_id() -> str:
    return uuid.uuid4().hex


def event(**fields: Any) -> dict[str, Any]:
    return {"id": an_id(), "type": "view", "user": "ada", "time": TIME, **fields}


def post(client: httpx.Client, content: bytes | Any, **options: Any) -> httpx.Response:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post("/v1/events", content=raw, **options)


def test_one_event_lies_on_its_topic_and_partition(
    client: httpx.Client, event_reader: TopicReader
) -> None:
    before = time.time_ns() // 1_000_000
    posted = event(device="d1", item="kettle", price=39.9, colour="red", props={"a": 1})
    answer = post(client, posted)
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "accepted": 1, "rejected": []}

    def ours(messages: list[Any]) -> list[Any]:
        return [m for m in messages if json.loads(m.value())["id"] == posted["id"]]

    (message,) = ours(event_reader.until(lambda messages: bool(ours(messages))))
    found = decode_event(message.value())
    assert (found.site, found.item, found.price) == ("default", "kettle", 39.9)
    assert found.props == {"a": 1, "colour": "red"}
    assert message.topic() == "events.click"
    assert message.key() == message_key("default", "ada", "d1")
    assert message.partition() == partition_of(message.key(), PARTITIONS)
    assert before <= message.timestamp()[1] <= time.time_ns() // 1_000_000


def test_feedback_goes_to_its_own_topic(client: httpx.Client, event_reader: TopicReader) -> None:
    posted = event(type="rating", item="kettle", value=4)
    assert post(client, posted).status_code == 200

    def ours(messages: list[Any]) -> list[Any]:
        return [m for m in messages if json.loads(m.value())["id"] == posted["id"]]

    (message,) = ours(event_reader.until(lambda messages: bool(ours(messages))))
    assert message.topic() == "events.feedback"


@pytest.mark.parametrize("fields", [{"type": "nps", "value": -5}, {"type": "rating"}])
def test_a_score_that_is_missing_or_out_of_range_is_named(
    client: httpx.Client, fields: dict[str, Any]
) -> None:
    answer = post(client, event(item="kettle", **fields))
    assert answer.status_code == 400
    (fault,) = answer.json()["rejected"]
    assert fault["reason"] == "invalid"
    assert fault["detail"].startswith("`value`: ")


def test_a_list_takes_the_good_ones_and_names_the_bad(
    client: httpx.Client, events_of: Events, rejects_of: Rejects
) -> None:
    marker = an_id()
    good = [event(session=marker) for _ in range(3)]
    bad = event(session=marker, price=-1)
    answer = post(client, [good[0], bad, good[1], good[2], {"type": "view", "s": marker}])
    assert answer.status_code == 200
    body = answer.json()
    assert (body["success"], body["accepted"]) == (True, 3)
    assert [(entry["index"], entry["reason"]) for entry in body["rejected"]] == [
        (1, "invalid"),
        (4, "invalid"),
    ]
    assert body["rejected"][0]["detail"].startswith("`price`")
    found = events_of(lambda e: e.session == marker, 3)
    assert {e.id for e in found} == {e["id"] for e in good}
    records = rejects_of(lambda r: marker.encode() in raw_bytes(r), 2)
    assert {r.origin for r in records} == {"http:/v1/events[1]", "http:/v1/events[4]"}
    first = next(r for r in records if r.origin.endswith("[1]"))
    assert json.loads(raw_bytes(first)) == bad
    assert (first.site, first.reason) == ("default", "invalid")
    assert abs(first.received - time.time() * 1000) < 120_000


NESTED = b'{"a":' * 40 + b"1" + b"}" * 40
VERY_NESTED = b"[" * 100_000
BASE = b'{"id":"%s","type":"view","user":"ada","time":1700000000000' % an_id().encode()

BAD: list[tuple[bytes, str, str]] = [
    (b"", "malformed", "the body is empty"),
    (b"  \n", "malformed", "the body is empty"),
    (b"[]", "malformed", "the list holds no events"),
    (b"{", "malformed", "not valid JSON"),
    (b"[{}", "malformed", "not valid JSON"),
    (b"\xef\xbb\xbf{}", "malformed", "not valid JSON"),
    (b"\xff\xfe", "malformed", "not UTF-8: byte 1 is 0xff"),
    (b"null", "invalid", "expected an object, got null"),
    (b"7", "invalid", "expected an object"),
    (b'"x"', "invalid", "expected an object"),
    (b"[[]]", "invalid", "expected an object, got a list"),
    (b"{}", "invalid", "`id`: is missing"),
    (BASE + b',"price":NaN}', "malformed", "`price`: NaN is no number"),
    (BASE + b',"price":Infinity}', "malformed", "Infinity is no number"),
    (BASE + b',"price":1e999}', "invalid", "`price`: number out of range"),
    (BASE + b',"price":-0.5}', "invalid", "`price`: expected a number of at least 0"),
    (BASE + b',"price":"5"}', "invalid", "`price`: expected a number or null, got text"),
    (BASE + b',"quantity":true}', "invalid", "`quantity`"),
    (BASE + b',"props":[]}', "invalid", "`props`: expected an object"),
    (BASE + b',"props":{"n":123456789012345678901234567890}}', "invalid", "`props.n`"),
    (BASE + b',"props":{"n":' + b"9" * 5000 + b"}}", "invalid", "out of range"),
    (BASE + b',"props":' + NESTED + b"}", "too_deep", "`props` is nested deeper than 16"),
    (BASE + b',"x":' + NESTED + b"}", "too_deep", "nested deeper than 16 levels"),
    (BASE + b',"item":"\xc3\x28"}', "malformed", f"not UTF-8: byte {len(BASE) + 10} is 0xc3"),
    (BASE + b',"item":"\\ud800"}', "malformed", "not valid JSON"),
    (BASE + b',"item":"\\udc00x"}', "malformed", "surrogate"),
    (BASE + b',"item":"a\nb"}', "malformed", "invalid character"),
    (BASE + b',"item":"a\\u0000b"}', "invalid", "`item`: 'a\\x00b' holds a control character"),
    (BASE + b',"item":""}', "invalid", "`item`: expected text of at least 1 character"),
    (BASE + b',"item":"' + b"i" * 257 + b'"}', "invalid", "`item`: expected text of at most"),
    (BASE + b',"text":"' + b"t" * 20_000 + b'"}', "invalid", "`text`: expected text of at most"),
    (BASE + b',"user":"bob"}', "invalid", "`user`: stands twice"),
    (BASE + b',"props":{"a":{"b":1,"b":2}}}', "invalid", "`b`: stands twice"),
    (BASE + b',"site":"other"}', "invalid", "`site`: the write key is one of another site"),
    (BASE + b',"consent":["everything"]}', "invalid", "`consent[0]`"),
    (BASE + b',"currency":"euro"}', "invalid", "`currency`"),
    (BASE + b',"position":-1}', "invalid", "`position`"),
    (BASE + b',"v":2}', "newer_version", "schema version 2"),
    (BASE + b',"v":0}', "invalid", "`v`"),
    (b'{"id":"1","type":"view","time":1700000000000}', "no_subject", "`user`, `device`"),
    (b'{"id":"1","type":"buy","user":"a","time":1700000000000}', "invalid", "`type`"),
    (
        b'{"id":"1","type":"decision","user":"a","time":1700000000000}',
        "invalid",
        "written by Headrace itself",
    ),
    (b'{"id":"1","type":"view","user":"a"}', "invalid", "`time`: is missing"),
    (b'{"id":"1","type":"view","user":"a","time":1700000000}', "bad_time", "are these seconds?"),
    (b'{"id":"1","type":"view","user":"a","time":1.5}', "invalid", "`time`"),
    (b'{"id":"1","type":"view","user":"a","time":' + b"9" * 30 + b"}", "invalid", "`time`"),
    (b'{"id":"1","type":"view","user":"device:a","time":1700000000000}', "reserved_id", "`user`"),
    (b'{"id":"1","type":"identify","user":"a","time":1700000000000}', "invalid", "`device`"),
]


@pytest.mark.parametrize(("raw", "reason", "words"), BAD, ids=range(len(BAD)))
def test_bad_input_is_a_400_with_its_reason(
    raw: bytes, reason: str, words: str, client: httpx.Client, rejects_of: Rejects
) -> None:
    answer = post(client, raw)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400
    assert problem["rejected"][0]["reason"] == reason
    assert words.lower() in problem["detail"].lower()
    assert words.lower() in problem["rejected"][0]["detail"].lower()
    whole = raw[1:-1] if raw == b"[[]]" else raw
    records = rejects_of(lambda r: raw_bytes(r) == whole and r.reason == reason)
    assert all(r.origin.startswith("http:/v1/events") for r in records)


def test_nesting_without_end_is_refused(client: httpx.Client) -> None:
    assert post(client, VERY_NESTED).status_code == 400
    assert post(client, b'{"a":' * 6_000).status_code == 400
    assert post(client, b'{"a":' * 90_000).status_code == 413
    assert post(client, b'[{"a":' + b"[" * 90_000).status_code == 400


def test_all_bad_is_a_400_that_lists_each(client: httpx.Client) -> None:
    answer = post(client, [{"id": "1"}, 5, event(price=-1)])
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["type"] == "urn:headrace:problem:invalid-events"
    assert [entry["index"] for entry in problem["rejected"]] == [0, 1, 2]
    assert problem["detail"].startswith("none of the 3 events is accepted; event 0: ")


def test_size_limits(client: httpx.Client) -> None:
    big = event(props={"x": "a" * MAX_EVENT_BYTES})
    answer = post(client, big)
    assert answer.status_code == 413
    assert answer.json()["rejected"][0]["reason"] == "too_large"
    mixed = post(client, [event(), big])
    assert mixed.status_code == 200
    assert mixed.json()["rejected"][0]["index"] == 1
    for size in (512_001, 1_000_000, 20_000_000):
        assert post(client, b"[" + b" " * (size - 2) + b"]").status_code == 413
    assert post(client, event(text="a" * 1_000_000)).status_code == 413


def test_the_limit_holds_for_the_event_as_it_is_written(client: httpx.Client) -> None:
    small = event(site="default", props={"x": ""})
    room = MAX_EVENT_BYTES - len(json.dumps(small, separators=(",", ":")))
    small["props"]["x"] = "a" * room
    raw = json.dumps(small, separators=(",", ":")).encode()
    assert len(raw) == MAX_EVENT_BYTES
    assert post(client, raw).status_code == 200
    assert post(client, raw + b" ").status_code == 413
    # Just as long, but a number that is written out is longer.
    assert post(client, raw.replace(b'"x":"aaaaaaaa', b'"y":1e15,"x":"')).status_code == 413


def test_a_chunked_body_is_bounded_too(client: httpx.Client) -> None:
    def chunks(count: int) -> Any:
        yield b"["
        for _ in range(count):
            yield b" " * 10_000
        yield json.dumps(event()).encode() + b"]"

    assert client.post("/v1/events", content=chunks(3)).status_code == 200
    assert client.post("/v1/events", content=chunks(60)).status_code == 413


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_gzip(client: httpx.Client, encoding: str) -> None:
    zipped = gzip.compress(json.dumps([event(), event()]).encode())
    answer = post(client, zipped, headers={"Content-Encoding": encoding})
    assert answer.json()["accepted"] == 2


def test_a_gzip_bomb_goes_nowhere(client: httpx.Client) -> None:
    bomb = gzip.compress(b" " * 400_000_000, 9)
    assert len(bomb) < 512_000
    started = time.process_time()
    answer = post(client, bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert time.process_time() - started < 5  # all of it would take longer than this


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"tail", b"\x1f\x8b"],
    ids=["not at all", "cut", "with a tail", "only a head"],
)
def test_bad_gzip(client: httpx.Client, body: bytes) -> None:
    answer = post(client, body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 400
    assert "gzip" in answer.json()["detail"]


@pytest.mark.parametrize(("encoding", "code"), [("deflate", zlib.compress), ("br", bytes)])
def test_other_encodings(
    client: httpx.Client, encoding: str, code: Callable[[bytes], bytes]
) -> None:
    answer = post(client, code(b"{}"), headers={"Content-Encoding": encoding})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip"


def test_pages_of_other_origins_may_post(client: httpx.Client) -> None:
    origin = {"Origin": "https://shop.example"}
    beacon = post(client, event(), headers={**origin, "Content-Type": "text/plain;charset=UTF-8"})
    assert beacon.status_code == 200
    assert beacon.headers["access-control-allow-origin"] == "*"
    preflight = client.options(
        "/v1/batch",
        headers={
            **origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert preflight.status_code == 200
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in client.get("/healthz", headers=origin).headers


def test_a_client_that_leaves_in_the_middle_harms_nobody(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as line:
        line.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n[{")
    assert post(client, event()).status_code == 200
    assert "Traceback" not in caplog.text
