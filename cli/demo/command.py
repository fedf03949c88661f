"""`headrace demo`: the live engine with simulated shoppers, or with a recording."""

import logging
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.demo.campaigns import FOLDER as FOLDER_OF_CAMPAIGNS
from cli.errors import CommandError, WrongUseError
from contracts.settings import Settings

HOST: Final = "127.0.0.1"
FOLDER: Final = Path("var/demo")
OFFERS: Final = Path(__file__).with_name("offers.toml")
SESSION_GAP_SECONDS: Final = 30
"""A day of the shop lasts ten minutes, so a visit is over after half a minute of quiet."""
KEPT: Final = "run"
"""Holds the lock, which is ours by now."""

logger = logging.getLogger("headrace")

EXAMPLES = """\b
Examples:
  headrace demo
  headrace demo --rate 500 --workers 2
  headrace demo --data UserBehavior.csv --port 8080
  headrace demo --duration 60 --data-dir demo > demo.log
"""

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    port: int
    data_dir: Path | None
    workers: int
    rate: float
    seed: int
    duration: float | None
    data: Path | None
    format: str | None
    speed: float | None


@app.command(epilog=EXAMPLES)
def demo(
    data: Annotated[
        Path | None, typer.Option(help="Play this recording (file or folder) instead.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="Format of the recording; else it is guessed.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=1e-3, help="So many times as fast as it happened; else by --rate."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the API; 0 takes a free one.")
    ] = 8000,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Keep everything in this folder; else var/demo, emptied at each start."),
    ] = None,
    rate: Annotated[float, typer.Option(min=1, max=5_000, help="Events a second, about.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the shop and its shoppers.")] = 7,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of the dataflow.")] = 1,
    duration: Annotated[
        float | None, typer.Option(min=0.1, help="Stop after so many seconds; else at Ctrl-C.")
    ] = None,
) -> None:
    """Run the live engine on this machine with a stream of shoppers to look at.

    The shoppers are simulated; with --data a recording is played. Store and broker are embedded,
    and the API takes any write key, on 127.0.0.1 only. Settings of the environment do not apply.
    """
    options = Options(port, data_dir, workers, rate, seed, duration, data, format_, speed)
    if data is None and (format_ or speed):
        raise WrongUseError("--format and --speed are about a recording: which one? Give --data")
    try:
        run(options)
    except KeyboardInterrupt:
        logger.info("stopped before the start")


def run(options: Options) -> None:
    """Run the demo; raise `CommandError` when it cannot, or does not stay up."""
    # Here, so that `headrace demo --help` needs no Kafka or Redis client.
    from cli.children import ChildError
    from cli.demo.recording import format_of
    from cli.lock import DataDirLock, LockedError
    from cli.supervisor import GaveUpError

    format_ = None if options.data is None else format_of(options.data, options.format)
    check_port(options.port)
    data_dir = (options.data_dir or FOLDER).resolve()
    try:
        with DataDirLock(data_dir) as lock:
            if options.data_dir is None:
                empty(data_dir)
            _run(options, format_, data_dir, lock.descriptor)
    except (ChildError, GaveUpError, LockedError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"cannot run in {data_dir}: {error}") from error


def check_port(port: int) -> None:
    """Say that the port is taken before anything else is done."""
    from cli.embedded.ports import why_not

    if reason := why_not(port, HOST):
        raise CommandError(
            f"the API cannot listen on {HOST}:{port}: {reason}; choose another with --port "
            "(0 takes a free one)"
        )


OUTCOME_GAPS: Final = 4
ANSWER_GAPS: Final = 2
DAY_SECONDS: Final = 86_400


def empty(data_dir: Path) -> None:
    """Remove what an earlier demo left, so that each starts with an empty engine."""
    for entry in data_dir.iterdir():
        if entry.is_dir() and not entry.is_symlink() and entry.name != KEPT:
            shutil.rmtree(entry)


def settings_of(options: Options, gap_seconds: int) -> dict[str, Any]:
    """Return the settings that the demo runs with, over the defaults.

    What becomes of visits is known after four of the pauses that end one, where these are short,
    and what became of a campaign's approach after two. Challengers see more than they would of a
    real shop's stream, to have something to show within minutes.
    """
    return {
        "flow.workers": options.workers,
        "flow.session_gap_seconds": gap_seconds,
        "flow.outcome_days": min(30.0, OUTCOME_GAPS * gap_seconds / DAY_SECONDS),
        "flow.outcome_every": 1,
        "flow.challenger_every": 5,
        "flow.score_history": 24,
        "flow.response_hours": min(72.0, ANSWER_GAPS * gap_seconds / 3_600),
        # All answers are judged, and a few people see something else: there is something to see.
        "flow.score_share": 1.0,
        "api.arms": {"trending": 0.1},
        "api.explore": 0.05,
        "api.host": HOST,
        "api.offers_file": OFFERS,
        "api.pages": True,
        "api.port": options.port,
        "campaigns.folder": FOLDER_OF_CAMPAIGNS,
        "campaigns.clock_seconds": 1.0,
        # A receiver of webhooks can be tried out on this machine.
        "webhooks.allow": ["127.0.0.0/8"],
    }


def _run(options: Options, format_: str | None, data_dir: Path, lock: int) -> None:
    from cli.demo import running
    from cli.demo.display import display_on
    from cli.demo.stream import prepare_stream
    from cli.demo.wording import summary
    from cli.up import warn_of_no_keys

    stream = prepare_stream(options, format_, data_dir)
    loaded = Settings.trace(None, {}, settings_of(options, stream.gap_seconds))
    warn_of_no_keys(loaded.settings.api)
    display = display_on(sys.stdout)
    with display:
        watch = running.run(
            loaded, data_dir, lock, stream.plan, display, stream.people, options.duration
        )
    display.say(summary(watch.figures))
