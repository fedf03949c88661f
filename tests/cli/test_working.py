"""What takes its time says so, in the way that suits where it is said."""

import io
import time

import pytest

from cli import working as module
from cli.working import working


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_there_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.02)
    stream = io.StringIO()
    with working("reading the log", stream):
        while stream.getvalue().count("\n") < 2:
            time.sleep(0.01)
    lines = stream.getvalue().splitlines()
    assert set(lines) == {"reading the log: 0 s so far"}
    time.sleep(0.05)
    assert stream.getvalue().splitlines() == lines, "it is over"


def test_what_is_short_says_nothing() -> None:
    stream = io.StringIO()
    with working("reading the log", stream):
        pass
    assert stream.getvalue() == ""


def test_a_terminal_has_a_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with working("reading the log", stream):
        time.sleep(0.15)
    assert "reading the log" in stream.getvalue()
    assert "\x1b[2K" in stream.getvalue(), "the line is taken away at the end"
