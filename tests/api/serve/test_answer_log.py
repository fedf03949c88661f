"""Every answer goes to the topic `answers`; a broker that is away costs no answer."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.serve.answers import AnswerList, AnswerTopic
from cli.embedded import EmbeddedBroker
from contracts.codec import decode_json
from contracts.decisions import Answer, ServedItem
from contracts.keys import ANSWERS_TOPIC, message_key, partition_of
from contracts.settings import KafkaSettings, Settings
from flows.topics import create_topics
from tests.api.running import TopicReader
from tests.api.serve.shop import Shop, fill, now_ms, open_shop, shop, until
from tests.conftest import PARTITIONS
from tests.storage.servers import StoreServer, free_port

ADA = "/v1/users/ada/recommendations"


@pytest.fixture
def logged(store_server: StoreServer, own_broker: EmbeddedBroker) -> Iterator[Shop]:
    fill(store_server, shop(now_ms()))
    with open_shop(
        store_server, **{"kafka.bootstrap_servers": own_broker.bootstrap_servers}
    ) as opened:
        yield opened


def test_every_answer_is_logged_as_it_was_given(logged: Shop, own_broker: EmbeddedBroker) -> None:
    given = {
        "recommendations": logged.get(ADA, n=3),
        "rank": logged.post("/v1/rank", {"user": "device:d", "items": ["hose", "cup"]}),
        "similar": logged.get("/v1/items/kettle/similar", n=2),
        "trending": logged.get("/v1/trending", n=1),
    }
    many = logged.post("/v1/recommendations", {"users": ["ada", "bob"], "n": 1})["answers"]
    reader = TopicReader(own_broker.bootstrap_servers, [ANSWERS_TOPIC], PARTITIONS)
    messages = reader.until(lambda messages: len(messages) >= 6)
    reader.close()
    answers = {a.request: (a, m) for m in messages if (a := decode_json(m.value(), Answer))}
    assert len(answers) == 6
    for kind, sent in given.items():
        answer, message = answers[sent["request"]]
        assert (answer.kind, answer.site, answer.user) == (kind, "default", sent.get("user", ""))
        assert [(i.item, i.strategy) for i in answer.items] == [
            (i["item"], i["strategy"]) for i in sent["items"]
        ]
        assert [i.position for i in answer.items] == list(range(len(answer.items)))
        assert (answer.as_of, answer.fallback) == (sent["as_of"], sent["fallback"])
        assert message.timestamp()[1] == answer.time
        assert message.partition() == partition_of(message.key(), PARTITIONS)
    assert {a["request"] for a in many} < set(answers)
    first = answers[given["recommendations"]["request"]][0]
    assert first.items[0].features["together"] > 0
    assert answers[given["recommendations"]["request"]][1].key() == message_key(
        "default", "ada", None
    )
    assert answers[given["rank"]["request"]][1].key() == message_key("default", None, "d")
    until(lambda: logged.get("/v1/stats")["answers"] == {"logged": 6, "dropped": 0})


def an_answer(number: int) -> Answer:
    items = [ServedItem("kettle", 1, 0.5, "together")]
    return Answer(request=str(number), site="s", user="ada", kind="rank", time=0, items=items)


def test_a_broker_that_is_away_slows_nothing_and_drops_are_counted() -> None:
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"))
    log = AnswerTopic.of(settings, queue=100)
    begin = time.monotonic()
    for number in range(500):
        log.put(an_answer(number))
    assert (log.logged, log.dropped) == (0, 400)
    log.close()
    assert (log.logged, log.dropped) == (0, 500)
    assert time.monotonic() - begin < 30


def test_answers_reach_a_broker_that_comes_late(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker", tmp_path / "broker.log") as broker:
        address = broker.bootstrap_servers
        broker.stop()
        log = AnswerTopic.of(Settings(kafka=KafkaSettings(bootstrap_servers=address)))
        log.put(an_answer(1))
        broker.start()
        create_topics(address, PARTITIONS)
        number = 1

        def arrived() -> bool:
            nonlocal number
            number += 1
            log.put(an_answer(number))
            return log.logged >= 2

        until(arrived)
        log.close()
        assert log.dropped == 0


def test_answers_without_a_broker_are_counted_as_dropped() -> None:
    log = AnswerList(limit=1)
    log.put(an_answer(1))
    log.put(an_answer(2))
    assert (log.logged, log.dropped, len(log.answers)) == (1, 1, 1)


def test_serving_without_a_broker_says_so_in_its_figures(store_server: StoreServer) -> None:
    fill(store_server, shop(now_ms()))
    with open_shop(store_server) as opened:
        opened.get(ADA)
        assert opened.get("/v1/stats")["answers"] == {"logged": 0, "dropped": 1}
        assert "headrace_serve_answers_dropped_total 1.0" in opened.http.get("/metrics").text
