"""Store, broker and network harmed under load: nothing taken is lost, and all comes back alone.

The fast suite does some once; `HEADRACE_CHAOS_CYCLES` says how often (`make chaos`: 20), and
`HEADRACE_CHAOS_ONLY` which: those that have its text in their names, such as `store`.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from flows.topics import create_topics
from tests.chaos.engine import DELIVERY_MS, PARTITIONS, Engine, Load, engine
from tests.chaos.proxy import Mode
from tests.chaos.report import busy, note, share
from tests.cli.running import until

LONG = "HEADRACE_CHAOS_CYCLES" in os.environ
RATE = float(os.environ.get("HEADRACE_CHAOS_RATE", "500" if LONG else "60"))
ONLY = os.environ.get("HEADRACE_CHAOS_ONLY", "")
CYCLES = int(os.environ.get("HEADRACE_CHAOS_CYCLES", "1"))
SECONDS = 1.5
READ_MS = 50.0
LONGER = DELIVERY_MS / 1000 + 1.5

LIVES_S = 5.5 if LONG else 0.0
"""What dies as soon as it is back starts a little later each time: here it has lived before."""

LOADED = 20_000
"""Commands that it loads slowly: it looks for clients every thousand."""

Fault = Callable[[Engine], None]


@contextmanager
def admin(it: Engine) -> "Iterator[redis.Redis]":
    """Yield a client of the store that needs no proxy."""
    with redis.Redis.from_url(it.store.url) as client:
        yield client


def refuses(client: "redis.Redis", kind: type[redis.RedisError]) -> None:
    """Check that the store refuses what is written, and let it do so for a while."""
    with pytest.raises(kind):
        client.set("x", "1")
    time.sleep(SECONDS)


def killed_worker(it: Engine) -> None:
    time.sleep(LIVES_S)
    it.up.child("flows.main").kill()
    time.sleep(SECONDS)


def killed_api(it: Engine) -> None:
    time.sleep(LIVES_S)
    it.up.child("api.main").kill()
    time.sleep(SECONDS)


def killed_store(it: Engine) -> None:
    it.store.child.kill()
    time.sleep(SECONDS)
    it.store.start()


def rewriting(client: "redis.Redis") -> bool:
    """Whether the store's append-only file is being written anew, or is to be."""
    told: Any = client.info("persistence")
    return bool(told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"])


def loading_store(it: Engine) -> None:
    """Let it come back slowly: it answers all the while, that it is loading."""
    with admin(it) as client, client.pipeline(transaction=False) as many:
        client.bgrewriteaof()  # else it loads what hours have written as slowly
        until(lambda: not rewriting(client))
        for number in range(LOADED):
            many.set("x", number)
        many.execute()
    it.store.child.kill()
    it.store.delay_us = int(2 * SECONDS * 1e6 / LOADED)
    it.store.start()
    it.store.delay_us = 0


def frozen_store(it: Engine) -> None:
    it.store.child.signal(signal.SIGSTOP)
    time.sleep(SECONDS)
    it.store.child.signal(signal.SIGCONT)


def full_store(it: Engine) -> None:
    with admin(it) as client:
        client.config_set("maxmemory", "1mb")
        refuses(client, redis.exceptions.OutOfMemoryError)
        client.config_set("maxmemory", "0")


def read_only_store(it: Engine) -> None:
    with admin(it) as client:
        client.replicaof("127.0.0.1", "1")
        refuses(client, redis.exceptions.ReadOnlyError)
        client.replicaof("NO", "ONE")


def store_that_cannot_save(it: Engine) -> None:
    with admin(it) as client:
        # A folder stands where the file would go.
        folder = it.store.folder / "dump.rdb"
        folder.mkdir()
        client.config_set("save", "3600 1")
        client.bgsave()
        until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
        refuses(client, redis.ResponseError)
        folder.rmdir()
        client.config_set("save", "")
        client.bgsave()
        until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "ok")
        folder.unlink()


def full_disk(of: str) -> Fault:
    """Let the engine's processes, or the store, add no byte to any file; then let them again."""

    def processes(it: Engine) -> list[psutil.Process]:
        if of == "store":
            return [psutil.Process(it.store.child.pid)]
        return [psutil.Process(it.up.process.pid), *it.up.children()]

    def harm(it: Engine) -> None:
        for limit in (0, psutil.RLIM_INFINITY):
            # Who is started meanwhile inherits it.
            for process in processes(it):
                with suppress(psutil.NoSuchProcess):
                    process.rlimit(psutil.RLIMIT_FSIZE, (limit, psutil.RLIM_INFINITY))
            if not limit:
                time.sleep(3 * SECONDS)

    return harm


def frozen_broker(it: Engine) -> None:
    it.broker.child.signal(signal.SIGSTOP)
    time.sleep(LONGER)
    it.broker.child.signal(signal.SIGCONT)


