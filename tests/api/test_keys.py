"""Keys made by `headrace keys`: in force and out of force while the service runs."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli.embedded import EmbeddedStore
from cli.lock import DataDirLock
from contracts.access import SECRET_SCOPES, WRITE_SCOPES, new_key
from contracts.keys import API_KEYS_KEY
from contracts.settings import RedisSettings, Settings
from storage.api_keys import ApiKeyStore
from storage.connection import connect
from tests.api.running import NOWHERE, await_true, headers, serving
from tests.cli.test_config import headrace

EVENT = {"id": "1", "type": "view", "device": "d1", "time": 1_700_000_000_000}
SHOP = "https://shop.example"
QUICK = {"kafka.delivery_timeout_ms": 200, "api.site_names": ["shop", "books"]}
PAST = 503
"""What an event that got past the gate is answered: there is no broker."""


@pytest.fixture
def http(own_store: EmbeddedStore) -> Iterator[httpx.Client]:
    given = {**QUICK, "redis.url": own_store.url, "redis.timeout_seconds": 0.5}
    with serving(NOWHERE, **given) as url, httpx.Client(base_url=url, timeout=20) as client:
        yield client


def keys(store: EmbeddedStore, *arguments: str, code: int = 0) -> str:
    done = headrace("keys", *arguments, "--redis", store.url)
    assert done.returncode == code, done.stderr
    return done.stdout.strip()


def make(store: EmbeddedStore, site: str, *scopes: str, origins: tuple[str, ...] = ()) -> str:
    """Put a key into the store; return its text."""
    kept = ApiKeyStore(RedisSettings.model_validate({"url": store.url}))
    kind = "write" if set(scopes) == set(WRITE_SCOPES) else "secret"
    key, text = new_key(site, kind, scopes, origins, now=time.time_ns() // 1_000_000)
    kept.put(key)
    kept.close()
    return text


def posted(http: httpx.Client, key: str, **more: str) -> int:
    return http.post("/v1/events", json=EVENT, headers={**headers(key), **more}).status_code


def test_a_running_service_takes_new_keys_and_refuses_revoked_ones(
    http: httpx.Client, own_store: EmbeddedStore
) -> None:
    old = keys(own_store, "create", "shop", "--write")
    await_true(lambda: posted(http, old) == PAST)
    made = json.loads(keys(own_store, "create", "shop", "--write", "--name", "n", "--json"))
    new = made["key"]
    await_true(lambda: posted(http, new) == PAST)
    assert posted(http, old) == PAST, "two are alive at once"
    listed = keys(own_store, "list", "--json")
    assert [one["name"] for one in json.loads(listed)] == ["", "n"]
    assert old not in listed
    assert new not in listed
    old_id = json.loads(listed)[0]["id"]
    assert keys(own_store, "revoke", old_id) == "revoked 1"
    again = json.loads(keys(own_store, "revoke", old_id, "--json"))
    assert again == {"revoked": [], "before": [old_id]}
    await_true(lambda: posted(http, old) == 401)
    assert posted(http, new) == PAST
    assert len(json.loads(keys(own_store, "list", "--json"))) == 1
    assert len(json.loads(keys(own_store, "list", "--all", "--json"))) == 2
    kept = b"".join(
        connect(RedisSettings.model_validate({"url": own_store.url})).hvals(API_KEYS_KEY)
    )
    assert new.encode() not in kept
    assert new.rpartition("_")[2].encode() not in kept


def test_keys_outlive_an_outage_of_the_store(own_store: EmbeddedStore) -> None:
    key = make(own_store, "shop", *WRITE_SCOPES)
    given = {**QUICK, "redis.url": own_store.url, "redis.timeout_seconds": 0.5}
    with serving(NOWHERE, **given) as url, httpx.Client(base_url=url, timeout=20) as http:
        await_true(lambda: posted(http, key) == PAST)
        own_store.stop()
        time.sleep(1.5)
        assert posted(http, key) == PAST
        assert posted(http, key[:-1] + ("a" if key[-1] != "a" else "b")) == 401
    # Whoever starts without a store knows no keys: that is no refusal.
    with serving(NOWHERE, **given) as url:
        answer = httpx.post(f"{url}/v1/events", json=EVENT, headers=headers(key))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_key_of_a_page_is_for_the_pages_of_its_origins(
    http: httpx.Client, own_store: EmbeddedStore
) -> None:
    key = make(own_store, "shop", *WRITE_SCOPES, origins=(SHOP,))
    await_true(lambda: posted(http, key, Origin=SHOP) == PAST)
    assert posted(http, key) == 403
    assert posted(http, key, Origin="https://shop.example.evil") == 403
    assert posted(http, key, Origin="null") == 403
    path = "/v1/users/device:d1/recommendations"
    assert http.get(path, headers=headers(key)).status_code == 200
    other = http.get(path, headers={**headers(key), "Origin": "https://other.example"})
    assert other.json()["type"] == "urn:headrace:problem:wrong-origin"


def test_a_secret_key_opens_its_scopes_and_stands_in_headers_only(
    http: httpx.Client, own_store: EmbeddedStore
) -> None:
    key = make(own_store, "shop", "profile:read", "recs:read")
    bearer = {"Authorization": f"Bearer {key}"}
    await_true(lambda: http.get("/v1/users/a/profile", headers=bearer).status_code == 200)
    refused = http.get("/v1/triggers", headers=bearer)
    assert refused.json()["type"] == "urn:headrace:problem:wrong-scope"
    assert "triggers:read" in refused.json()["detail"]
    for path in ("/v1/trending", "/v1/users/a/profile", "/v1/users/a/export"):
        misplaced = http.get(path, params={"writeKey": key})
        assert misplaced.status_code == 401
        assert misplaced.json()["type"] == "urn:headrace:problem:misplaced-key"
        assert key not in misplaced.text


def test_a_site_that_the_service_does_not_know_is_nobody_s(
    http: httpx.Client, own_store: EmbeddedStore
) -> None:
    stranger, known = make(own_store, "gone", *SECRET_SCOPES), make(own_store, "shop", "recs:read")
    await_true(lambda: http.get("/v1/trending", headers=headers(known)).status_code == 200)
    assert http.get("/v1/trending", headers=headers(stranger)).status_code == 401


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "shop", "--scope", "all"), "--scope all: there are events:write"),
        (("create", "shop", "--write", "--scope", "admin"), "what a write key opens is fixed"),
        (("create", "shop", "--origin", "shop.example"), "such as https://shop.example"),
        (("create", "shop", "--origin", "https://shop.example/cart"), "such as https://"),
        (("revoke", "0123456789ab"), "there is no such key"),
    ],
)
def test_wrong_use_says_why(store_url: str, arguments: tuple[str, ...], said: str) -> None:
    done = headrace("keys", *arguments, "--redis", store_url)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_engine_without_sites_is_told_apart_from_a_shell_without(
    tmp_path: Path, store_url: str
) -> None:
    (tmp_path / "run").mkdir()
    engine = Settings.load(environ={}, overrides={"redis.url": store_url})
    engine.save(tmp_path / "run" / "settings.json")
    create = ("keys", "create", "shop", "--data-dir", str(tmp_path))
    with DataDirLock(tmp_path):
        bare = headrace(*create)
        named = headrace(*create, HEADRACE_API__SITE_NAMES='["shop"]')
    assert bare.returncode == named.returncode == 0
    assert "no site is configured here" in bare.stderr
    assert "HEADRACE_API__SITE_NAMES='[\"shop\"]'" in bare.stderr
    assert "the engine that runs was started without sites" in named.stderr


def test_a_store_that_is_away_is_one_line() -> None:
    done = headrace("keys", "list", "--redis", "redis://127.0.0.1:9/0")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
