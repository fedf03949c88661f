"""`headrace ope`: what other policies would have earned, by a log of what one policy did."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, DataDir, Kafka
from cli.output_file import STDOUT, check_output, write_output
from contracts.settings import Settings
from contracts.wording import counted
from evaluation.errors import EvaluationError
from evaluation.ope import ESTIMATORS
from evaluation.ope_log import FORMATS, decisions_of, read_decisions
from evaluation.ope_task import LEARNT_FROM, Question, evaluate_log
from evaluation.tasks import Scoreboard
from flows import importers

TOPICS: Final = "kafka:"


def ope(
    log: Annotated[
        str, typer.Argument(metavar="LOG", help="A file, a folder, or kafka:TOPIC[,TOPIC].")
    ],
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", help=f"Of the log: {' or '.join(FORMATS)}; else a guess."),
    ] = None,
    policies: Annotated[
        str | None, typer.Option(help="Only these, with commas between; else all.")
    ] = None,
    fixed: Annotated[
        str | None,
        typer.Option(metavar="ACTION", help="Of the policy fixed; else the best so far."),
    ] = None,
    placement: Annotated[
        str | None, typer.Option(help="Only decisions for this placement (format events).")
    ] = None,
    test_from: Annotated[
        float, typer.Option(metavar="SHARE", help="Count only what comes after this share.")
    ] = LEARNT_FROM,
    level: Annotated[float, typer.Option(help="With which the intervals hold.")] = 0.95,
    data_dir: DataDir = None,
    kafka: Kafka = None,
    config: ConfigFile = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here; - is stdout.")
    ] = None,
) -> None:
    """Estimate from a log with chances what other policies would have earned a decision.

    Policies: logged (who wrote the log), uniform (by chance), fixed (always the same action),
    thompson (learns, alike for everybody), linear-thompson and linucb (learn who likes what).
    Estimators: ips, snips (self-normalised) and dr (doubly robust), each with an interval that
    holds however rare rewards are. docs/evaluation.md says what each figure means.

    \b
    Examples:
      headrace ope open-bandit/random/all
      headrace ope events.jsonl --placement checkout --json ope.json
      headrace ope kafka:events.click,events.feedback --placement checkout
      headrace ope all.csv --format open-bandit --policies logged,fixed --fixed all-12
    """
    from cli.evaluate_progress import progress_on

    check_output(json_file)
    try:
        if log.startswith(TOPICS):
            given = {"data_dir": data_dir, "kafka.bootstrap_servers": kafka}
            settings = Settings.load(config, os.environ, given)
            decisions = decisions_of(_records(settings, log), placement)
        else:
            decisions = read_decisions(_format(Path(log), format_), Path(log), placement)
        with progress_on(sys.stderr) as tell:
            question = Question(test_from, 1.0 - level, fixed, policies)
            board = evaluate_log(decisions, question, tell)
    except EvaluationError as error:
        raise WrongUseError(str(error)) from error
    text = json.dumps(board.as_dict(), indent=2) + "\n"
    if json_file == STDOUT:
        sys.stdout.write(text)
        return
    _print(board, sys.stdout)
    if json_file is not None:
        write_output(json_file, text)


def _records(settings: Settings, source: str) -> Iterator[bytes]:
    """Yield what lies on topics, up to where they end now; raise `CommandError`."""
    from cli.store_access import running_settings
    from contracts.settings import kafka_config
    from flows.kafka_client import KafkaAway, KafkaRefused
    from flows.replaying.input import ReplayInputError, spec_of
    from flows.replaying.topic_range import TopicRange

    try:
        settings = running_settings(settings)
        spec = spec_of(settings, source, None, (None, None), 0.0)
        for record in TopicRange(kafka_config(settings), spec).records():
            yield record.value
    except ReplayInputError as error:
        raise WrongUseError(str(error)) from error
    except (KafkaAway, KafkaRefused, OSError) as error:
        raise CommandError(str(error)) from error


def _format(log: Path, given: str | None) -> str:
    if not log.exists():
        raise WrongUseError(f"{log}: there is no such file or folder")
    found = given or importers.detect(log)
    if found is None:
        raise WrongUseError(f"{log}: format not recognised; say --format: {', '.join(FORMATS)}")
    return found


def _print(board: Scoreboard, stream: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table

    from cli.scoreboard import PLAIN_WIDTH

    console = Console(file=stream, highlight=False)
    if not console.is_terminal:
        console = Console(file=stream, highlight=False, width=PLAIN_WIDTH)
    about = board.about
    decisions = counted(board.events, "decision")
    table = Table(title=f"reward a decision, {about['level']:.0%} intervals: {decisions}")
    table.caption = (
        f"{counted(about['actions'], 'action')}, rewards {about['rewards']:g} in what counts"
    )
    table.add_column("policy")
    for name in (*ESTIMATORS, "effective"):
        table.add_column(name, justify="right")
    for name, figures in board.models.items():
        cells = (_cell(figures, estimator) for estimator in ESTIMATORS)
        table.add_row(name, *cells, f"{figures['effective']:,.0f}")
    console.print(table)
    for note in board.notes:
        console.print(note, markup=False)


def _cell(figures: dict[str, Any], name: str) -> str:
    low, high = figures[f"{name}_low"], figures[f"{name}_high"]
    return f"{figures[name]:.4f}  [{low:.4f}, {high:.4f}]"
