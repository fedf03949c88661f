import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from cli.backoff import Backoff
from cli.children import Child, ChildError, PermanentError, PostponedError
from cli.cluster import Cluster
from cli.supervisor import GaveUpError, Supervisor, Unit
from contracts.settings import Settings

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(60)"


class Crew:
    """Makes units of real processes and notes what happens to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[str] = []
        self.children: dict[str, list[Child]] = {}

    def unit(
        self,
        name: str,
        command: Sequence[str] = ("sleep", "60"),
        size: int = 1,
        on_start: Callable[[int], None] = lambda number: None,
        after: str | None = None,
        stop_seconds: float = 5.0,
        limit: int = 10,
    ) -> Unit:
        def start() -> list[Child]:
            self.events.append(name)
            on_start(self.events.count(name))
            started = [self._child(f"{name}-{number}", command) for number in range(size)]
            self.children.setdefault(name, []).extend(started)
            for child in started:
                child.start()
            return started

        backoff = Backoff(first_seconds=0.01, longest_seconds=0.05, limit=limit)
        return Unit(name, start, after=after, stop_seconds=stop_seconds, backoff=backoff)

    def _child(self, name: str, command: Sequence[str]) -> Child:
        return Child(name, command, self.folder / f"{name}.log")

    def kill(self, name: str) -> None:
        """Kill the first process of the unit's latest start, as a crash would."""
        pid = self.children[name][-1].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def all_gone(self) -> bool:
        return not any(child.running for group in self.children.values() for child in group)


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    return Crew(tmp_path)


def _stop() -> None:
    signal.raise_signal(signal.SIGTERM)


def _stop_at(number: int) -> Callable[[int], None]:
    return lambda start: _stop() if start == number else None


def test_units_start_in_order_and_all_stop_at_a_signal(crew: Crew) -> None:
    units = [crew.unit("store"), crew.unit("flow", size=2), crew.unit("api")]
    ready: list[int] = []

    def on_ready() -> None:
        ready.append(sum(child.running for group in crew.children.values() for child in group))
        _stop()

    Supervisor(units, on_ready).run()
    assert crew.events == ["store", "flow", "api"]
    assert ready == [4]
    assert crew.all_gone()
    assert {child.exit_code for group in crew.children.values() for child in group} == {-15}


def test_units_stop_in_reverse_and_one_after_the_other(crew: Crew, tmp_path: Path) -> None:
    note = (
        "import signal, sys, time\n"
        "def leave(*_):\n"
        "    time.sleep(0.2); open(sys.argv[1], 'a').write(sys.argv[2] + ' '); sys.exit(0)\n"
        "signal.signal(15, leave); print('up', flush=True); time.sleep(60)"
    )
    ends = tmp_path / "ends"
    units = [
        crew.unit(name, (sys.executable, "-c", note, str(ends), name))
        for name in ("store", "flow", "api")
    ]
    for unit in units:
        unit.ready = lambda name=unit.name: "up" in crew.children[name][0].log_tail()  # type: ignore[misc]
    Supervisor(units, _stop).run()
    assert ends.read_text().split() == ["api", "flow", "store"]


