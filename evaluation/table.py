"""A CSV of examples: one row each, in the order in which they came, with an outcome in a column."""

import csv
from pathlib import Path
from typing import Final, NamedTuple

from evaluation.errors import EvaluationError

FORMAT: Final = "csv"
YES: Final = frozenset({"true", "yes", "1", "1.0", "y"})
NO: Final = frozenset({"false", "no", "0", "0.0", "n", ""})
OUTCOMES: Final = (
    *("revenue", "purchase", "purchased", "converted", "conversion", "buy", "bought"),
    *("label", "target", "y", "outcome", "class"),
)
"""Names, in any case, of the column that is guessed, where the request does not name one."""

Row = dict[str, float | str]


class Table(NamedTuple):
    """Examples and what became of them; `outcome` is the name of the column that says so."""

    rows: list[Row]
    outcomes: list[bool]
    outcome: str


def read_table(file: Path, outcome: str | None = None, without: tuple[str, ...] = ()) -> Table:
    """Return the rows of a CSV with a header; numbers as numbers, true and false as 1 and 0.

    `file` may be a folder in which one CSV lies.
    `outcome` names the column to guess; else it is the first of `OUTCOMES` there is, or the last
    column. Columns named in `without` are left out. Raises `EvaluationError`.
    """
    file = the_csv(file)
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            found = list(csv.DictReader(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"{file}: not readable as CSV: {error}") from error
    if not found:
        raise EvaluationError(f"{file}: there are no rows below the header")
    name = _outcome(list(found[0]), outcome, file)
    dropped = {name, *without}
    outcomes = [_truth(row[name], name, at, file) for at, row in enumerate(found, 2)]
    rows = [
        {key: _value(text or "") for key, text in row.items() if key and key not in dropped}
        for row in found
    ]
    return Table(rows, outcomes, name)


def the_csv(source: Path) -> Path:
    """Return the file, or the only CSV in the folder. Raises `EvaluationError`."""
    if source.is_file():
        return source
    found = sorted(source.glob("*.csv"))
    if len(found) == 1:
        return found[0]
    which = ", ".join(file.name for file in found) or "there is none"
    raise EvaluationError(f"{source}: expected one CSV file with a header line ({which})")


def _outcome(names: list[str], given: str | None, file: Path) -> str:
    if given is not None:
        if given not in names:
            raise EvaluationError(f"{file}: no column {given!r}, only {', '.join(names)}")
        return given
    lower = {name.lower(): name for name in names}
    return next((lower[name] for name in OUTCOMES if name in lower), names[-1])


def _truth(text: str | None, name: str, line: int, file: Path) -> bool:
    word = (text or "").strip().lower()
    if word in YES or word in NO:
        return word in YES
    raise EvaluationError(
        f"{file}, line {line}: `{name}` is {text!r}; expected true or false. "
        "Name the column to guess with --by"
    )


def _value(text: str) -> float | str:
    word = text.strip()
    if word.lower() in ("true", "false"):
        return float(word.lower() == "true")
    try:
        return float(word)
    except ValueError:
        return word
