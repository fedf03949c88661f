"""What is wrong with a condition, and where: all of it that can be told at once."""

from collections.abc import Iterable
from typing import Final, NamedTuple

SHOWN: Final = 60
"""Characters of a line that are shown on either side of a mistake."""


class Mistake(NamedTuple):
    """One thing that is wrong. `line` and `column` count from 1."""

    detail: str
    line: int = 1
    column: int = 1
    snippet: str = ""
    """The line, and below it a sign at the place."""

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.detail}"


class ConditionError(ValueError):
    """A condition that cannot be taken, for one or several `mistakes`."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__("; ".join(map(str, self.mistakes)))


def at(text: str, offset: int, detail: str) -> Mistake:
    """Return what is wrong `offset` characters into a condition.

    >>> mistake = at("a &&\\nb", 5, "no")
    >>> str(mistake)
    'line 2, column 1: no'
    >>> print(mistake.snippet)
    b
    ^
    """
    before = text[:offset]
    return placed(text, before.count("\n") + 1, offset - before.rfind("\n"), detail)


def placed(text: str, line: int, column: int, detail: str) -> Mistake:
    """Return what is wrong at a line and column."""
    rows = text.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    begin = max(0, column - 1 - SHOWN)
    part = row[begin : column + SHOWN].replace("\t", " ")
    return Mistake(detail, line, column, f"{part}\n{' ' * (column - 1 - begin)}^")