def test_what_once_lived_is_started_for_as_long_as_it_takes(
    crew: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    def on_start(number: int) -> None:
        if number == 9:
            _stop()
        elif number > 1:
            raise ChildError("no disk")

    flow = crew.unit("flow", on_start=on_start, limit=4)
    flow.backoff.stable_seconds = 0.0
    Supervisor([crew.unit("store"), flow], lambda: crew.kill("flow")).run()
    assert crew.events == ["store", *["flow"] * 9], "the store lived on"
    assert "flow died 8 times in a row" in caplog.text


def test_a_unit_dies_as_one_and_starts_again(crew: Crew) -> None:
    def at_start(number: int) -> None:
        if number == 2:
            assert not any(child.running for child in crew.children["flow"])
            _stop()

    flow = crew.unit("flow", size=3, on_start=at_start)
    Supervisor([flow], lambda: crew.kill("flow")).run()
    assert crew.events == ["flow", "flow"]
    assert [child.exit_code for child in crew.children["flow"][:3]] == [-9, -9, -9]
    assert crew.all_gone()


def test_what_depends_on_a_unit_starts_again_with_it_and_nothing_else_does(crew: Crew) -> None:
    units = [
        crew.unit("store"),
        crew.unit("broker"),
        crew.unit("flow", after="broker", on_start=_stop_at(2)),
        crew.unit("api"),
    ]
    Supervisor(units, lambda: crew.kill("broker")).run()
    assert crew.events == ["store", "broker", "flow", "api", "broker", "flow"]
    assert crew.all_gone()


def test_a_store_that_dies_starts_again_alone(crew: Crew) -> None:
    units = [crew.unit("store", on_start=_stop_at(2)), crew.unit("flow"), crew.unit("api")]
    Supervisor(units, lambda: crew.kill("store")).run()
    assert crew.events == ["store", "flow", "api", "store"]


def test_who_dies_again_and_again_is_given_up_with_its_last_words(crew: Crew) -> None:
    broken = (sys.executable, "-c", "print('first'); print('no disk'); raise SystemExit(3)")
    units = [crew.unit("store"), crew.unit("flow", broken, limit=4)]
    with pytest.raises(GaveUpError, match=r"(?s)flow died 4 times.*code 3.*flow-0\.log.*no disk"):
        Supervisor(units, lambda: None).run()
    assert crew.events == ["store", "flow", "flow", "flow", "flow"]
    assert crew.all_gone()
    assert crew.children["store"][0].exit_code == -signal.SIGTERM


def test_a_start_that_fails_is_tried_again(crew: Crew) -> None:
    def flaky(number: int) -> None:
        if number < 3:
            raise ChildError("Redis is away")

    Supervisor([crew.unit("flow", on_start=flaky)], _stop).run()
    assert crew.events == ["flow"] * 3
    assert crew.all_gone()


def test_what_cannot_be_mended_by_waiting_is_given_up_at_once(crew: Crew) -> None:
    def refused(number: int) -> None:
        raise PermanentError("wrong password")

    units = [crew.unit("store"), crew.unit("flow", on_start=refused)]
    with pytest.raises(GaveUpError, match=r"^wrong password$"):
        Supervisor(units, _stop).run()
    wrong = (sys.executable, "-c", "print('no such setting'); raise SystemExit(2)")
    with pytest.raises(GaveUpError, match=r"(?s)api-0 cannot run as it is set up.*no such setting"):
        Supervisor([crew.unit("api", wrong)], lambda: time.sleep(0.3)).run()
    assert crew.events == ["store", "flow", "api"]
    assert crew.all_gone()


def test_what_waits_for_something_outside_is_asked_again_and_not_counted(
    crew: Crew, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.supervisor.POSTPONED_SECONDS", 0.01)

    def full(number: int) -> None:
        if number <= 20:
            raise PostponedError("the disk is full")

    Supervisor([crew.unit("flow", on_start=full, limit=3)], _stop).run()
    assert crew.events == ["flow"] * 21
    assert caplog.text.count("flow waits: the disk is full") == 1


def test_a_command_that_does_not_exist_is_told(crew: Crew) -> None:
    with pytest.raises(GaveUpError, match=r"(?s)code 127.*/no/such: cannot be run: No such file"):
        Supervisor([crew.unit("api", ("/no/such",), limit=2)], lambda: None).run()


def test_who_does_not_stop_in_time_is_killed(crew: Crew) -> None:
    unit = crew.unit("flow", (sys.executable, "-c", STUBBORN), stop_seconds=0.2)
    unit.ready = lambda: crew.children["flow"][0].log_tail() == "up"
    began = time.monotonic()
    Supervisor([unit], _stop).run()
    assert time.monotonic() - began < 30
    assert crew.children["flow"][0].exit_code == -signal.SIGKILL


def test_a_second_signal_kills_what_still_runs(crew: Crew) -> None:
    unit = crew.unit("flow", (sys.executable, "-c", STUBBORN), stop_seconds=60.0)
    unit.ready = lambda: crew.children["flow"][0].log_tail() == "up"

    def twice() -> None:
        _stop()
        signal.raise_signal(signal.SIGINT)

    began = time.monotonic()
    Supervisor([unit], twice).run()
    assert time.monotonic() - began < 30
    assert crew.children["flow"][0].exit_code == -signal.SIGKILL


def test_signals_are_handled_as_before_afterwards(crew: Crew) -> None:
    before = signal.getsignal(signal.SIGTERM)
    Supervisor([crew.unit("flow")], _stop).run()
    assert signal.getsignal(signal.SIGTERM) is before


def test_who_is_waited_for_is_named(crew: Crew, caplog: pytest.LogCaptureFixture) -> None:
    unit = crew.unit("flow")
    answers = iter([False] * 8)
    unit.ready = lambda: next(answers, True)
    with caplog.at_level("INFO", "headrace"):
        Supervisor([unit], _stop, patience_seconds=0.1).run()
    assert "still waiting for: flow" in caplog.messages


def test_a_unit_that_lived_long_starts_over_with_its_count() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=8, stable_seconds=10, limit=3)
    assert (backoff.died(0), backoff.died(1)) == (1, 2)
    backoff.started(2)
    assert backoff.died(12) == 1
    backoff.started(13)
    assert backoff.died(14) == 2
    assert backoff.died(15) == 8, "it lived once"
    never = Backoff(first_seconds=1, longest_seconds=8, stable_seconds=10, limit=2)
    assert (never.died(0), never.died(1)) == (1, None)


def test_a_killed_child_takes_its_own_children_along(tmp_path: Path) -> None:
    with Child("shell", ("sh", "-c", "sleep 60 & echo $!; wait"), tmp_path / "log") as child:
        while not child.log_tail():
            time.sleep(0.01)
        grandchild = psutil.Process(int(child.log_tail()))
        child.kill()
    assert psutil.wait_procs([grandchild], timeout=10)[1] == []


def test_a_cluster_that_another_one_replaces_each_time_gives_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "settings.json"
    Settings.load(environ={}, overrides={"namespace": "spring"}).save(file)
    codes = iter((3, 3, 1, 3, 3, 3))

    def run() -> None:
        """Start what ends at once by the next code, and wait for that."""
        cluster._command = (sys.executable, "-c", f"raise SystemExit({next(codes, 0)})")
        for child in cluster.start():
            child.wait(20)

    environ = {"HEADRACE_SETTINGS": str(file)}
    cluster = Cluster(tmp_path, 1, environ, lambda: None, lambda: 7)
    for _ in range(6):  # to end by something else in between is no row
        run()
    with pytest.raises(PermanentError, match="another flow writes namespace spring of this store"):
        run()
    assert caplog.text.count("stop one, or give one a namespace of its own") == 4
