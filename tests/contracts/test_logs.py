"""Logs as JSON: whole objects, what they belong to, and nothing personal."""

import json
import logging

import structlog

from contracts.logs import bind, json_lines


def line(message: str, *arguments: object, error: bool = False) -> dict[str, str]:
    try:
        raise ValueError("cannot read user='ada'") if error else KeyError
    except (ValueError, KeyError) as raised:
        info = (type(raised), raised, raised.__traceback__) if error else None
    record = logging.LogRecord("headrace.x", 40, "file", 7, message, arguments, info)
    found: dict[str, str] = json.loads(json_lines().format(record))
    return found


def test_a_line_says_what_it_belongs_to_and_nothing_of_a_person() -> None:
    with structlog.contextvars.bound_contextvars():
        bind(request="r1", site="shop")
        told = line('%s has {"user": "ada"} and ada@mail.example', "e7", error=True)
    assert told["event"] == 'e7 has {"user": "…"} and …@…'
    assert (told["request"], told["site"], told["level"]) == ("r1", "shop", "error")
    assert told["logger"] == "headrace.x"
    assert "ValueError" in told["exception"]
    assert "ada" not in json.dumps(told)
    assert told["time"].endswith("Z")
    structlog.contextvars.clear_contextvars()
    assert "request" not in line("plain")
