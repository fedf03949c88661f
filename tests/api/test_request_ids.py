"""Every answer names its request, and so do the lines of the log that are about it."""

import json
import logging

import httpx
import pytest

from contracts.logs import json_lines, person_key
from tests.api.running import NOWHERE, serving


def test_an_answer_and_the_line_that_tells_why_it_failed_have_one_id(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json_lines().format(record))

    def broken(_: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("api.serve.serving.Serving.lag_ms", broken)
    monkeypatch.setattr("api.collect.collector.Collector._append", lambda *_: broken(None))
    logger, kept = logging.getLogger("headrace.api"), Kept()
    logger.addHandler(kept)
    try:
        given = {
            "api.sites": {"shop": "k"},
            "api.secrets": {"shop": "s"},
            "api.admin_key": "hush",
            "redis.url": NOWHERE,
        }
        with serving(broker, **given) as url, httpx.Client(base_url=url) as http:
            assert len(http.get("/healthz").headers["x-request-id"]) == 16
            asked = {"x-request-id": "page-7", "authorization": "Bearer hush"}
            answer = http.get("/v1/stats", headers=asked)
            assert (answer.status_code, answer.headers["x-request-id"]) == (500, "page-7")
            # A failure of ours ends the connection.
            asked["authorization"] = "Bearer s"
            broken_off = httpx.get(f"{url}/v1/users/ada%2F1/profile", headers=asked)
            assert broken_off.status_code == 500
            event = {"id": "e-1", "type": "view", "user": "ada", "time": 1_795_000_000_000}
            assert httpx.post(f"{url}/v1/events", json=event, headers=asked).status_code == 500
    finally:
        logger.removeHandler(kept)
    [told, person, event_told] = [
        line for line in map(json.loads, lines) if line["level"] == "error"
    ]
    assert (told["request"], told["site"]) == ("page-7", "shop")
    assert told["key"] not in ("", "hush"), "the name of the key, not the key"
    assert (person["person"], "person" in told) == (person_key("ada/1"), False)
    assert (event_told["event_id"], event_told["request"]) == ("e-1", "page-7")
    assert not [line for line in lines if "ada" in line]


@pytest.mark.parametrize("given", ["x" * 65, "naïve".encode("latin-1"), "a/b"])
def test_what_could_harm_a_log_is_not_taken_over(given: str | bytes, broker: str) -> None:
    with serving(broker, **{"redis.url": NOWHERE}) as url:
        answer = httpx.get(f"{url}/healthz", headers={"x-request-id": given})
    assert len(answer.headers["x-request-id"]) == 16
