"""`headrace ope`, from its arguments to its table, its JSON and its exit code."""

import json
import random
from pathlib import Path

import pytest
from confluent_kafka import Producer

from cli.embedded import EmbeddedBroker
from contracts.clock_records import clock_record
from contracts.codec import encode_json
from contracts.keys import CLICK_TOPIC, FEEDBACK_TOPIC
from tests.builders import NOON, event
from tests.cli.test_config import headrace
from tests.conftest import PARTITIONS

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "open-bandit"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a recording of decisions at two placements, and of what came of them."""
    rng, lines = random.Random(1), []
    for at in range(400):
        offer = rng.choice(["rebate", "points"])
        said = {
            "placement": "home" if at % 4 else "cart",
            "offers": ["rebate", "points"],
            "chances": [0.5, 0.5],
            "context": {"visits": at % 3},
            "horizon_ms": 5_000,
        }
        base = {"user": f"u{at}", "request": f"r{at}", "at": at * 1_000}
        props = {"decision": said}
        lines.append(event("decision", campaign=offer, props=props, id=f"d{at}", **base))
        if rng.random() < (0.6 if offer == "points" else 0.1):
            lines.append(event("click", id=f"c{at}", **{**base, "at": at * 1_000 + 500}))
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"".join(encode_json(line) + b"\n" for line in lines))
    return file


def test_our_own_log_gives_a_table_and_json(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "ope.json"
    done = headrace("ope", str(log), "--json", str(file))
    assert done.returncode == 0, done.stderr
    assert "linear-thompson" in done.stdout
    board = json.loads(file.read_text())
    # Those of the last five seconds are not decided yet.
    assert board["events"] == 395
    fixed, logged = board["models"]["fixed"], board["models"]["logged"]
    assert "fixed: always points" in board["notes"]
    assert fixed["snips"] == pytest.approx(0.6, abs=0.12)
    assert fixed["snips_low"] > logged["snips"] - 0.1
    assert fixed["ips_low"] <= fixed["ips"] <= fixed["ips_high"]


def test_one_placement_alone(log: Path) -> None:
    done = headrace("ope", str(log), "--placement", "cart", "--json", "-")
    assert json.loads(done.stdout)["events"] == 99


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/gone.jsonl"], "there is no such file"),
        (["LOG", "--format", "movielens"], "holds no logged chances"),
        (["LOG", "--placement", "nowhere"], "no decision with a logged chance"),
        (["LOG", "--policies", "oracle"], "--policies oracle"),
    ],
)
def test_wrong_use_says_what_is_wrong(log: Path, arguments: list[str], said: str) -> None:
    done = headrace("ope", *[str(log) if each == "LOG" else each for each in arguments])
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.skipif(not DATA.is_dir(), reason="the Open Bandit data set is not here")
def test_open_bandit_has_its_known_click_rate() -> None:
    options = ("--test-from", "0", "--policies", "logged,uniform", "--json", "-")
    done = headrace("ope", str(DATA / "random" / "all"), *options)
    board = json.loads(done.stdout)
    assert board["actions"] == 80
    uniform, logged = board["models"]["uniform"], board["models"]["logged"]
    assert logged["ips"] == pytest.approx(0.0038)
    assert uniform["ips"] == pytest.approx(0.0038)
    assert logged["ips_low"] < 0.0038 < logged["ips_high"] < 0.0065


def test_the_log_of_a_running_engine_is_read_as_it_lies_on_the_topics(
    log: Path, own_broker: EmbeddedBroker
) -> None:
    producer = Producer({"bootstrap.servers": own_broker.bootstrap_servers})
    for number, line in enumerate(log.read_bytes().splitlines()):
        producer.produce(CLICK_TOPIC, line, partition=number % PARTITIONS)
    for raw in (clock_record(NOON), b"broken", encode_json(event("view", item="cup"))):
        producer.produce(CLICK_TOPIC, raw, partition=0)
    assert producer.flush(20) == 0
    topics = f"kafka:{CLICK_TOPIC},{FEEDBACK_TOPIC}"
    brokers = ("--kafka", own_broker.bootstrap_servers)
    done = headrace("ope", topics, *brokers, "--policies", "logged", "--json", "-")
    assert done.returncode == 0, done.stderr
    there = headrace("ope", str(log), "--policies", "logged", "--json", "-")
    assert json.loads(done.stdout) == json.loads(there.stdout)


def test_topics_need_a_broker(tmp_path: Path) -> None:
    done = headrace("ope", "kafka:events.click", "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert "which broker?" in done.stderr
