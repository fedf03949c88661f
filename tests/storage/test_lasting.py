"""What nothing can make again is on the store's disk before anybody is told that it is kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cli.embedded import EmbeddedStore
from contracts.access import WRITE_SCOPES, new_key
from contracts.campaigns import CampaignVersion
from contracts.erasures import Erasure
from contracts.keys import LIVE
from contracts.settings import RedisSettings
from contracts.subscriptions import Subscription
from storage import lasting
from storage.api_keys import ApiKeyStore
from storage.campaigns import CampaignStore
from storage.connection import connect
from storage.control import Control
from storage.control_export import export, restore
from storage.erasures import ErasureStore
from storage.errors import StoreUnavailable
from storage.lease import Lease
from storage.redis_views import RedisViews
from storage.reject_marks import Mark, RejectMarks
from storage.subscriptions import SubscriptionStore
from tests.storage.servers import running

KEY, _ = new_key("shop", "write", WRITE_SCOPES, now=1)
ERASURE = Erasure(site="shop", who="u", time=5)
VERSION = CampaignVersion(site="shop", id="cart", version=1, time=1, campaign={})
SUBSCRIPTION = Subscription(
    id="s1", site="shop", created=1, updated=1, enabled=1, start="0-0", delivery="webhook"
)
MARK = Mark(state="dropped", time=1)


def settings_of(store: EmbeddedStore) -> RedisSettings:
    return RedisSettings.model_validate({"url": store.url})


def within(settings: RedisSettings, does: Callable[[Control], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        control = Control(settings)
        try:
            return await does(control)
        finally:
            await control.close()

    return asyncio.run(run())


async def put_version(settings: RedisSettings) -> None:
    campaigns = CampaignStore(settings)
    await campaigns.put(VERSION)
    await campaigns.close()


WRITES: dict[str, Callable[[RedisSettings], Any]] = {
    "a key": lambda to: ApiKeyStore(to).put(KEY),
    "an erasure": lambda to: ErasureStore(to).put([ERASURE]),
    "a mark": lambda to: RejectMarks(to).put(["1-1"], MARK),
    "a run's number": lambda to: RedisViews.open(to).issue_run(LIVE),
    "a campaign": lambda to: asyncio.run(put_version(to)),
    "a subscription": lambda to: within(to, lambda it: SubscriptionStore(it).add(SUBSCRIPTION)),
    "its end": lambda to: within(to, lambda it: SubscriptionStore(it).remove("shop", "gone")),
    "a lease": lambda to: within(to, lambda it: Lease(it, lambda: 0.0).take()),
    "an export": lambda to: restore(to, export(to), replace=True),
}


def test_each_kind_is_on_the_disk_when_it_is_answered(own_store: EmbeddedStore) -> None:
    settings = settings_of(own_store)
    client: Any = connect(settings)
    for name, write in WRITES.items():
        before = client.info("commandstats").get("cmdstat_waitaof", {"calls": 0})["calls"]
        write(settings)
        after = client.info("commandstats")["cmdstat_waitaof"]["calls"]
        assert after == before + 1, name
    own_store.child.kill()
    own_store.start()
    assert ApiKeyStore(settings).all() == [KEY]
    assert ErasureStore(settings).all() == [ERASURE]
    assert RejectMarks(settings).all() == {"1-1": MARK}
    assert RedisViews.open(settings).issue_run(LIVE) == 2
    assert within(settings, lambda it: SubscriptionStore(it).all_of("shop")) == [SUBSCRIPTION]


@pytest.mark.parametrize(
    "config", [{"appendonly": "no"}, {"appendonly": "yes", "appendfsync": "no"}]
)
def test_a_store_that_cannot_tell_is_written_to_and_that_is_said_once(
    config: dict[str, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting, "ASK", ("WAITAOF", 1, 0, 50))
    with running(**config) as store, caplog.at_level(logging.WARNING):
        for _ in range(2):
            ApiKeyStore(store.settings).put(KEY)
            asyncio.run(put_version(store.settings))
        assert ApiKeyStore(store.settings).all() == [KEY]
    assert caplog.text.count("cannot say what is on its disk") == 1


def test_who_is_not_told_in_time_that_it_is_saved_hears_so() -> None:
    with pytest.raises(StoreUnavailable, match="did not save within"):
        lasting.check_policy("h:1", [b"appendfsync", b"everysec"])
    with pytest.raises(StoreUnavailable):
        lasting.check_policy("h:1", None)
