"""`headrace evaluate`: models and baselines over a recording, in one table."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import WrongUseError
from cli.output_file import check_output, write_output
from evaluation.errors import EvaluationError
from evaluation.picture import picture
from evaluation.questions import PROTOCOLS
from evaluation.table import FORMAT as CSV
from evaluation.tasks import NEXT_ITEM, TABLES, TASKS, Request, Scoreboard, task
from flows.importers import FORMATS


def evaluate(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="The data file, or the folder of its files.")
    ],
    format_: Annotated[
        str | None, typer.Option("--format", "-f", help="Of the data; else what it looks like.")
    ] = None,
    task_: Annotated[
        str, typer.Option("--task", help=f"What is asked: {', '.join(TASKS)}.")
    ] = NEXT_ITEM,
    protocol: Annotated[
        str, typer.Option(help=f"Who is asked about what: {' or '.join(PROTOCOLS)}.")
    ] = "user",
    test_from: Annotated[
        float, typer.Option(metavar="SHARE", help="Count only what comes after this share.")
    ] = 0.0,
    until: Annotated[
        float, typer.Option(metavar="SHARE", help="Stop after this share of the stream.")
    ] = 1.0,
    by: Annotated[
        str, typer.Option(help="What counts as the item: item, or a property: category.")
    ] = "item",
    repeats: Annotated[
        bool, typer.Option("--repeats", help="Protocol user: ask for touched items as well.")
    ] = False,
    known_only: Annotated[
        bool, typer.Option("--known-only", help="Do not ask for items never seen before.")
    ] = False,
    session_gap: Annotated[
        float, typer.Option(metavar="MINUTES", min=0, help="A visit ends after such a pause.")
    ] = 30.0,
    site: Annotated[str | None, typer.Option(help="Whose events; else the first one's.")] = None,
    models: Annotated[
        str | None, typer.Option(help="Only these, with commas between; else all.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here; - is stdout.")
    ] = None,
    svg_file: Annotated[
        Path | None,
        typer.Option("--svg", help="Draw the curves here; else beside the JSON file."),
    ] = None,
) -> None:
    """Let models guess a recording event by event, and learn from each; print how they did.

    All items compete, none is sampled, and settings stay as they are for every source. Shares are
    of the stream in the order of time, by events. docs/evaluation.md says what each figure means.

    \b
    Examples:
      headrace evaluate events.jsonl
      headrace evaluate ml-100k --format movielens --json table.json
      headrace evaluate clicks.dat --format yoochoose --protocol session --test-from 0.9
      headrace evaluate UserBehavior.csv --by category --repeats
    """
    from cli.evaluate_progress import progress_on

    request = Request(
        source=source,
        format=CSV if task_ in TABLES else _format(source, format_),
        protocol=protocol,
        repeats=repeats,
        by=by,
        test_from=test_from,
        until=until,
        known_only=known_only,
        session_gap_minutes=session_gap,
        site=site,
        models=models,
    )
    svg_file = svg_file or _beside(json_file)
    for file in (json_file, svg_file):
        check_output(file)
    try:
        with progress_on(sys.stderr) as tell:
            board = task(task_)(replace(request, progress=tell))
    except EvaluationError as error:
        raise WrongUseError(str(error)) from error
    _show(board, json_file, svg_file)


def _format(source: Path, given: str | None) -> str:
    """Return the format, as given or as guessed."""
    from flows import importers

    if not source.exists():
        raise WrongUseError(f"{source}: there is no such file or folder")
    format_ = given or importers.detect(source)
    if format_ is None:
        raise WrongUseError(f"{source}: format not recognised; say --format: {', '.join(FORMATS)}")
    return format_


def _beside(json_file: Path | None) -> Path | None:
    """Return where the picture goes if nothing else is said."""
    if json_file is None or str(json_file) == "-" or json_file.suffix == ".svg":
        return None
    return json_file.with_suffix(".svg")


def _show(board: Scoreboard, json_file: Path | None, svg_file: Path | None) -> None:
    from cli.scoreboard import print_board

    text = json.dumps(board.as_dict(), indent=2) + "\n"
    curves = board.curves()
    if svg_file is not None and curves:
        write_output(svg_file, picture(f"{board.task}, {board.protocol}", board.curve, curves))
    if json_file is not None and str(json_file) == "-":
        sys.stdout.write(text)
        return
    print_board(board, sys.stdout)
    if json_file is not None:
        write_output(json_file, text)
