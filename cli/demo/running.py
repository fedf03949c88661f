"""The engine and its shoppers as one: started in order, shown, and stopped together."""

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cli.children import Child
from cli.cluster import child_environ
from cli.demo.display import Display
from cli.demo.reports import Plan, encode
from cli.demo.stopping import ask_to_stop
from cli.demo.watching import Watch
from cli.demo.wording import welcome
from cli.supervisor import Supervisor, Unit
from cli.units import Deployment
from contracts.settings import Loaded, Settings

CROWD: Final = (sys.executable, "-P", "-m", "cli.demo.crowd")
STOP_SECONDS: Final = 15.0
"""The shoppers post what waits, and give the engine time to apply it."""

MakePlan = Callable[[Settings, str, int], Plan]
"""Takes the resolved settings, the API's URL and the descriptor for reports."""


def run(
    loaded: Loaded,
    data_dir: Path,
    lock: int,
    make_plan: MakePlan,
    display: Display,
    people: str,
    duration: float | None,
) -> Watch:
    """Run everything until a signal, or for `duration` seconds; return what was seen of it.

    Raises `ChildError` and `GaveUpError` when it cannot, or does not stay up.
    """
    deployment = Deployment(loaded, data_dir, lock)
    units = deployment.units()
    file = data_dir / "run" / "settings.json"
    settings = Settings.load(file)
    url = f"http://{settings.api.host}:{settings.api.port}"

    def on_ready() -> None:
        display.say(deployment.ready_line)
        display.say(welcome(url, people))
        watch.shows = True
        if duration is not None:
            stop_after(duration)

    with Watch(display, url) as watch:
        plan = make_plan(settings, url, watch.descriptor)
        units.append(crowd(plan, data_dir, file, lock, watch))
        try:
            Supervisor(units, on_ready).run()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return watch


def crowd(plan: Plan, data_dir: Path, settings: Path, lock: int, watch: Watch) -> Unit:
    """Return the unit of the shoppers."""
    log = data_dir / "logs" / "shoppers.log"
    command = (*CROWD, encode(plan).decode())
    child = Child("shoppers", command, log, child_environ(settings, data_dir), (lock, plan.reports))

    def start() -> Sequence[Child]:
        child.start()
        return [child]

    # A broker of ours that starts again has lost the catalogue, which they publish.
    return Unit("shoppers", start, lambda: watch.started, "broker", STOP_SECONDS)


def stop_after(seconds: float) -> None:
    """Stop as a signal would, after so long."""
    signal.signal(signal.SIGALRM, lambda number, frame: ask_to_stop())
    signal.setitimer(signal.ITIMER_REAL, seconds)
