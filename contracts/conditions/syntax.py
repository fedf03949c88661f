"""What the library finds wrong with a condition, in words that help.

Its parser is made by ANTLR, whose messages name what was met and which tokens could have been:
`antlr4/runtime`, `DefaultErrorStrategy` and `LexerNoViableAltException`.
"""

import re
from collections.abc import Iterator
from typing import Final

from contracts.conditions import vocabulary as words
from contracts.conditions.errors import ConditionError, Mistake, placed
from contracts.wording import closest, counted

_cel: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_undeclared: Final = re.compile(r"undeclared reference to '([^']*)'")
_mismatch: Final = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_met: Final = re.compile(r"(?:mismatched|extraneous|no viable alternative at) input '(.*?)'$")
_sign: Final = re.compile(r"token recognition error at: '(.*)'$", re.DOTALL)
_missing: Final = re.compile(r"missing (.*) at '(.*)'$")
_reserved: Final = re.compile(r"reserved identifier: (\w+)")

MOST_ALIKE: Final = 3
VOCABULARY: Final = "GET /v1/campaigns/vocabulary"
_END: Final = "<EOF>"
_VALUE: Final = "a fact, a function, a number or a text in quotes"
_WRITTEN: Final = {
    **dict.fromkeys(("and", "&"), "&&"),
    **dict.fromkeys(("or", "|"), "||"),
    **dict.fromkeys(("is", "="), "=="),
    "not": "!",
    "=>": ">=",
    "<>": "!=",
    "=<": "<=",
}
"""How that is written which other languages write so."""

_KINDS: Final = {
    "string": "a text",
    "bool": "true or false",
    **dict.fromkeys(("list(string)", "list(dyn)"), "a list"),
    **dict.fromkeys(("int", "uint", "double", "dyn"), "a number"),
}


def of_library(text: str, message: str) -> ConditionError:
    """Return the error that the library's message tells of.

    >>> said = "ERROR: <input>:1:3: Syntax error: token recognition error at: '='"
    >>> print(of_library("a =", said))
    line 1, column 3: `=` is no sign of conditions; write `==`
    """
    found = [
        (int(one[1]), int(one[2]), one[3].removesuffix(" [INVALID_ARGUMENT]"))
        for one in _cel.finditer(message)
    ]
    if not found:
        said = f"not an expression that can be used: {message.splitlines()[0][:200]}"
        return ConditionError([placed(text, 1, 1, said)])
    # What cannot be read leaves gaps, about which the parser complains as well.
    unread = [one for one in found if _sign.search(one[2]) or _reserved.search(one[2])]
    return ConditionError(_mistakes(text, unread or found))


def _mistakes(text: str, found: list[tuple[int, int, str]]) -> Iterator[Mistake]:
    for line, column, detail in found:
        if unknown := _undeclared.search(detail):
            # The library points at the last dot of a name, or at the bracket of a call.
            begin = _start(text, line, column, unknown[1])
            yield placed(text, line, begin, _unknown(unknown[1]))
        elif wrong := _mismatch.search(detail):
            begin = _start(text, line, column, wrong[1]) if wrong[1].isidentifier() else column
            yield placed(text, line, begin, _overload(wrong[1], wrong[2].strip("()")))
        else:
            yield placed(text, line, column, _syntax(detail.removeprefix("Syntax error: ")))


def _unknown(name: str) -> str:
    if name in words.FUNCTIONS:  # the library says so of too few arguments, and too many
        count = counted(len(words.FUNCTIONS[name].arguments), "value")
        return f"`{name}` takes {count}: {usage(name)}"
    if name in words.CEL_FUNCTIONS:
        return f"`{name}` is given too few or too many values"
    known = sorted({*words.FACTS, *words.FUNCTIONS})
    group, _, rest = name.partition(".")
    facts = [one.partition(".")[2] for one in known if one.startswith(f"{group}.")]
    if facts and not closest(rest, facts):  # what all have in common makes nothing alike
        hint = f"; `{group}` has: {', '.join(facts)}"
    else:
        alike = [f"`{one}`" for one in known if (rest or name).lower() in one][:MOST_ALIKE]
        meant = f"; did you mean {' or '.join(alike)}?" if alike else ""
        hint = closest(name, known) or meant or f"; {VOCABULARY} lists all"
    return f"there is no fact and no function `{name}`{hint}"


def usage(name: str) -> str:
    """Return how a function of ours is called.

    >>> usage("rose")
    "write `rose('score.churn', 0.2, '1h')`"
    """
    values = [_EXAMPLES[kind] for kind in words.FUNCTIONS[name].arguments]
    return f"write `{name}({', '.join(values)})`"


_EXAMPLES: Final = {
    "event": "'view'",
    "events": "['view', 'purchase']",
    "duration": "'1h'",
    "fact": "'score.churn'",
    "amount": "0.2",
    "occasion": "'first_order'",
    "text": "'s1'",
}


def _overload(name: str, given: str) -> str:
    kinds = [_KINDS.get(kind, kind) for kind in re.split(r", (?![^(]*\))", given)]
    if name in words.FUNCTIONS:
        return f"`{name}` does not take ({', '.join(kinds)}): {usage(name)}"
    sign = name.strip("_")
    if len(kinds) == 2 and name.startswith("_"):
        return f"`{sign}` cannot stand between {kinds[0]} and {kinds[1]}"
    return f"`{sign}` does not take {', '.join(kinds)}"


def _syntax(detail: str) -> str:
    if sign := _sign.search(detail):
        return _unread(sign[1])
    if reserved := _reserved.search(detail):
        return f"`{reserved[1]}` cannot be used: it is neither a fact nor a function"
    said, _, expecting = detail.partition(" expecting ")
    if missing := _missing.search(said):
        return f"expected {_token(missing[1])}, but found {_place(missing[2])}"
    if met := _met.search(said):
        return f"expected {_expected(expecting)}, but found {_place(met[1])}{_instead(met[1])}"
    return said[:200].replace(f"'{_END}'", "the end")


def _unread(sign: str) -> str:
    if sign[:1] in "'\"":
        return f"the text that begins here is not closed: a {sign[0]} is missing"
    sign = sign.strip()
    return f"`{sign}` is no sign of conditions{_instead(sign)}"


def _instead(sign: str) -> str:
    written = _WRITTEN.get(sign.lower())
    return f"; write `{written}`" if written else ""


def _expected(tokens: str) -> str:
    """Return what could have been, of the parser's set of tokens."""
    if not tokens or "IDENTIFIER" in tokens:
        return _VALUE
    if tokens == _END:
        return "the end, or a sign such as `&&`, `||`, `==` or `>`"
    return " or ".join(_token(one) for one in re.findall(r"'[^']*'|[A-Z_]+", tokens))


def _token(token: str) -> str:
    return f"`{token[1:-1]}`" if token[:1] == "'" else token.lower()


def _place(token: str) -> str:
    return "the end" if token == _END else f"`{token}`"


def _start(text: str, line: int, column: int, name: str) -> int:
    row = text.splitlines()[line - 1] if text else ""
    begin = row.rfind(name, 0, column - 1 + len(name))
    return begin + 1 if begin >= 0 else column
