"""The table of `headrace evaluate`, as it is printed."""

from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from contracts.wording import counted
from evaluation.tasks import Scoreboard

OURS = "blend"
PLAIN_WIDTH = 160
"""Columns where the output is no terminal."""


def print_board(board: Scoreboard, stream: TextIO) -> None:
    """Print the table, what it is about, and what was left out of it."""
    console = Console(file=stream, highlight=False)
    if not console.is_terminal:
        console = Console(file=stream, highlight=False, width=PLAIN_WIDTH)
    told = {name: v for name, v in board.about.items() if not isinstance(v, (dict, list))}
    about = ", ".join(f"{name.replace('_', ' ')} {_cell(v)}" for name, v in told.items())
    table = Table(
        title=f"{board.task}, protocol {board.protocol}: {counted(board.events, 'event')}"
    )
    table.caption = about
    table.add_column("model")
    for column in board.columns:
        table.add_column(column, justify="right")
    for name, figures in board.models.items():
        cells = (_cell(figures.get(column), column) for column in board.columns)
        mark = " *" if "note" in figures else ""
        table.add_row(name + mark, *cells, style="bold" if name == OURS else None)
    console.print(table)
    for name, figures in board.models.items():
        if "note" in figures:
            console.print(f"* {name}: {figures['note']}", markup=False)
    for note in board.notes:
        console.print(note, markup=False)
    for name, reason in board.skipped.items():
        console.print(f"skipped {name}: {reason}", markup=False)


def _cell(value: Any, column: str = "") -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        is_share = abs(value) <= 1 and not column.endswith("_us")
        return f"{value:.4f}" if is_share else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
