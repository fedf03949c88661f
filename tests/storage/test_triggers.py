"""A trigger's id is accepted once, by the run and the namespace that may."""

import pytest

from contracts.cloudevents import decode_trigger, encode_trigger
from contracts.decisions import Trigger
from contracts.keys import (
    ACCEPTED_TTL_MS,
    RELIEVED_KEY,
    RELIEVED_MS,
    SERVED_KEY,
    accepted_key,
    run_key,
    triggers_key,
)
from contracts.settings import RedisSettings
from storage.errors import Fenced, StoreUnavailable
from storage.triggers import MAX_TRIGGERS, Offered, TriggerStore
from tests.storage.servers import StoreServer, free_port


def offered(number: int, site: str = "shop") -> Offered:
    trigger = Trigger(
        id=f"t{number}",
        site=site,
        campaign="cart",
        version=1,
        user="ada",
        time=1_700_000_000_000 + number,
        event=f"e{number}",
    )
    return Offered(site, trigger.id, encode_trigger(trigger))


@pytest.fixture
def store(store_server: StoreServer):
    with store_server.client() as client:
        client.flushall()
        client.script_flush()
    store = TriggerStore(store_server.settings, "live", 3)
    yield store
    store.close()


def stream(server: StoreServer, site: str = "shop") -> list[str]:
    with server.client() as client:
        return [decode_trigger(e[b"event"]).id for _, e in client.xrange(triggers_key(site))]


def test_an_id_is_accepted_once_whatever_comes_again(store, store_server):
    assert store.accept([offered(1), offered(2)]) == [True, True]
    assert store.accept([offered(2), offered(3), offered(3)]) == [False, True, False]
    later = TriggerStore(store_server.settings, "live", 4)
    assert later.accept([offered(1), offered(4)]) == [False, True]
    later.close()
    assert stream(store_server) == ["t1", "t2", "t3", "t4"]
    with store_server.client() as client:
        assert 0 < client.pttl(accepted_key("shop", "t1")) <= ACCEPTED_TTL_MS


def test_many_go_in_several_calls_and_stay_in_order(store, store_server):
    many = [offered(number) for number in range(2 * MAX_TRIGGERS + 7)]
    assert store.accept(many) == [True] * len(many)
    assert stream(store_server) == [one.id for one in many]
    assert store.accept([]) == []


def test_sites_do_not_meet(store, store_server):
    assert store.accept([offered(1, "one"), offered(1, "two")]) == [True, True]
    assert stream(store_server, "one") == stream(store_server, "two") == ["t1"]


def test_an_older_run_accepts_nothing(store, store_server):
    with store_server.client() as client:
        client.set(run_key("live"), 4)
    with pytest.raises(Fenced, match="run 3 of namespace 'live' was replaced by run 4"):
        store.accept([offered(1)])
    assert stream(store_server) == []


def test_only_the_served_namespace_delivers(store, store_server):
    shadow = TriggerStore(store_server.settings, "rebuilt", 1)
    assert shadow.accept([offered(1)]) is None
    with store_server.client() as client:
        client.set(SERVED_KEY, "rebuilt")
    assert store.accept([offered(2)]) is None
    assert shadow.accept([offered(1)]) == [True]
    shadow.close()
    assert stream(store_server) == ["t1"]


def test_the_namespace_before_delivers_for_a_moment_more_and_nothing_twice(store, store_server):
    """Of an event that the new one had seen before it was served, and the old one had yet to."""
    shadow = TriggerStore(store_server.settings, "rebuilt", 1)
    with store_server.client() as client:
        client.set(SERVED_KEY, "rebuilt")
        client.set(RELIEVED_KEY, "live", px=RELIEVED_MS)
    assert shadow.accept([offered(1)]) == [True]
    assert store.accept([offered(1), offered(2)]) == [False, True]
    with store_server.client() as client:
        client.delete(RELIEVED_KEY)
    assert store.accept([offered(3)]) is None
    shadow.close()
    assert stream(store_server) == ["t1", "t2"]


def test_as_long_as_none_was_chosen_it_is_said_which_namespace_is_served(store_server, store):
    other = TriggerStore(store_server.settings, "main", 1, served="main")
    assert other.accept([offered(1)]) == [True]
    other.close()


def test_what_nobody_is_to_get_is_accepted_and_lies_on_no_stream(store, store_server):
    held = Offered("shop", "t1", b"")
    assert store.accept([held, offered(2)]) == [True, True]
    assert store.accept([held]) == [False]
    assert stream(store_server) == ["t2"]


def test_a_store_that_is_away_is_told_from_one_that_refuses():
    gone = TriggerStore(RedisSettings(url=f"redis://127.0.0.1:{free_port()}/0"), "live", 1)
    with pytest.raises(StoreUnavailable):
        gone.accept([offered(1)])
