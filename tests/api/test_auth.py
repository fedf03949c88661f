"""Write keys decide the site; without any, only this machine may post."""

import httpx
import pytest
from pydantic import SecretStr

from api.auth import basic_user
from api.gate import Gate
from contracts.settings import ApiSettings, SettingsError
from tests.api.running import NOWHERE, headers, serving

EVENT = {"id": "1", "type": "view", "user": "ada", "time": 1_700_000_000_000}


def test_without_keys_only_loopback_is_served() -> None:
    assert not Gate(ApiSettings(host="::1")).asks
    with pytest.raises(SettingsError, match=r"api\.sites.*0\.0\.0\.0.*HEADRACE_API__SITES"):
        Gate(ApiSettings(host="0.0.0.0"))
    assert Gate(ApiSettings(host="0.0.0.0", sites={"shop": SecretStr("k")})).asks
    assert Gate(ApiSettings(host="0.0.0.0", site_names=["shop"])).asks


def test_without_keys_there_is_no_site_but_the_default() -> None:
    with serving(NOWHERE) as url, httpx.Client(base_url=url) as client:
        for method, path in (
            ("DELETE", "/v1/users/kim"),
            ("GET", "/v1/users/kim/export"),
            ("GET", "/v1/campaigns"),
            ("GET", "/v1/triggers"),
            ("GET", "/v1/rejects"),
            ("GET", "/v1/stats"),
            ("POST", "/v1/events"),
        ):
            answer = client.request(method, path, params={"site": "shop"})
            assert answer.status_code == 404, (method, path)
            assert answer.json()["type"] == "urn:headrace:problem:unknown-site"
        assert client.get("/v1/stats", params={"site": "default"}).status_code == 200


def test_an_empty_key_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match=r"api\.sites\.shop"):
        Gate(ApiSettings(sites={"shop": SecretStr("")}))


@pytest.mark.parametrize(
    ("header", "user"),
    [
        ("Basic azo=", "k"),
        ("basic azp4", "k"),
        ("Basic aw==", "k"),
        ("Basic \xff", None),
        ("Basic /w==", None),
        ("Basic", None),
        ("", None),
        (None, None),
    ],
)
def test_basic_user(header: str | None, user: str | None) -> None:
    assert basic_user(header) == user


@pytest.fixture(scope="module")
def guarded(broker: str) -> object:
    keys = {"shop": SecretStr("shop-key"), "books": SecretStr("büche\u0072-key")}
    with (
        serving(broker, **{"api.sites": keys, "kafka.delivery_timeout_ms": 200}) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


# The shared broker has no topics: an event that got past the key is answered 503.
PAST = 503


@pytest.mark.parametrize("key", ["wrong", "shop-key2", "\xfc", "shop-key\x00"])
def test_a_wrong_key_is_a_401(guarded: httpx.Client, key: str) -> None:
    for answer in (
        guarded.post("/v1/events", json=EVENT, headers=headers(key)),
        guarded.post("/v1/track", json={"writeKey": key}),
        guarded.post("/v1/batch", params={"writeKey": key}, content=b"not json"),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert answer.json()["type"] == "urn:headrace:problem:unknown-write-key"


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"writeKey": 7}', b'{"writeKey": ""}'])
def test_no_key_is_a_401(guarded: httpx.Client, body: bytes) -> None:
    answer = guarded.post("/v1/events", content=body)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:headrace:problem:missing-write-key"


def test_a_right_key_by_each_way(guarded: httpx.Client) -> None:
    message = {"type": "page", "userId": "ada"}
    for answer in (
        guarded.post("/v1/events", json=EVENT, headers=headers("shop-key")),
        guarded.post("/v1/events", json=EVENT, headers=headers("bücher-key")),
        guarded.post("/v1/events", json=EVENT, params={"writeKey": "shop-key"}),
        guarded.post("/v1/batch", json={"batch": [message], "writeKey": "shop-key"}),
    ):
        assert answer.status_code == PAST


def test_with_keys_other_origins_are_not_let_in_by_themselves(guarded: httpx.Client) -> None:
    answer = guarded.post(
        "/v1/events", json=EVENT, headers={**headers("shop-key"), "Origin": "https://x.example"}
    )
    assert "access-control-allow-origin" not in answer.headers
