import io
import logging
import os
import re
import signal
import threading
from pathlib import Path

import pytest

from cli.demo.display import LiveLine, PlainLines, display_on
from cli.demo.reports import Example, Figures, Said, Started, encode
from cli.demo.watching import Watch
from cli.demo.wording import line_of, summary
from cli.stop_signals import StopSignals

FIGURES = Figures(events_rate=100, answers_rate=9, accepted=500, applied=490, lag_ms=1234, online=7)


def test_the_line_says_what_is_known_and_what_is_not() -> None:
    assert line_of(FIGURES) == (
        "100 events/s | fresh in - | 9 recommendations/s | 490 applied, lag 1,234 ms | 7 online"
    )
    scored = Figures(hits={"blend": 0.3141, "trending": 0.2})
    assert "lag unknown | next item hit: blend 31%, trending 20%" in line_of(scored)
    troubled = Figures(fresh_p50=7.6, fresh_p99=1200.4, troubles=3, last_trouble="no answer" * 99)
    line = line_of(troubled)
    assert "fresh in 8 ms (p50), 1200 ms (p99)" in line
    assert "lag unknown" in line
    assert "3 troubles, last: no answer" in line
    assert len(line) < 300


def test_the_summary_accounts_for_every_end() -> None:
    figures = Figures(
        accepted=10,
        refused=2,
        waiting=3,
        applied=7,
        duplicate=1,
        others=1,
        answers=4,
        settled=False,
    )
    assert summary(figures) == (
        "10 events accepted, 2 refused, 3 without an answer in time; "
        "the engine has applied 7, and found 1 duplicate, and rejected or withheld 1; "
        "the last ones were still on their way; 4 recommendations given"
    )


def test_without_a_terminal_there_is_a_line_every_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("cli.demo.display.time.monotonic", lambda: now)
    out = io.StringIO()
    display = PlainLines(out)
    for second in range(11):
        now = 100.0 + second
        display.show(Figures(applied=second))
    applied = re.findall(r"(\d+) applied", out.getvalue())
    assert applied == ["0", "5", "10"]
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()


def test_on_a_terminal_the_line_is_written_over_and_logs_go_above_it() -> None:
    master, slave = os.openpty()
    logger = logging.getLogger("headrace")
    with os.fdopen(slave, "w") as terminal:
        handler = logging.StreamHandler(terminal)
        logger.addHandler(handler)
        try:
            with LiveLine(terminal) as display:
                display.show(Figures(applied=1))
                held = handler.stream
                logger.warning("the store is away")
                display.say("a trend")
                display.show(Figures(applied=2))
            assert held is not terminal
            assert handler.stream is terminal
        finally:
            logger.removeHandler(handler)
    text = _all_of(master)
    assert text.index("1 applied") < text.index("a trend") < text.index("2 applied")
    assert "\x1b[2K" in text  # a line is cleared before it is written over


def _all_of(terminal: int) -> str:
    """Return what was written to a terminal that is closed by now."""
    raw = b""
    try:
        while piece := os.read(terminal, 65_536):
            raw += piece
    except OSError:  # Linux says so at the end
        pass
    os.close(terminal)
    return raw.decode()


def test_who_writes_to_nobody_stops_and_is_quiet_afterwards() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, StopSignals() as signals:
        display = display_on(stream)
        os.close(reader)
        display.say("hello")
        display.show(FIGURES)
        stops = signals.count
        stream.write("what is left in the buffer harms nobody")
    assert stops == 1
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_reports_are_shown_as_they_come_and_half_a_line_is_left_out(tmp_path: Path) -> None:
    out = io.StringIO()
    with Watch(PlainLines(out), "http://here") as watch:
        assert not watch.started
        for report in (
            Started(5),
            Said("a trend"),
            Example("ada", "oak tray"),
            Example("b", "c"),
            FIGURES,
        ):
            os.write(watch.descriptor, encode(report) + b"\n")
        os.write(watch.descriptor, encode(FIGURES)[:20])
    assert watch.started
    assert watch.figures == FIGURES
    assert out.getvalue().startswith("a trend\nTry, in another terminal:\n")
    assert "http://here/v1/items/oak%20tray/similar" in out.getvalue()
    assert out.getvalue().count("Try, in another terminal") == 1
    assert "applied" not in out.getvalue()  # not before everything is ready
    assert not any(thread.name == "reports" for thread in threading.enumerate())
