"""The examples of the OpenAPI document, asked of a real service: all answers, and all problems."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from api.examples import FILE
from contracts.codec import load_json
from flows.topics import create_topics
from tests.api.examples import ASKED, alike, asked
from tests.api.serve.test_openapi import strict
from tests.api.whole_shop import whole_shop
from tests.storage.servers import running

SHOWN: list[dict[str, Any]] = load_json(FILE.read_bytes())
WITHOUT_EXAMPLES = {"GET /metrics", "GET /v1/triggers/stream"}
"""Their answers are no JSON."""


@pytest.fixture(scope="module")
def http(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    create_topics(broker, 4)
    with running() as store, whole_shop(broker, store, tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture(scope="module")
def document(http: httpx.Client) -> Any:
    return http.get("/openapi.json").json()


def operations(document: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_shows_what_is_asked_and_answered(document: Any) -> None:
    collected = {name for name, one in operations(document).items() if one["tags"] == ["collect"]}
    assert operations(document).keys() == {
        *(one["operation"] for one in SHOWN),
        *WITHOUT_EXAMPLES,
        *collected,
    }
    assert [one["operation"] for one in SHOWN] == [operation for operation, _, _ in ASKED]


def test_examples_are_answered_as_shown(http: httpx.Client, document: Any) -> None:
    for shown, found in zip(SHOWN, asked(http), strict=True):
        assert shown["status"] == found["status"], shown["operation"]
        told = shown.get("answer"), found.get("answer")
        assert alike(*told), (shown["operation"], *told)
        if "answer" in shown:
            answers = operations(document)[shown["operation"]]["responses"][str(shown["status"])]
            described = answers["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator(strict(described)).validate(shown["answer"])
            assert answers["content"]["application/json"]["example"] == shown["answer"]


def test_examples_of_the_collector_are_taken(http: httpx.Client, document: Any) -> None:
    for name, operation in operations(document).items():
        if operation["tags"] != ["collect"]:
            continue
        media = operation["requestBody"]["content"]["application/json"]
        bodies = [one["value"] for one in media["examples"].values()]
        assert bodies, name
        for body in bodies:
            told = http.post(name.partition(" ")[2], json=body).json()
            assert told["rejected"] == [], name


def test_answers_of_another_shape_would_be_noticed() -> None:
    assert alike({"a": [1], "b": None}, {"a": [2.5], "b": "x"})
    assert not alike({"a": [1]}, {"a": ["1"]})
    assert not alike({"a": 1}, {"b": 1})
    assert not alike([1], [1, 2])


def test_errors_of_every_operation_are_problems(http: httpx.Client, document: Any) -> None:
    for name, operation in operations(document).items():
        method, _, path = name.partition(" ")
        asks_nothing = path in {"/readyz", "/healthz", "/metrics"}
        wrong = http.request(method, path, params={"cursor": "!"}, content=b"{", auth=("", ""))
        other = http.request("PATCH", path)
        for answer in (other,) if asks_nothing else (wrong, other):
            if answer.is_success:
                continue  # a GET that minds no body and no key
            assert answer.headers["content-type"] == "application/problem+json", name
            problem = answer.json()
            assert problem["status"] == answer.status_code
            assert {"type", "title", "detail"} <= problem.keys()
        for code, told in operation["responses"].items():
            if code >= "400":
                assert list(told["content"]) == ["application/problem+json"], (name, code)
