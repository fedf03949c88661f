"""Keep child processes running: start in order, restart what dies, stop in reverse order.

It knows nothing of what the processes do. A `Unit` is what lives and dies together: one server,
or all workers of a cluster. When a child of a unit dies, the rest of the unit is killed and the
unit starts again, a little later each time; units that depend on it start again after it. What
never came up is given up. What once lived is started for as long as it takes: the others go on
meanwhile, and what they take waits in the log.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cli.backoff import Backoff
from cli.children import ERROR, Child, ChildError, PermanentError, PostponedError
from cli.stop_signals import StopSignals

POLL_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 30.0
"""After this long without being ready, say what is being waited for, and again each time."""
POSTPONED_SECONDS: Final = 1.0
HOPELESS: Final = 2
"""The exit code by which a child says that a person must act before it can run: wrong settings,
a refused password, state that belongs to another log."""

logger = logging.getLogger("headrace")


class GaveUpError(RuntimeError):
    """A unit does not come up, or cannot run at all: which, and the end of its log."""


def _always() -> bool:
    return True


@dataclass
class Unit:
    """Processes that live and die as one.

    `start` starts them and returns when they run, or raises `ChildError` (`PermanentError` when
    trying again is useless, `PostponedError` to be asked again for as long as it takes); what it
    started before it failed it has to stop itself. `ready` says
    whether they serve; it is asked often. When the unit named in `after` starts again, so does
    this one.
    """

    name: str
    start: Callable[[], Sequence[Child]]
    ready: Callable[[], bool] = _always
    after: str | None = None
    stop_seconds: float = 10.0
    backoff: Backoff = field(default_factory=Backoff)


class _Running:
    """The state of one unit."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.children: list[Child] = []
        self.up = False
        self.start_at = 0.0
        self._postponed = ""

    def start(self, now: float) -> None:
        try:
            self.children = list(self.unit.start())
        except PermanentError as error:
            raise GaveUpError(str(error)) from error
        except PostponedError as error:
            self._wait(now, str(error))
        except ChildError as error:
            self._failed(now, str(error), "")
        else:
            self.up = True
            self._postponed = ""
            self.unit.backoff.started(now)

    def look(self, now: float) -> bool:
        """Return whether the unit has just died; then it is killed and due for a restart."""
        dead = [child for child in self.children if not child.running]
        if not self.up or not dead:
            return False
        self.kill()
        # All of them: the first that is seen may have died of another one's death.
        words = "".join(map(_last_words, dead))
        for child in dead:
            if child.exit_code == HOPELESS:
                raise GaveUpError(f"{child.name} cannot run as it is set up{words}")
        self._failed(now, ", ".join(f"{child.name} {_end(child)}" for child in dead), words)
        return True

    def _failed(self, now: float, reason: str, log: str) -> None:
        self.up = False
        delay = self.unit.backoff.died(now)
        if delay is None:
            raise GaveUpError(
                f"{self.unit.name} died {self.unit.backoff.deaths} times in a row: {reason}{log}"
            )
        if self.unit.backoff.late:
            logger.error("%s died %d times in a row", self.unit.name, self.unit.backoff.deaths)
        logger.warning("%s; %s starts again in %.1f s%s", reason, self.unit.name, delay, log)
        self.start_at = now + delay

    def _wait(self, now: float, reason: str) -> None:
        if reason != self._postponed:  # once, however long it takes
            logger.warning("%s waits: %s", self.unit.name, reason)
        self._postponed = reason
        self.start_at = now + POSTPONED_SECONDS

    def restart_with(self, other: str, now: float) -> None:
        if self.up:
            logger.warning("%s starts again too, since %s did", self.unit.name, other)
            self.kill()
            self.up = False
            self.start_at = now

    def kill(self) -> None:
        for child in self.children:
            child.kill()


class Supervisor:
    """Run units until told to stop.

    `run` returns when SIGTERM or SIGINT has stopped everything, and raises `GaveUpError` when a
    unit does not come up; no child outlives it. `on_ready` is called once, when every unit is
    ready for the first time. Call it from the main thread.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        on_ready: Callable[[], None],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._units = [_Running(unit) for unit in units]
        self._on_ready = on_ready
        self._patience = patience_seconds
        self._announced = False
        self._complain_at = 0.0

    def run(self) -> None:
        """Start the units, keep them alive, and stop them in reverse order at a signal."""
        with StopSignals() as signals:
            try:
                self._keep_alive(signals)
            finally:
                self._stop(signals)

    def _keep_alive(self, signals: StopSignals) -> None:
        self._complain_at = time.monotonic() + self._patience
        while not signals.count:
            self._step(signals)
            time.sleep(POLL_SECONDS)

    def _step(self, signals: StopSignals) -> None:
        now = time.monotonic()
        for running in self._units:
            if running.look(now):
                self._take_along(running.unit.name, now)
        for running in self._units:
            if not running.up and now >= running.start_at and self._may_start(running.unit):
                running.start(now)
            if signals.count:
                return
        self._announce(now)

    def _take_along(self, name: str, now: float) -> None:
        for other in self._units:
            if other.unit.after == name:
                other.restart_with(name, now)
                self._take_along(other.unit.name, now)

    def _may_start(self, unit: Unit) -> bool:
        """Everything earlier has to run at the first start; later only what the unit is after."""
        for other in self._units:
            if other.unit is unit:
                return True
            if not other.up and (not self._announced or other.unit.name == unit.after):
                return False
        return True

    def _announce(self, now: float) -> None:
        if self._announced:
            return
        waiting = [running.unit.name for running in self._units if not _serves(running)]
        if not waiting:
            self._announced = True
            self._on_ready()
        elif now >= self._complain_at:
            self._complain_at = now + self._patience
            logger.warning("still waiting for: %s", ", ".join(waiting))

    def _stop(self, signals: StopSignals) -> None:
        logger.info("stopping")
        for running in reversed(self._units):
            for child in running.children:
                child.stop_softly()
            deadline = time.monotonic() + running.unit.stop_seconds
            for child in running.children:
                self._await_end(child, deadline, signals)

    def _await_end(self, child: Child, deadline: float, signals: StopSignals) -> None:
        while child.running:
            if signals.count > 1 or time.monotonic() > deadline:
                logger.warning("%s did not stop in time and is killed", child.name)
                child.kill()
                return
            child.wait(POLL_SECONDS)


def _serves(running: _Running) -> bool:
    return running.up and running.unit.ready()


def _end(child: Child) -> str:
    code = child.exit_code or 0
    return f"ended with code {code}" if code >= 0 else f"was killed by signal {-code}"


def _last_words(child: Child) -> str:
    tail = child.log_tail()
    last = tail.rpartition("\n")[2]
    if ERROR in last:  # it says why it ended: the engine's own panic before that says no more
        tail = last
    return f"\n  last lines of {child.log}:\n" + _indented(tail) if tail else ""


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
