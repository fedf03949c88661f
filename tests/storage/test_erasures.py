"""Erased people go from the store's streams, bytes and all, and readers' positions still hold."""

from typing import Any

import pytest

from contracts.cloudevents import encode_trigger
from contracts.decisions import Trigger
from contracts.erasures import Erased
from contracts.keys import triggers_key
from storage.erasures import ErasureStore
from tests.storage.servers import StoreServer

SITE = "of-erasures"


@pytest.mark.parametrize("users", [["ada", "bob", "ada", "eve"], ["ada"]])
def test_a_stream_is_left_without_them(store_server: StoreServer, users: list[str]) -> None:
    client: Any = store_server.client()
    key = triggers_key(SITE)
    client.delete(key)
    for number, user in enumerate(users):
        made = Trigger(
            id=f"t{number}", site=SITE, campaign="c", version=1, user=user, time=1, event="e"
        )
        client.xadd(key, {"event": encode_trigger(made)}, id=f"{number + 1}-0")
    erasures = ErasureStore(store_server.settings)
    gone = erasures.erase(SITE, ("ada",), 5)
    assert erasures.sweep(Erased(gone)) == users.count("ada")
    kept = [f"{number + 1}-0".encode() for number, user in enumerate(users) if user != "ada"]
    assert [id_ for id_, _ in client.xrange(key)] == kept
    assert b"ada" not in (client.dump(key) or b"")
    told = client.xinfo_stream(key)
    assert told["last-generated-id"] == f"{len(users)}-0".encode()
    assert told["entries-added"] == len(users)
    client.delete(key)
    erasures.close()


def test_an_erasure_is_lifted_with_all_that_was_erased_with_it(store_server: StoreServer) -> None:
    erasures = ErasureStore(store_server.settings)
    made = erasures.erase(SITE, ("token of kim", "kim"), 5)
    erasures.put(made)
    table = Erased(erasures.all())
    assert [table.holds(SITE, who) for who in ("token of kim", "kim", "tim")] == [True, True, False]
    erasures.put(erasures.lift(SITE, "kim", 9))
    table = Erased(erasures.all())
    for who in ("token of kim", "kim"):
        assert (table.withholds(SITE, who, 8), table.withholds(SITE, who, 9)) == (True, False)
    assert erasures.lift(SITE, "kim", 10) == []
    erasures.close()
