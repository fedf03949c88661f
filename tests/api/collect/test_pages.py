"""What the key of a page may say: of its device, and of nobody by name."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cli.embedded import EmbeddedBroker
from contracts.codec import decode_event
from contracts.events import Event
from contracts.keys import CLICK_TOPIC, FEEDBACK_TOPIC
from tests.api.running import TopicReader, headers, serving
from tests.conftest import PARTITIONS

TIME = 1_700_000_000_000


class Log:
    """What reached the topics."""

    def __init__(self, bootstrap: str) -> None:
        self._reader = TopicReader(bootstrap, [CLICK_TOPIC, FEEDBACK_TOPIC], PARTITIONS)
        self._seen = 0

    def newest(self, count: int) -> list[Event]:
        found = self._reader.until(lambda messages: len(messages) >= self._seen + count)
        new = [decode_event(message.value() or b"") for message in found[self._seen :]]
        self._seen = len(found)
        return new

    def close(self) -> None:
        self._reader.close()


@pytest.fixture
def log(own_broker: EmbeddedBroker) -> Iterator[Log]:
    log = Log(own_broker.bootstrap_servers)
    yield log
    log.close()


@pytest.fixture
def page(own_broker: EmbeddedBroker) -> Iterator[httpx.Client]:
    given = {"api.sites": {"shop": "k"}, "api.public_write_keys": True}
    with (
        serving(own_broker.bootstrap_servers, **given) as url,
        httpx.Client(base_url=url, headers=headers("k"), timeout=20) as client,
    ):
        yield client


def event(type_: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"{type_}-1", "type": type_, "time": TIME, "device": "d1", **fields}


def test_what_a_page_says_is_said_of_its_device(page: httpx.Client, log: Log) -> None:
    order = event("purchase", user="bob", item="kettle", price=9e9, source="order server")
    refusal = event("view", user="bob", consent=[])
    complaint = event("complaint", user="bob", text="late")
    track = {
        "messageId": "m-1",
        "userId": "bob",
        "anonymousId": "d1",
        "event": "Order Completed",
        "timestamp": "2023-11-14T22:13:20Z",
        "properties": {"order_id": "o", "products": [{"product_id": "cup", "price": 9e9}]},
    }
    assert page.post("/v1/events", json=[order, refusal, complaint]).json()["accepted"] == 3
    assert page.post("/v1/track", json=track).json()["accepted"] == 1
    told = log.newest(4)
    assert {(one.user, one.device, one.source) for one in told} == {(None, "d1", "page")}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/events", event("identify", user="bob", props={"vip": True}), "identifies nobody"),
        ("/v1/identify", {"userId": "bob", "anonymousId": "d1", "traits": {}}, "identifies nobody"),
        ("/v1/alias", {"userId": "bob", "previousId": "d1"}, "identifies nobody"),
        ("/v1/events", event("purchase", user="bob", device=None, price=1), "for devices only"),
        ("/v1/batch", {"batch": [{"type": "page", "userId": "bob"}]}, "for devices only"),
    ],
)
def test_what_only_a_server_may_say_is_refused(
    page: httpx.Client, path: str, body: Any, said: str
) -> None:
    answer = page.post(path, json=body)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_a_server_s_key_says_all_of_it(own_broker: EmbeddedBroker, log: Log) -> None:
    given = {"api.sites": {"shop": "k"}, "api.secrets": {"shop": "s"}}
    with serving(own_broker.bootstrap_servers, **given) as url:
        identify = event("identify", user="bob")
        for key, source in (("k", "a"), ("s", "b")):
            body = {**identify, "source": source}
            assert httpx.post(f"{url}/v1/events", json=body, headers=headers(key)).is_success
    told = log.newest(2)
    assert sorted((one.user, one.device, one.source) for one in told) == [
        ("bob", "d1", "a"),
        ("bob", "d1", "b"),
    ]
