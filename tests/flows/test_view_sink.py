"""Views to a real store through the real engine: outages, drains, fences."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
import redis
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSource, cluster_main, run_main
from hypothesis import given
from hypothesis import strategies as st

from cli.embedded import EmbeddedStore
from contracts.settings import RedisSettings
from flows.drain import Drain
from flows.recovery import prepare
from flows.view_sink import ViewSink, coalesced
from storage.errors import Fenced, StoreRefused, StoreUnavailable
from storage.memory_views import MemoryStore, MemoryViews
from storage.redis_views import RedisViews
from storage.writes import AddMembers, Append, DeleteView, SetFields, SetView, Write
from tests.flows.kafka import failing

Pair = tuple[int, int]


def key(number: int) -> str:
    return f"v:test:site:top:{number}"


def to_writes(pair: Pair) -> Sequence[Write]:
    return [SetView(key(pair[0]), b"%d" % pair[1])]


def views_of(url: str, run: int = 0, namespace: str = "test") -> RedisViews:
    return RedisViews.open(RedisSettings(url=url, timeout_seconds=0.5), namespace, run)


def flow_of(
    items: Iterable[object], sink: ViewSink, look: Callable[[Any], Any] = lambda item: item
) -> Dataflow:
    flow = Dataflow("views")
    stream = op.input("in", flow, TestingSource(items, batch_size=7))
    op.output("out", op.map("look", stream, look), sink)
    return flow


def updates(count: int, keys: int = 20) -> list[tuple[str, Pair]]:
    """Return updates of some keys, each by its one owner."""
    return [(f"b{n % keys % 5}", (n % keys, n)) for n in range(count)]


def kept(url: str, keys: int = 20) -> list[int]:
    with redis.Redis.from_url(url) as client:
        return [int(value) for value in client.mget([key(n) for n in range(keys)]) if value]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_last_view_of_each_owner_is_kept(own_store: EmbeddedStore, workers: int) -> None:
    url = own_store.url
    sink = ViewSink(lambda: views_of(url), to_writes, Drain())
    cluster_main(flow_of(updates(500), sink), [], 0, worker_count_per_proc=workers)
    assert kept(url) == list(range(480, 500))


def test_while_the_store_is_away_the_flow_waits_and_skips_nothing(
    own_store: EmbeddedStore, caplog: pytest.LogCaptureFixture
) -> None:
    url = own_store.url
    sink = ViewSink(lambda: views_of(url), to_writes, Drain())
    passed: list[int] = []

    def look(item: tuple[str, Pair]) -> tuple[str, Pair]:
        passed.append(item[1][1])
        if item[1][1] == 250:
            own_store.child.kill()
            threading.Timer(0.7, come_back.set).start()
        return item

    come_back = threading.Event()
    flow = flow_of(updates(500), sink, look)
    with caplog.at_level(logging.WARNING):
        # The store is tethered to the thread that starts it: that is this one.
        worker = threading.Thread(
            target=cluster_main, args=(flow, [], 0), kwargs={"worker_count_per_proc": 1}
        )
        worker.start()
        assert come_back.wait(20)
        time.sleep(0.1)
        assert max(passed) < 300
        own_store.start()
        worker.join(30)
    assert not worker.is_alive()
    assert kept(url) == list(range(480, 500))
    messages = [record.message for record in caplog.records if "views" in record.message]
    assert len(messages) == 2
    assert messages[0].startswith("views wait for the store")
    assert messages[1] == "views are written again"


def test_a_drain_ends_the_wait_and_the_next_run_does_the_epoch_again(
    own_store: EmbeddedStore, tmp_path: Path
) -> None:
    url = own_store.url
    prepare(tmp_path / "recovery", 1)
    recovery = RecoveryConfig(tmp_path / "recovery")
    drain = Drain()
    own_store.stop()
    threading.Timer(0.4, drain.ask).start()
    sink = ViewSink(lambda: views_of(url), to_writes, drain)
    with failing(StoreUnavailable, ""):
        run_main(flow_of(updates(100), sink), recovery_config=recovery)

    own_store.start()
    prepare(tmp_path / "recovery", 1)
    again = ViewSink(lambda: views_of(url), to_writes, Drain())
    run_main(flow_of(updates(100), again), recovery_config=recovery)
    assert kept(url) == list(range(80, 100))


def test_a_run_that_was_replaced_stops_at_once_and_writes_nothing(
    own_store: EmbeddedStore,
) -> None:
    url = own_store.url
    views = views_of(url)
    old = views.issue_run("test")
    views.issue_run("test")
    views.close()
    sink = ViewSink(lambda: views_of(url, old), to_writes, Drain())
    with failing(Fenced, f"run {old} of namespace 'test' was replaced"):
        run_main(flow_of(updates(100), sink))
    assert kept(url) == []


def test_a_store_that_refuses_is_not_asked_again(own_store: EmbeddedStore) -> None:
    url = own_store.url
    with redis.Redis.from_url(url) as client:
        client.rpush(key(0), "a list, where a set is to be")
    calls: list[int] = []

    def to_members(pair: Pair) -> Sequence[Write]:
        calls.append(1)
        return [AddMembers(key(0), ["a"])]

    sink = ViewSink(lambda: views_of(url), to_members, Drain())
    with failing(StoreRefused, ""):
        run_main(flow_of([("a", (0, 0))], sink))
    assert calls == [1]


def test_what_an_abort_cut_off_is_written_in_the_end(
    own_store: EmbeddedStore, tmp_path: Path
) -> None:
    prepare(tmp_path / "recovery", 2)
    recovery = RecoveryConfig(tmp_path / "recovery")
    items: list[object] = list(updates(300))
    for at in (250, 120, 30):
        items.insert(at, TestingSource.ABORT())
    for _ in range(4):
        prepare(tmp_path / "recovery", 2)
        sink = ViewSink(lambda: views_of(own_store.url), to_writes, Drain())
        run_main(flow_of(items, sink), epoch_interval=timedelta(0), recovery_config=recovery)
    assert kept(own_store.url) == list(range(280, 300))


keys = st.sampled_from(["v:n:s:top:a", "v:n:s:top:b"])
plain = st.one_of(
    st.builds(SetView, keys, st.binary(max_size=2)),
    st.builds(DeleteView, keys),
)
other = st.one_of(
    st.builds(
        SetFields,
        st.just("v:n:s:catalog:1"),
        st.dictionaries(st.sampled_from("xy"), st.binary(max_size=2), min_size=1),
    ),
    st.builds(DeleteView, st.sampled_from(["v:n:s:catalog:1", "v:n:-:sites:all"])),
    st.builds(AddMembers, st.just("v:n:-:sites:all"), st.lists(st.sampled_from("pq"), min_size=1)),
    st.builds(
        Append,
        st.just("v:n:s:catalog-log:all"),
        st.fixed_dictionaries({"item": st.binary(max_size=2)}),
        st.just(100),
    ),
)


@given(st.lists(plain | other, max_size=25))
def test_coalescing_changes_nothing_but_the_number_of_writes(writes: list[Write]) -> None:
    states = []
    for batch in (writes, coalesced(writes)):
        views = MemoryViews(MemoryStore(lambda: 0), "n", 0)
        views.write(batch)
        states.append(list(views.iterate("n")))
    assert states[0] == states[1]
    plain_keys = [w.key for w in coalesced(writes) if isinstance(w, (SetView, DeleteView))]
    assert len(plain_keys) == len(set(plain_keys))


def test_a_log_tells_of_what_is_there_however_many_steps_a_batch_takes() -> None:
    page = [SetFields(f"v:n:s:catalog:{n}", {"cup": b"1"}) for n in range(300)]
    log = [Append("v:n:s:catalog-log:all", {"item": b"cup"}, 1_000) for _ in page]
    told = coalesced(write for pair in zip(page, log, strict=True) for write in pair)
    assert told == [*page, *log]
