"""The client does what the OpenAPI document says: every operation, against a real service."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from headrace_client import AsyncHeadrace, Headrace, HeadraceError
from headrace_client.calls import Call

from api.document import openapi_document
from api.operation_ids import IDS
from flows.topics import create_topics
from tests.api.examples import ASKED, alike, asked, ids_in, with_ids
from tests.api.serve.shop import now_ms
from tests.api.whole_shop import whole_shop
from tests.client.generate import BY_HAND, FOLDER, files
from tests.storage.servers import running

COLLECTED = ("track", "page", "screen", "identify", "group", "alias")


@pytest.fixture(scope="module")
def url(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    create_topics(broker, 4)
    with running() as store, whole_shop(broker, store, tmp_path_factory.mktemp("shop")) as http:
        yield str(http.base_url)


def test_it_is_made_from_the_document_as_it_is() -> None:
    for name, text in files().items():
        there = (FOLDER / name).read_text(encoding="utf-8")
        assert there == text, f"{name}: say `python -m tests.client.generate`"


@pytest.mark.parametrize("client", [Headrace, AsyncHeadrace])
def test_every_operation_has_a_method(client: type[Any]) -> None:
    named = {
        operation["operationId"]
        for methods in openapi_document()["paths"].values()
        for operation in methods.values()
    }
    assert named == set(IDS.values())
    assert {name for name in named if not hasattr(client, name)} == BY_HAND


def given(
    operation: str, parameters: dict[str, Any], body: Any
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a method: ids, then the body, then the query by name."""
    path = operation.partition(" ")[2]
    ids = [value for name, value in parameters.items() if f"{{{name}}}" in path]
    query = {name: value for name, value in parameters.items() if f"{{{name}}}" not in path}
    return [*ids, *([] if body is None else [body])], query


def test_every_operation_is_answered(url: str) -> None:
    with Headrace(url, key="any") as client, httpx.Client(base_url=url) as http:
        ids: dict[str, str] = {}
        for operation, parameters, body in ASKED:
            positional, named = given(operation, with_ids(parameters, ids), body)
            answer = getattr(client, IDS[operation])(*positional, **named)
            ids |= ids_in(operation, answer)
        assert "headrace_serve_answers_total" in client.metrics()
        shown = next(one for one in asked(http) if one["operation"].endswith("/recommendations"))
        found = client.recommendations("ada", n=2, explain=True)
        assert alike(found, shown["answer"])


def test_events_are_sent_and_faults_told(url: str) -> None:
    with Headrace(url, key="any") as client:
        paths = openapi_document()["paths"]
        for name in COLLECTED:
            body = paths[f"/v1/{name}"]["post"]["requestBody"]
            [example] = body["content"]["application/json"]["examples"].values()
            assert getattr(client, name)(example["value"])["accepted"] == 1
        good = {"id": "1", "type": "view", "user": "ada", "time": now_ms(), "item": "cup"}
        answer = client.send_events([good, {"id": "2"}])
        assert (answer["accepted"], answer["rejected"][0]["index"]) == (1, 1)
        with pytest.raises(HeadraceError, match="unknown-feedback") as raised:
            client.case("never")
        assert (raised.value.status, raised.value.kind) == (404, "unknown-feedback")


def test_the_same_with_asyncio(url: str) -> None:
    async def ask() -> Any:
        async with AsyncHeadrace(url, key="any") as client:
            both = await asyncio.gather(client.profile("ada"), client.trending(n=1))
            async for one in client.triggers(cursor="0", campaign=["cart"]):
                return *both, one
        return None

    profile, trending, first = asyncio.run(ask())
    assert profile["user"] == "ada"
    assert len(trending["items"]) == 1
    assert first["data"]["user"] == "user-0"


def test_triggers_come_one_after_another(url: str) -> None:
    with Headrace(url) as client:
        found = []
        for one in client.triggers(cursor="0"):
            found.append(one)
            if len(found) == 2:
                break
        [again, *_] = client.triggers(cursor=found[0]["cursor"]), None
        assert next(again)["id"] == found[1]["id"] == "t1"


class Service:
    """A service that refuses for now before it answers, and notes what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options: Any) -> Headrace:
        http = httpx.Client(base_url="http://shop", transport=httpx.MockTransport(self))
        return Headrace("http://shop", http=http, **options)


DONE = httpx.Response(200, json={"success": True, "accepted": 1, "rejected": []})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("headrace_client.transport.time.sleep", waited.append)
    return waited


def test_what_is_refused_for_now_is_asked_again(no_waiting: list[float]) -> None:
    away = httpx.Response(503, headers={"Retry-After": "2"}, json={})
    service = Service(away, httpx.ConnectError("away"), DONE)
    assert service.client(secret="s").track({"messageId": "1"})["accepted"] == 1
    assert no_waiting == [2.0, 0.5]
    assert service.asked[0].headers["Authorization"] == "Bearer s"


def test_what_may_have_been_done_is_not_done_twice() -> None:
    service = Service(httpx.ReadError("gone"), DONE)
    with pytest.raises(httpx.ReadError):
        service.client().track({"event": "without an id"})
    assert len(service.asked) == 1
    assert Call("POST", "/", {}, {}, {"batch": [{"messageId": "1"}, {}]}).repeatable is False


def test_a_refusal_is_told_at_once() -> None:
    problem = {"type": "urn:headrace:problem:rate-limited", "detail": "too many"}
    service = Service(httpx.Response(429, headers={"Retry-After": "3600"}, json=problem))
    with pytest.raises(HeadraceError, match="too many"):
        service.client().stats()
    proxy = Service(httpx.Response(502, text="<html>bad gateway"))
    with pytest.raises(HeadraceError, match="bad gateway"):
        proxy.client().stats()
