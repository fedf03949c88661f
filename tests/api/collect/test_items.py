"""`POST /v1/items`: catalogue records, on a real broker."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contracts.codec import decode_json
from contracts.events import Item
from contracts.keys import CATALOG_TOPIC
from tests.api.collect.conftest import PARTITIONS
from tests.api.running import TopicReader, serving

PATH = "/v1/items"


@pytest.fixture(scope="module")
def reader(topics_broker: str) -> Iterator[TopicReader]:
    reader = TopicReader(topics_broker, [CATALOG_TOPIC], PARTITIONS)
    yield reader
    reader.close()


def found(reader: TopicReader, *ids: str) -> list[Item]:
    def items(messages: list[Any]) -> list[Item]:
        read = [decode_json(message.value(), Item) for message in messages]
        return [item for item in read if item.id in ids]

    return items(reader.until(lambda messages: len(items(messages)) >= len(ids)))


def test_records_reach_the_topic(client: httpx.Client, reader: TopicReader) -> None:
    cup = {
        "id": "cup",
        "title": "Blue cup",
        "category": "Home > Cups",
        "price": 4,
        "colour": "blue",
    }
    answer = client.post(PATH, json=[cup, {"id": "pot", "time": 5, "in_stock": False}])
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "accepted": 2, "rejected": []},
    )
    by_id = {item.id: item for item in found(reader, "cup", "pot")}
    assert by_id["cup"].title == "Blue cup"
    assert by_id["cup"].time > 1_600_000_000_000, "in force from now on"
    assert by_id["cup"].props == {"colour": "blue"}
    assert (by_id["pot"].time, by_id["pot"].in_stock, by_id["pot"].site) == (5, False, "default")


def test_the_good_ones_of_a_list_are_taken(client: httpx.Client, reader: TopicReader) -> None:
    bad = [{"title": "x"}, {"id": "a", "price": -1}, {"id": "b", "site": "other"}, 7]
    answer = client.post(PATH, json=[*bad, {"id": "mug"}])
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    told = {one["index"]: one["detail"] for one in answer.json()["rejected"]}
    assert told.keys() == {0, 1, 2, 3}
    assert "`id`" in told[0]
    assert "`price`" in told[1]
    assert "`site`" in told[2]
    assert [item.id for item in found(reader, "mug")] == ["mug"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[1]", b'{"id": ""}', b"\xff", b'{"id":1}'])
def test_nothing_good_is_a_400(client: httpx.Client, body: bytes) -> None:
    answer = client.post(PATH, content=body)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:headrace:problem:invalid-items"
    assert answer.json()["detail"]


def test_a_record_of_32_kb_is_too_large(client: httpx.Client) -> None:
    answer = client.post(PATH, json=[{"id": "big", "title": "x" * 40_000}])
    assert (answer.status_code, answer.json()["rejected"][0]["reason"]) == (400, "too_large")


def test_without_a_broker_it_is_a_503() -> None:
    nowhere = {"kafka.delivery_timeout_ms": 200}
    with serving("127.0.0.1:9", **nowhere) as url:
        answer = httpx.post(f"{url}{PATH}", json={"id": "cup"}, timeout=30)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
