"""Control data goes out and comes back exactly, whatever kind of key it is."""

import stat
from pathlib import Path

import pytest

from cli.embedded import EmbeddedStore
from contracts.access import WRITE_SCOPES, new_key
from contracts.keys import (
    CAMPAIGN_SITES_KEY,
    DELIVERY_OWNER_KEY,
    Keys,
    accepted_key,
    delivery_key,
    run_key,
    triggers_key,
)
from contracts.settings import RedisSettings
from storage.api_keys import ApiKeyStore
from storage.connection import connect
from tests.cli.test_config import headrace


def settings_of(store: EmbeddedStore) -> RedisSettings:
    return RedisSettings.model_validate({"url": store.url})


def test_a_store_that_lost_everything_gets_its_control_data_back(
    own_store: EmbeddedStore, tmp_path: Path
) -> None:
    settings, file = settings_of(own_store), tmp_path / "control.jsonl"
    client = connect(settings)
    key, text = new_key("shop", "write", WRITE_SCOPES, now=1)
    ApiKeyStore(settings).put(key)
    client.sadd(CAMPAIGN_SITES_KEY, "shop")
    client.set(run_key("live"), 7)
    client.set(accepted_key("shop", "t1"), 1, px=3_600_000)
    client.zadd(delivery_key("shop", "sub", "due"), {"t1": 5.5})
    client.xadd(triggers_key("shop"), {"event": b"\xff\x00"}, id="5-1")
    client.set(DELIVERY_OWNER_KEY, "me")
    client.set(Keys().profile("shop", "ada"), b"a view")

    done = headrace("control", "export", str(file), "--redis", own_store.url)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert text not in file.read_text()
    client.flushall()
    client.set(run_key("live"), 9)
    done = headrace("control", "import", str(file), "--redis", own_store.url)
    assert "imported 5 of 6 keys" in done.stderr

    assert ApiKeyStore(settings).all() == [key]
    assert key.is_(text)
    assert client.smembers(CAMPAIGN_SITES_KEY) == {b"shop"}
    assert client.zscore(delivery_key("shop", "sub", "due"), "t1") == 5.5
    assert client.xrange(triggers_key("shop")) == [(b"5-1", {b"event": b"\xff\x00"})]
    assert client.get(run_key("live")) == b"9", "what is there stays"
    assert not client.exists(DELIVERY_OWNER_KEY, Keys().profile("shop", "ada"))
    assert 0 < client.pttl(accepted_key("shop", "t1")) <= 3_600_000
    client.srem(CAMPAIGN_SITES_KEY, "shop")
    headrace("control", "import", str(file), "--replace", "--redis", own_store.url)
    assert client.smembers(CAMPAIGN_SITES_KEY) == {b"shop"}
    assert client.get(run_key("live")) == b"9", "a run's number never goes back"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, 2, "No such file"),
        ("{", 1, "not an export of control data"),
        ('{"key": "c:x", "value": "!"}', 1, "not an export of control data"),
        ('{"key": "v:live:x", "value": ""}', 1, "is no control data"),
    ],
)
def test_what_is_no_export_is_refused(
    store_url: str, tmp_path: Path, text: str | None, code: int, said: str
) -> None:
    file = tmp_path / "control.jsonl"
    if text is not None:
        file.write_text(text)
    done = headrace("control", "import", str(file), "--redis", store_url)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
