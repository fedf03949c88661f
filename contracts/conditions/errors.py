"""What is wrong with a condition, and where."""

import re
from difflib import get_close_matches
from typing import Final

_cel: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_undeclared: Final = re.compile(r"undeclared reference to '([^']*)'")
_mismatch: Final = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")


class ConditionError(ValueError):
    """A condition that cannot be taken. `line` and `column` count from 1."""

    def __init__(self, detail: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {detail}")
        self.detail = detail
        self.line = line
        self.column = column


def at(text: str, offset: int, detail: str) -> ConditionError:
    """Return the error of something that lies `offset` characters into a condition.

    >>> str(at("a &&\\nb", 5, "no"))
    'line 2, column 1: no'
    """
    before = text[:offset]
    return ConditionError(detail, before.count("\n") + 1, offset - before.rfind("\n"))


def of_library(text: str, message: str, known: list[str]) -> ConditionError:
    """Return the error that the library's message tells of, in words that help."""
    found = _cel.search(message)
    if found is None:
        return ConditionError(
            f"not an expression that can be used: {message.splitlines()[0][:200]}"
        )
    line, column, detail = (
        int(found[1]),
        int(found[2]),
        found[3].removesuffix(" [INVALID_ARGUMENT]"),
    )
    if unknown := _undeclared.search(detail):
        name = unknown[1]
        # The library points at the last dot of a name, or at the bracket of a call.
        return ConditionError(_unknown(name, known), line, _start(text, line, column, name))
    if wrong := _mismatch.search(detail):
        given = wrong[2].strip("()").replace("dyn", "number")
        detail = f"`{wrong[1].strip('_')}` does not take {given}"
    elif detail.startswith("Syntax error: "):
        detail = detail.partition(", expecting")[0].partition(" expecting {")[0]
        detail = detail.replace("'<EOF>'", "the end")
    return ConditionError(detail, line, column)


def closest(name: str, known: list[str]) -> str:
    """Return a hint at the name that may have been meant, or nothing.

    >>> closest("profile.order", ["profile.orders", "segment"])
    '; did you mean `profile.orders`?'
    """
    found = get_close_matches(name, known, 1, 0.6)
    return f"; did you mean `{found[0]}`?" if found else ""


def _unknown(name: str, known: list[str]) -> str:
    return f"there is no fact and no function `{name}`{closest(name, known)}"


def _start(text: str, line: int, column: int, name: str) -> int:
    row = text.splitlines()[line - 1] if text else ""
    begin = row.rfind(name, 0, column - 1 + len(name))
    return begin + 1 if begin >= 0 else column
