"""Triggers by stream and by poll: each once, whatever restarts, and nothing is left out."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.triggers import streaming
from contracts.keys import Keys
from contracts.settings import RedisSettings
from storage.redis_views import RedisViews
from tests.api.running import await_true, headers, serving
from tests.api.serve.shop import ada, person
from tests.api.triggers.firing import NOW, Event, Stream, fire, take, trigger
from tests.storage.servers import StoreServer, running

NOWHERE = "127.0.0.1:9"
QUICK = {"kafka.delivery_timeout_ms": 200}


@pytest.fixture
def store() -> Iterator[StoreServer]:
    with running() as server:
        yield server


@pytest.fixture
def base(store: StoreServer) -> Iterator[str]:
    with serving(NOWHERE, **{"redis.url": store.url, **QUICK}) as url:
        yield url


def ids(numbers: range) -> list[str]:
    return [f"t{number}" for number in numbers]


def test_a_stream_hands_out_what_is_new_in_order(base: str, store: StoreServer) -> None:
    fire(store.url, [trigger(0)])
    with Stream(base).open() as events:
        fire(store.url, [trigger(n) for n in range(1, 300)])
        first = next(events)
        assert (first.kind, first.data["id"]) == ("trigger", "t1")
        assert first.data["specversion"] == "1.0"
        assert first.data["data"]["campaign"] == "cart"
        assert take(events, 298) == ids(range(2, 300))


def test_a_stream_goes_on_where_it_was_when_the_service_restarts(store: StoreServer) -> None:
    stream, seen = Stream("", "0"), []
    for round_ in range(3):
        with serving(NOWHERE, **{"redis.url": store.url, **QUICK}) as url:
            stream._base = url
            with stream.open() as events:
                fire(store.url, [trigger(n) for n in range(20 * round_, 20 * round_ + 10)])
                # Some of what was sent is not read any more, and the rest comes while it is down.
                seen += take(events, 7 if round_ == 0 else 10)
        fire(store.url, [trigger(n) for n in range(20 * round_ + 10, 20 * round_ + 20)])
    with serving(NOWHERE, **{"redis.url": store.url, **QUICK}) as url:
        stream._base = url
        with stream.open() as events:
            seen += take(events, 60 - len(seen))
    assert seen == ids(range(60))


def test_a_person_s_triggers_are_found_among_the_newest(base: str, store: StoreServer) -> None:
    fire(store.url, [trigger(n, user="ada/b" if n % 300 == 0 else "bob") for n in range(1_300)])
    told = httpx.get(f"{base}/v1/users/ada%2Fb/triggers", timeout=20).json()
    assert [one["id"] for one in told["triggers"]] == ["t1200", "t900", "t600", "t300", "t0"]
    assert (told["user"], told["looked_at"], told["whole"]) == ("ada/b", 1_300, True)
    few = httpx.get(f"{base}/v1/users/ada%2Fb/triggers?n=2", timeout=20).json()
    assert [one["id"] for one in few["triggers"]] == ["t1200", "t900"]
    assert (few["looked_at"], few["whole"]) == (500, False)
    assert httpx.get(f"{base}/v1/users/zoe/triggers", timeout=20).json()["triggers"] == []


def test_a_person_s_triggers_are_those_of_their_devices_too(base: str, store: StoreServer) -> None:
    fire(store.url, [trigger(0, user="device:tab"), trigger(1, user="eve"), trigger(2, user="bob")])
    views = RedisViews.open(RedisSettings(url=store.url), "live")
    views.write([person(Keys("live"), ada(NOW, "eve", devices=["tab"]))])
    views.close()
    told = httpx.get(f"{base}/v1/users/eve/triggers", timeout=20).json()
    assert [one["id"] for one in told["triggers"]] == ["t1", "t0"]


def test_filters_let_through_what_they_name(base: str, store: StoreServer) -> None:
    fire(
        store.url,
        [
            trigger(1, campaign="cart", segment="s1"),
            trigger(2, campaign="cart", segment="s2"),
            trigger(3, campaign="browse", segment="s1", type="browse_abandoned"),
            trigger(4, campaign="browse", holdout=True),
        ],
    )
    for params, expected in (
        ({}, ["t1", "t2", "t3"]),
        ({"campaign": "cart"}, ["t1", "t2"]),
        ({"campaign": ["cart", "browse"], "segment": "s1"}, ["t1", "t3"]),
        ({"type": "browse_abandoned"}, ["t3"]),
        ({"campaign": "nothing", "wait": 0}, []),
    ):
        asked = httpx.get(f"{base}/v1/triggers", params={"cursor": "0", **params}, timeout=30)
        assert [one["id"] for one in asked.json()["triggers"]] == expected
        if expected:
            with Stream(base, "0", **params).open() as events:
                assert take(events, len(expected)) == expected


def test_a_poll_waits_for_the_next_and_goes_on_from_its_cursor(
    base: str, store: StoreServer
) -> None:
    began = httpx.get(f"{base}/v1/triggers", params={"wait": 0}).json()
    assert began["triggers"] == []
    cursor, seen = began["cursor"], []
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(
            httpx.get, f"{base}/v1/triggers", params={"cursor": cursor, "wait": 30}, timeout=60
        )
        fire(store.url, [trigger(1)])
        answer = waiting.result(30).json()
    seen += [one["id"] for one in answer["triggers"]]
    fire(store.url, [trigger(n) for n in range(2, 250)])
    while len(seen) < 249:
        params = {"cursor": answer["cursor"], "limit": 100}
        answer = httpx.get(f"{base}/v1/triggers", params=params, timeout=30).json()
        seen += [one["id"] for one in answer["triggers"]]
    assert seen == ids(range(1, 250))


def test_what_was_trimmed_is_told_and_counted(base: str, store: StoreServer) -> None:
    created = httpx.post(f"{base}/v1/subscriptions", json={"delivery": "pull"}).json()
    of_it = {"subscription": created["id"]}
    fire(store.url, [trigger(n) for n in range(400)])
    with store.client() as client:
        client.execute_command("XTRIM", "c:triggers:default", "MAXLEN", "=", 250)
    # A service that has not held them: one that has hands them out from memory.
    with serving(NOWHERE, **{"redis.url": store.url, **QUICK}) as url:
        shown = httpx.get(f"{url}/v1/subscriptions/{created['id']}").json()
        assert (shown["backlog"], shown["lost"]) == (400, 150)
        for _ in range(2):
            answer = httpx.get(f"{url}/v1/triggers", params={**of_it, "cursor": created["cursor"]})
            assert answer.json()["lost"] == 150
            assert answer.json()["triggers"][0]["id"] == "t150"
        httpx.get(f"{url}/v1/triggers", params={**of_it, "cursor": answer.json()["cursor"]})
        shown = httpx.get(f"{url}/v1/subscriptions/{created['id']}").json()
        assert (shown["backlog"], shown["lost"]) == (150, 150)
        labels = f'{{site="default",subscription="{created["id"]}"}}'
        await_true(
            lambda: (
                f"headrace_triggers_lost_total{labels} 150.0" in httpx.get(f"{url}/metrics").text
            )
        )
        with Stream(url, created["cursor"]).open() as events:
            told = next(events)
            assert (told.kind, told.data) == ("lost", {"lost": 150})
            assert take(events, 2) == ["t150", "t151"]


def test_a_pulled_subscription_remembers_its_place(base: str, store: StoreServer) -> None:
    body = {"delivery": "pull", "filter": {"campaigns": ["cart"]}}
    created = httpx.post(f"{base}/v1/subscriptions", json=body).json()
    fire(store.url, [trigger(n, campaign="cart" if n % 2 else "browse") for n in range(10)])
    params = {"subscription": created["id"], "limit": 5}
    first = httpx.get(f"{base}/v1/triggers", params=params).json()
    assert [one["id"] for one in first["triggers"]] == ["t1", "t3"]
    assert first["more"], "it looked at five of ten"
    again = httpx.get(f"{base}/v1/triggers", params=params).json()
    assert again["triggers"] == first["triggers"], "not acknowledged, so it comes again"
    httpx.get(f"{base}/v1/triggers", params={**params, "cursor": first["cursor"]})
    # An older cursor may be read from again, and takes nothing back.
    httpx.get(f"{base}/v1/triggers", params={**params, "cursor": created["cursor"]})
    rest = httpx.get(f"{base}/v1/triggers", params=params).json()
    assert [one["id"] for one in rest["triggers"]] == ["t5", "t7", "t9"]
    last = httpx.get(f"{base}/v1/triggers", params={**params, "cursor": rest["cursor"], "wait": 0})
    assert not last.json()["more"]


def test_a_filter_that_names_what_is_not_there_is_told(base: str) -> None:
    params = {"campaign": "nosuch", "wait": 0}
    (warning,) = httpx.get(f"{base}/v1/triggers", params=params).json()["warnings"]
    assert "there is no campaign 'nosuch' now" in warning
    with httpx.stream("GET", f"{base}/v1/triggers/stream", params={"campaign": "nosuch"}) as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(3)][-1] == f": {warning}"


def test_what_a_stream_took_is_written_down(base: str, store: StoreServer) -> None:
    created = httpx.post(f"{base}/v1/subscriptions", json={"delivery": "pull"}).json()
    path = f"{base}/v1/subscriptions/{created['id']}"
    with Stream(base, subscription=created["id"]).open() as events:
        fire(store.url, [trigger(n) for n in range(3)])
        assert take(events, 3) == ids(range(3))
        await_true(lambda: httpx.get(path).json()["backlog"] == 0)
    fire(store.url, [trigger(3)])
    with Stream(base, subscription=created["id"]).open() as events:
        assert take(events, 1) == ["t3"], "it goes on there also without the last id"


def test_a_cursor_from_beyond_waits_for_what_is_new(base: str, store: StoreServer) -> None:
    created = httpx.post(f"{base}/v1/subscriptions", json={"delivery": "pull"}).json()
    beyond = {"cursor": "9000000000000000000-0.7", "wait": 0}
    fire(store.url, [trigger(1)])
    for params in (beyond, {**beyond, "subscription": created["id"]}):
        answer = httpx.get(f"{base}/v1/triggers", params=params).json()
        assert (answer["triggers"], answer["lost"]) == ([], 0)
    fire(store.url, [trigger(2)])
    for params in ({"cursor": answer["cursor"]}, {"subscription": created["id"]}):
        answer = httpx.get(f"{base}/v1/triggers", params=params).json()
        assert [one["id"] for one in answer["triggers"]] == ["t2"]


def test_a_client_that_reads_nothing_delays_nobody(base: str, store: StoreServer) -> None:
    big = {"text": "x" * 20_000}
    with Stream(base, "0").open() as stuck, Stream(base, "0").open() as events:
        fire(store.url, [trigger(n, send=big) for n in range(600)])
        assert take(events, 600) == ids(range(600))
        assert take(stuck, 600) == ids(range(600)), "and it misses nothing itself"


def test_a_client_that_takes_nothing_is_let_go_and_may_come_back(
    base: str, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SEND_SECONDS", 0.3)
    host, _, port = base.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.sendall(b"GET /v1/triggers/stream?cursor=0 HTTP/1.1\r\nHost: x\r\n\r\n")
        await_true(lambda: "headrace_triggers_readers 1.0" in httpx.get(f"{base}/metrics").text)
        big = {"text": "x" * 20_000}
        fire(store.url, [trigger(n, send=big) for n in range(1_000)])
        await_true(lambda: "headrace_triggers_readers 0.0" in httpx.get(f"{base}/metrics").text)


def test_the_stream_outlives_its_store(store: StoreServer) -> None:
    with (
        serving(NOWHERE, **{"redis.url": store.url, **QUICK}) as url,
        Stream(url, "0").open() as events,
    ):
        fire(store.url, [trigger(1)])
        assert take(events, 1) == ["t1"]
        store.freeze()
        try:
            away = httpx.get(f"{url}/v1/triggers?subscription=any", timeout=30)
            assert (away.status_code, away.headers["retry-after"]) == (503, "1")
        finally:
            store.thaw()
        fire(store.url, [trigger(2)])
        assert take(events, 1) == ["t2"]


def test_a_shutdown_ends_streams_and_polls_at_once(store: StoreServer) -> None:
    def follow(url: str) -> list[Event]:
        with Stream(url).open() as events:
            return list(events)

    with ThreadPoolExecutor() as threads:
        # `serving` fails if it takes as long as a stop may.
        with serving(NOWHERE, **{"redis.url": store.url, **QUICK}) as url:
            stream = threads.submit(follow, url)
            poll = threads.submit(httpx.get, f"{url}/v1/triggers?wait=60", timeout=90)
            await_true(lambda: "headrace_triggers_readers 2.0" in httpx.get(f"{url}/metrics").text)
        assert stream.result(10) == []
        assert poll.result(10).json()["triggers"] == []


def test_a_secret_key_is_needed_where_write_keys_are(store: StoreServer) -> None:
    given = {
        **QUICK,
        "redis.url": store.url,
        "api.sites": {"one": "w1", "two": "w2"},
        "api.secrets": {"one": "s1"},
    }
    with serving(NOWHERE, **given) as url:
        fire(store.url, [trigger(1, "one"), trigger(2, "two")])
        path = f"{url}/v1/triggers?cursor=0&wait=0"
        for header, status in (
            ({}, 401),
            (headers("w1"), 403),
            ({"Authorization": "Bearer x"}, 401),
        ):
            refused = httpx.get(path, headers=header)
            assert refused.status_code == status
            assert refused.json()["type"].endswith(("secret-key", "wrong-scope"))
        for header in (headers("s1"), {"Authorization": "Bearer s1"}):
            answer = httpx.get(path, headers=header).json()
            assert [one["id"] for one in answer["triggers"]] == ["t1"], "not the other site's"


def test_a_key_reaches_no_subscription_of_another_site(store: StoreServer) -> None:
    given = {
        **QUICK,
        "redis.url": store.url,
        "api.sites": {"one": "w1", "two": "w2"},
        "api.secrets": {"one": "s1", "two": "s2"},
    }
    with serving(NOWHERE, **given) as url:
        all_, body = f"{url}/v1/subscriptions", {"delivery": "pull"}
        own, other = ({"Authorization": f"Bearer {key}"} for key in ("s1", "s2"))
        id_ = httpx.post(all_, json=body, headers=own).json()["id"]
        assert httpx.get(f"{all_}/{id_}", headers=own).status_code == 200
        assert httpx.get(all_, headers=other).json() == {"subscriptions": []}
        for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/enable")):
            json = body if method == "PUT" else None
            answer = httpx.request(method, f"{all_}/{id_}{path}", json=json, headers=other)
            assert answer.status_code == 404
        triggers = f"{url}/v1/triggers?subscription={id_}&wait=0"
        assert httpx.get(triggers, headers=other).status_code == 404
        assert httpx.get(triggers, headers=own).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=abc", "cursor"),
        ("cursor=1-99999999999999999999.1", "cursor"),
        ("wait=61", "wait"),
        ("limit=0", "limit"),
        ("campaing=cart", "campaing"),
        ("campaign=" + "x" * 300, "campaign"),
        ("subscription=a&campaign=b", "campaign"),
        ("cursor=0&cursor=0", "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(base: str, query: str, field: str) -> None:
    answer = httpx.get(f"{base}/v1/triggers?{query}")
    assert answer.status_code == 400
    assert answer.json()["faults"][0]["field"] == field


def test_more_readers_than_allowed_are_told_to_come_back(store: StoreServer) -> None:
    with (
        serving(NOWHERE, **{"redis.url": store.url, "api.max_streams": 1, **QUICK}) as url,
        Stream(url).open(),
    ):
        refused = httpx.get(f"{url}/v1/triggers")
        assert refused.status_code == 503
        assert refused.headers["retry-after"]


def test_one_key_leaves_streams_for_others(store: StoreServer) -> None:
    given = {
        **QUICK,
        "redis.url": store.url,
        "api.sites": {"one": "w1", "two": "w2"},
        "api.secrets": {"one": "s1", "two": "s2"},
        "api.max_streams_per_key": 1,
    }
    own, other = ({"Authorization": f"Bearer {key}"} for key in ("s1", "s2"))
    with serving(NOWHERE, **given) as url:
        poll = f"{url}/v1/triggers?wait=0"
        with httpx.stream("GET", f"{url}/v1/triggers/stream", headers=own, timeout=60) as first:
            assert first.status_code == 200
            refused = httpx.get(poll, headers=own)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
            assert httpx.get(poll, headers=other).status_code == 200
        await_true(lambda: httpx.get(poll, headers=own).status_code == 200)
