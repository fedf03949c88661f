"""A store that forgot its last second, as one that was killed may, is told again."""

import pytest

from cli.embedded import EmbeddedStore
from contracts.keys import Keys, triggers_key
from contracts.settings import RedisSettings
from storage.connection import connect
from storage.errors import StoreUnavailable
from storage.recent import KEPT_BYTES, KEPT_S, Recent
from storage.redis_views import RedisViews
from storage.triggers import Offered, TriggerStore
from storage.writes import SetView

KEY = Keys().profile("shop", "ada")
OTHER = Keys().profile("shop", "bob")


def lose(store: EmbeddedStore, *keys: str) -> None:
    """Kill the store, and let it come back without some of what it acknowledged."""
    store.child.kill()
    store.start()
    with connect(RedisSettings.model_validate({"url": store.url})) as client:
        if keys:
            client.delete(*keys)


@pytest.mark.parametrize("by", ["the next write", "a look"])
def test_views_that_were_lost_are_written_again(own_store: EmbeddedStore, by: str) -> None:
    settings = RedisSettings.model_validate({"url": own_store.url})
    views = RedisViews.open(settings)
    views.run = views.issue_run("live")
    views.write([SetView(KEY, b"older")])
    views.write([SetView(KEY, b"ada"), SetView(OTHER, b"old")])
    lose(own_store, KEY)

    def again() -> None:
        views.write([SetView(OTHER, b"bob")]) if by == "the next write" else views.refresh()

    try:  # the client may find out by itself that its connection has ended
        again()
    except StoreUnavailable:
        again()
    with connect(settings) as client:
        assert client.get(KEY) == b"ada"
        assert client.get(OTHER) == (b"bob" if by == "the next write" else b"old")
    views.close()


def test_triggers_that_were_lost_are_accepted_again_and_no_other(own_store: EmbeddedStore) -> None:
    settings = RedisSettings.model_validate({"url": own_store.url})
    views = RedisViews.open(settings)
    triggers = TriggerStore(settings, "live", views.issue_run("live"))
    views.close()
    assert triggers.accept([Offered("shop", "t1", b"one"), Offered("shop", "t2", b"two")])
    lose(own_store)
    try:
        triggers.refresh()
    except StoreUnavailable:
        triggers.refresh()
    with connect(settings) as client:
        assert client.xlen(triggers_key("shop")) == 2, "nothing was lost, nothing comes twice"
        client.flushall()
    lose(own_store)
    try:
        triggers.refresh()
    except StoreUnavailable:
        triggers.refresh()
    with connect(settings) as client:
        told = [fields[b"event"] for _, fields in client.xrange(triggers_key("shop"))]
    assert told == [b"one", b"two"]
    triggers.close()


class Greeted:
    def on_connect(self) -> None:
        """Greet nobody."""


def test_what_is_old_or_too_much_is_let_go() -> None:
    now = [0.0]
    recent, sent = Recent[str](lambda: now[0]), []
    recent.on_connect(Greeted())
    for name in ("a", "b"):
        recent.write(name, 1, sent.append)
        now[0] += KEPT_S * 0.6
    recent.write("c", 1, sent.append)
    recent.on_connect(Greeted())
    sent.clear()
    recent.write("d", 1, sent.append)
    assert sent == ["d", "b", "c", "d"], "in order, and the newest last"
    recent.write("e", KEPT_BYTES, sent.append)
    recent.on_connect(Greeted())
    sent.clear()
    recent.refresh(lambda: None, sent.append)
    assert sent == ["e"]
    now[0] += KEPT_S + 1
    recent.refresh(lambda: None, sent.append)
    recent.refresh(lambda: pytest.fail("asked for nothing"), sent.append)


def test_a_failure_while_saying_it_again_begins_anew() -> None:
    recent, sent = Recent[str](), []

    def fail(_: str) -> None:
        raise StoreUnavailable("full")

    recent.write("a", 1, sent.append)
    recent.on_connect(Greeted())
    with pytest.raises(StoreUnavailable):
        recent.refresh(lambda: None, fail)
    recent.refresh(lambda: None, sent.append)
    assert sent == ["a", "a"]
