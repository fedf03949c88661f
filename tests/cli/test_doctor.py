"""`headrace doctor` on real servers, well and ill, and its judgements one by one."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
import typer.testing
from confluent_kafka import Producer

from cli.doctor import command
from cli.doctor.engine import checkpoint_judged, engine_judged, models_judged
from cli.doctor.finding import Finding, Level
from cli.doctor.kafka import partitions_judged, retention_judged
from cli.doctor.machine import GIB, disk_judged, files_judged, processors_judged
from cli.doctor.store import judged, skew_found
from cli.embedded import EmbeddedBroker, EmbeddedStore
from cli.embedded.ports import free_port
from contracts.keys import CLICK_TOPIC
from flows.topics import CONFIG

GOOD = {
    "redis_version": "7.2.4",
    "role": "master",
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "used_memory": 900,
}


class Part(NamedTuple):
    """A partition, as the client tells of it."""

    leader: int = 1
    replicas: tuple[int, ...] = (1, 2)
    isrs: tuple[int, ...] = (1, 2)


def levels(found: Any) -> dict[str, str]:
    """Return check to level, of what is not ok; each of them says how to mend it."""
    bad: list[Finding] = [one for one in found if one.level is not Level.OK]
    assert all(one.mend for one in bad)
    return {one.check: str(one.level) for one in bad}


def doctor(*options: str) -> typer.testing.Result:
    """Run the command here, where its patience can be shortened."""
    app = typer.Typer()
    app.command()(command.doctor)
    return typer.testing.CliRunner().invoke(app, options)


def ask(tmp_path: Path, *options: str) -> tuple[int, dict[tuple[str, str], Any]]:
    done = doctor("--data-dir", str(tmp_path / "D"), "--json", *options)
    told = json.loads(done.stdout)
    assert (told["level"] == "fail") == (done.exit_code == 1)
    return done.exit_code, {(one["area"], one["check"]): one for one in told["checks"]}


def test_servers_that_are_well_and_then_are_not(
    tmp_path: Path, own_broker: EmbeddedBroker, own_store: EmbeddedStore
) -> None:
    secret = '[api.pseudonym_keys]\n1 = "the secret of the pseudonyms of a test"\n'
    file = tmp_path / "headrace.toml"
    file.write_text(secret)
    servers = ("--kafka", own_broker.bootstrap_servers, "--redis", own_store.url)
    servers = (*servers, "--config", str(file))
    producer = Producer({"bootstrap.servers": own_broker.bootstrap_servers, "log_level": 0})
    producer.produce(CLICK_TOPIC, b"{}", partition=2, timestamp=4_000_000_000_000)
    assert producer.flush(10) == 0
    code, found = ask(tmp_path, *servers)
    assert code == 0
    looked_at = {
        *(("kafka", check) for check in ("reach", "topics", "partitions", "retention", "clock")),
        *(("store", check) for check in ("reach", "version", "role", "eviction", "persistence")),
        ("store", "saving"),
        *(("store", "clock"), ("machine", "disk"), ("machine", "compiled"), ("engine", "reach")),
    }
    assert looked_at <= found.keys()
    assert "ahead of our clock" in found["kafka", "clock"]["text"]
    assert found["kafka", "retention"]["level"] == found["store", "role"]["level"] == "ok"

    with redis.Redis.from_url(own_store.url) as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("appendonly", "no")
    code, found = ask(tmp_path, *servers)
    assert code == 1
    assert found["store", "eviction"]["level"] == "fail"
    assert "noeviction" in found["store", "eviction"]["mend"]
    assert found["store", "persistence"]["level"] == "warn"
    assert "appendonly is disabled" in found["store", "saving"]["text"]
    assert not (tmp_path / "D").exists()


def test_servers_that_are_away_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.kafka.TIMEOUT_S", 0.3)
    port = free_port()
    servers = ("--kafka", f"127.0.0.1:{port}", "--redis", f"redis://u:geheim@127.0.0.1:{port}/0")
    done = doctor("--data-dir", str(tmp_path), *servers)
    assert done.exit_code == 1
    assert f"fail  kafka     Kafka at 127.0.0.1:{port} does not answer" in done.stdout
    assert f"fail  store     the store at 127.0.0.1:{port}/0 cannot be used" in done.stdout
    assert "geheim" not in done.output


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, {}),
        ({"redis_version": "6.2.1"}, {"version": "fail"}),
        ({"role": "slave"}, {"role": "fail"}),
        ({"cluster_enabled": 1}, {"role": "fail"}),
        ({"maxmemory_policy": "volatile-lru"}, {"eviction": "warn"}),
        ({"aof_last_write_status": "err"}, {"persistence": "fail"}),
        ({"maxmemory": 1000}, {"memory": "warn"}),
        ({"maxmemory": 910}, {"memory": "fail"}),
    ],
)
def test_the_store_is_judged(told: dict[str, Any], expected: dict[str, str]) -> None:
    assert levels(judged(GOOD | told)) == expected


def test_partitions_are_judged() -> None:
    well = {CLICK_TOPIC: {0: Part(), 1: Part()}}
    assert levels(partitions_judged(well, 2, 3)) == {}
    assert levels(partitions_judged(well, 3, 3)) == {"partitions": "warn"}
    ill = {CLICK_TOPIC: {0: Part(leader=-1), 1: Part(isrs=(1,))}}
    assert levels(partitions_judged(ill, 1, 3)) == {"leaders": "fail", "copies": "warn"}
    single = {CLICK_TOPIC: {0: Part(replicas=(1,), isrs=(1,))}}
    assert levels(partitions_judged(single, 1, 1)) == {}
    assert levels(partitions_judged(single, 1, 3)) == {"copies": "warn"}


def test_what_we_make_topics_with_is_well_and_kafka_s_defaults_are_not() -> None:
    assert levels(retention_judged(CONFIG)) == {}
    week = {name: {"cleanup.policy": "delete", "retention.ms": "604800000"} for name in CONFIG}
    found = {one.text.split()[0]: str(one.level) for one in retention_judged(week)}
    assert found == {"control": "fail", "catalog": "warn"}
    hour = {CLICK_TOPIC: {"retention.ms": "3600000"}}
    assert levels(retention_judged(hour)) == {"retention": "fail"}
    assert levels(retention_judged({CLICK_TOPIC: {"retention.ms": "-1"}})) == {"retention": "warn"}


def test_the_machine_is_judged() -> None:
    free = {one: str(disk_judged("/", one, 100 * GIB).level) for one in (GIB // 4, GIB, 50 * GIB)}
    assert list(free.values()) == ["fail", "warn", "ok"]
    assert levels([files_judged(1024, 1000), processors_judged(2, 4)]) == {
        "files": "warn",
        "cpus": "warn",
    }
    assert levels([files_judged(2048, 1000), processors_judged(2, 2), skew_found("s", 20)]) == {}
    assert levels([skew_found("s", -900)]) == {"clock": "warn"}


def test_the_engine_and_its_models_are_judged() -> None:
    events = {"ended": 1000, "rejected": {"invalid": 3}}
    well = {"lag_ms": 80, "events": events}
    assert levels(engine_judged({"status": "ready"}, well)) == {}
    (refused,) = (o for o in engine_judged({"status": "ready"}, well) if o.check == "refused")
    assert refused.text.startswith("the flow refused 3 of 1,000 events that it read: invalid 3; ")
    ill = {"lag_ms": 60_000, "events": events | {"rejected": {"invalid": 30}}}
    assert levels(engine_judged({"status": "degraded", "rules": "line 3"}, ill)) == {
        "state": "fail",
        "rules": "warn",
        "lag": "warn",
        "refused": "warn",
    }
    assert checkpoint_judged(12, 5).level is Level.OK
    assert checkpoint_judged(120, 5).level is Level.FAIL
    assert levels(models_judged({"shop": {"intent": {"learned": 9}}})) == {}
    told = {"shop": {"intent": {"learned": 9, "rollbacks": 1}}}
    assert levels(models_judged(told)) == {"intent": "warn"}
