"""`headrace replay`: a recording through the whole graph, into a namespace of its own."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, DataDir, Kafka, Redis, Workers
from cli.output_file import STDOUT, check_output, write_output
from cli.replay_progress import progress_on
from contracts.keys import LIVE
from contracts.settings import Settings
from flows.replaying.spec import ReplaySpec
from flows.summary import Summary


def replay(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, a folder, or kafka:TOPIC[,TOPIC].")
    ],
    format_: Annotated[
        str | None, typer.Option("--format", "-f", help="Of the data; else what it looks like.")
    ] = None,
    workers: Workers = None,
    namespace: Annotated[
        str, typer.Option(help="Where its views go; what is there is replaced.")
    ] = "replay",
    start: Annotated[
        str | None, typer.Option("--from", help="First offset or time of a topic.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Offset or time of a topic to stop before.")
    ] = None,
    speed: Annotated[
        str, typer.Option(help="1x is as fast as it happened, 60x faster, max at once.")
    ] = "max",
    as_running: Annotated[
        bool,
        typer.Option("--as-running", help="With the dataflow's settings of the running engine."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a replay that was stopped.")
    ] = False,
    data_dir: DataDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the summary here; - is stdout.")
    ] = None,
) -> None:
    """Run a recording through the graph and sum it up.

    Nothing is delivered to anybody: views go into the namespace, facts and refused records are
    counted. The same input and settings end in the same state hash, with any number of workers.
    Beside a running engine (`--data-dir`) its log and its store are taken; --as-running also
    takes how its dataflow is set, so that a draft of a campaign meets the same visits and scores.

    \b
    Examples:
      headrace replay events.jsonl
      headrace replay UserBehavior.csv --format taobao --workers 4 --json summary.json
      headrace replay kafka:events.click,events.feedback --from 2026-11-01T00:00 --namespace test
      headrace replay recording/ --speed 60x
      headrace replay kafka:events.click --as-running --data-dir var/demo --namespace draft
    """
    given: dict[str, Any] = {
        "flow.workers": workers,
        "data_dir": data_dir,
        "kafka.bootstrap_servers": kafka,
        "redis.url": redis,
    }
    check_namespace(namespace)
    check_output(json_file)
    settings = Settings.load(config, os.environ, given)
    if as_running:
        settings = _as_running(settings, workers)
    summary, _ = run(settings, source, format_, namespace, (start, end), speed_of(speed), resume)
    _show(summary, namespace, json_file)
    if not summary.events:
        print(f"warning: {source} held no events", file=sys.stderr)


def run(
    settings: Settings,
    source: str,
    format_: str | None,
    namespace: str,
    bounds: tuple[str | None, str | None],
    speed: float,
    resume: bool = False,
) -> tuple[Summary, ReplaySpec]:
    """Replay a source; return what it came to, and what was read. Raises `CommandError`."""
    # Here, so that `headrace replay --help` needs no Kafka or Redis client.
    from cli.children import ChildError
    from cli.lock import LockedError
    from cli.replaying import Replay
    from cli.store_access import running_settings, store_of
    from flows.kafka_client import KafkaAway, KafkaRefused
    from flows.replaying.input import ReplayInputError, spec_of
    from storage.errors import StoreError

    try:
        settings = running_settings(settings)
        spec = spec_of(settings, source, format_, bounds, speed)
        with store_of(settings) as store, progress_on(sys.stderr) as progress:
            return Replay(spec, settings, store, namespace, resume).run(progress.read), spec
    except ReplayInputError as error:
        raise WrongUseError(str(error)) from error
    except (ChildError, LockedError, StoreError, KafkaAway, KafkaRefused, OSError) as error:
        raise CommandError(str(error)) from error


def _as_running(settings: Settings, workers: int | None) -> Settings:
    from cli.lock import LockedError
    from cli.store_access import as_running

    try:
        return as_running(settings, workers)
    except LockedError as error:
        raise WrongUseError(f"--as-running: {error}") from None


def check_namespace(namespace: str) -> None:
    """Refuse a name that is taken by the live views, or that is no folder's."""
    if namespace == LIVE:
        raise WrongUseError(
            f"--namespace {LIVE} is what is served live: a replay would replace it. Choose "
            f"another; `headrace promote` makes it the one that is served"
        )
    if (
        not namespace
        or not all(c.isalnum() or c in "-_." for c in namespace)
        or namespace[0] == "."
    ):
        raise WrongUseError(
            f"--namespace {namespace!r}: expected letters, digits, dashes and underscores"
        )


def speed_of(text: str) -> float:
    """Return how many times faster than it happened: 0 for `max`.

    >>> speed_of("60x"), speed_of("max")
    (60.0, 0.0)
    """
    if text == "max":
        return 0.0
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0.0 < speed < 1e9:
        raise WrongUseError(f"--speed {text}: expected 1x, 60x, max or the like")
    return speed


def _show(summary: Summary, namespace: str, json_file: Path | None) -> None:
    text = json.dumps(summary.as_dict(), indent=2)
    if json_file == STDOUT:
        print(text)
        return
    print(f"namespace          {namespace}")
    for name, value in summary.as_dict().items():
        shown = f"{value:,}" if isinstance(value, int) else _counts(value)
        print(f"{name.replace('_', ' '):18} {shown}")
    if json_file is not None:
        write_output(json_file, text + "\n")


def _counts(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {reason}" for reason, count in value.items()) or "0"
    return f"{value:,}" if isinstance(value, float) else str(value)
