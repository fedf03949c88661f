"""What a namespace lacks is taken over, and nothing that it has."""

from contracts.keys import Keys, catalog_page_of
from contracts.settings import RedisSettings
from storage.connection import connect
from storage.filling import fill


def test_only_what_is_missing_is_taken_over(store_url: str, namespace: str) -> None:
    settings = RedisSettings.model_validate({"url": store_url})
    scratch, target = Keys(f"{namespace}-scratch"), Keys(namespace)
    page = catalog_page_of("cup")
    with connect(settings) as client:
        client.set(scratch.profile("shop", "ada"), b"old")
        client.set(scratch.profile("shop", "bob"), b"lost", px=90_000)
        client.set(scratch.progress("events.click/0"), b"7")
        client.hset(scratch.catalog_page("shop", page), mapping={"cup": "c", "pot": "old"})
        client.xadd(scratch.catalog_log("shop"), {"item": "of another"})
        client.sadd(scratch.sites(), "shop", "fair")
        client.set(target.profile("shop", "ada"), b"new")
        client.hset(target.catalog_page("shop", page), "pot", "new")
        client.sadd(target.sites(), "fair")

        assert fill(settings, scratch.namespace, target.namespace) == 3

        assert client.get(target.profile("shop", "ada")) == b"new"
        assert client.get(target.profile("shop", "bob")) == b"lost"
        assert 0 < client.pttl(target.profile("shop", "bob")) <= 90_000
        assert client.hgetall(target.catalog_page("shop", page)) == {b"cup": b"c", b"pot": b"new"}
        told = [fields for _, fields in client.xrange(target.catalog_log("shop"))]
        assert told == [{b"item": b"cup"}], "readers of the catalogue hear of it"
        assert client.smembers(target.sites()) == {b"shop", b"fair"}
        assert not client.exists(target.progress("events.click/0")), "how far a flow has read"
        assert fill(settings, scratch.namespace, target.namespace) == 0