def network(of: str, mode: Mode) -> Fault:
    def harm(it: Engine) -> None:
        proxy = it.to_store if of == "store" else it.to_broker
        proxy.mode = mode
        time.sleep(LONGER)
        proxy.mode = "open"

    return harm


FAULTS: dict[str, Fault] = {
    "worker killed": killed_worker,
    "API killed": killed_api,
    "store killed": killed_store,
    "store loading": loading_store,
    "store frozen": frozen_store,
    "store out of memory": full_store,
    "store read-only": read_only_store,
    "store cannot save": store_that_cannot_save,
    "disk of recovery full": full_disk("engine"),
    "disk of the store full": full_disk("store"),
    "broker frozen beyond the delivery timeout": frozen_broker,
    "slow network to the store": network("store", "slow"),
    "network to the store cut": network("store", "cut"),
    "half-open connections to the store": network("store", "half-open"),
    "slow network to the broker": network("broker", "slow"),
    "network to the broker cut": network("broker", "cut"),
    "half-open connections to the broker": network("broker", "half-open"),
}


SHORT = (
    "API killed",
    "store out of memory",
    "disk of recovery full",
    "broker frozen beyond the delivery timeout",
    "network to the store cut",
    "half-open connections to the broker",
)
"""One of each kind, where nobody asked for cycles; `test_kills.py` kills the rest."""


def chosen() -> dict[str, Fault]:
    if LONG:
        return {name: fault for name, fault in FAULTS.items() if ONLY in name}
    return {name: FAULTS[name] for name in SHORT}


@pytest.mark.timeout(600 + 400 * CYCLES)  # a dozen outages, on a machine that may be busy
def test_nothing_taken_is_lost_whatever_is_harmed(tmp_path: Path) -> None:
    slow: list[str] = []
    with engine(tmp_path) as it:
        with Load(it.url, RATE) as load:
            it.await_ends(50)
            time.sleep(LIVES_S)  # what never lived is given up after ten deaths
            threads = it.threads("api.main")
            for name, fault in chosen().items():
                unanswered = load.writes[0] + load.reads[0]
                slow += _harm(it, load, name, fault)
                assert load.writes[0] + load.reads[0] == unanswered or name == "API killed", name
                if name == "API killed":
                    threads = it.threads("api.main")
        assert set(load.writes) <= {0, 200, 503}, load.writes
        assert set(load.reads) <= {0, 200}, load.reads
        assert load.degraded > 0 or not any("store" in name for name in chosen())
        assert load.wordless == 0
        it.await_ends(len(load.taken))
        it.audit(load.taken, tmp_path)
        # A few for each producer that was replaced and is not closed yet; not one for each outage.
        assert it.threads("api.main") <= threads + 16
        assert it.up.end() == 0
    assert not slow


def _harm(it: Engine, load: Load, name: str, fault: Fault) -> list[str]:
    """Do it so many times, and return what took too long."""
    before = len(load.taken), load.writes[503], sum(load.reads.values()), load.degraded
    silent = load.writes[0] + load.reads[0]
    first = len(load.read_s)
    backs = []
    for _ in range(CYCLES):
        fault(it)
        begun, taken = time.monotonic(), len(load.taken)
        load.await_taken(taken + 1)  # the door is open again
        it.await_ends(len(load.taken))
        backs.append(time.monotonic() - begun)
    until(lambda: len(load.read_s) > first)  # one that began in the fault counts in it
    read_ms, back_s = share(load.read_s[first:], 0.99) * 1000, share(backs, 0.5)
    note(
        fault=f"{name}, {RATE:.0f} events/s",
        cycles=CYCLES,
        **{
            "events taken": len(load.taken) - before[0],
            "writes refused": load.writes[503] - before[1],
            "unanswered": load.writes[0] + load.reads[0] - silent,
            "reads": sum(load.reads.values()) - before[2],
            "degraded": load.degraded - before[3],
            "read p99 ms": round(read_ms, 1),
            "back p50 s": round(back_s, 1),
            "back p95 s": round(share(backs, 0.95), 1),
        },
    )
    if not LONG or busy():
        return []
    late = "store" in name and read_ms >= READ_MS, "broker" in name and back_s >= 2 * LONGER
    said = f"{name}: reads took {read_ms:.0f} ms", f"{name}: back after {back_s:.1f} s"
    return [text for text, is_late in zip(said, late, strict=True) if is_late]


@pytest.mark.timeout(300)
def test_a_broker_that_comes_back_with_another_log_is_refused_in_words(tmp_path: Path) -> None:
    with engine(tmp_path) as it:
        with Load(it.url) as load:
            it.await_ends(50)
        it.broker.child.kill()
        it.broker.start()
        create_topics(it.broker.bootstrap_servers, PARTITIONS)
        assert it.up.process.wait(120) == 1
        assert load.writes.keys() <= {200, 503}
    told = it.up.errors
    assert "is another log (it was lost, or the address leads elsewhere)" in told, told
    assert 'set kafka.on_new_log to "restart"' in told
