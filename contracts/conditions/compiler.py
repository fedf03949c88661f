"""Conditions compiled: CEL (https://cel.dev), with our facts and functions, checked and bounded.

>>> condition = compile_condition("profile.orders >= 2 && segment == 's1'")
>>> sorted(condition.facts)
['profile.orders', 'segment']
>>> compile_condition("profile.order >= 2")
Traceback (most recent call last):
    ...
contracts.conditions.errors.ConditionError: line 1, column 1: there is no fact and no function \
`profile.order`; did you mean `profile.orders`?
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, Protocol

from cel_expr_python import cel

from contracts.conditions import vocabulary as words
from contracts.conditions.checks import check_text, mistakes_of
from contracts.conditions.errors import ConditionError, at
from contracts.conditions.syntax import of_library
from contracts.conditions.tree import Node, read_tree

COMPILED: Final = 1_024
PROGRAMS: Final = 20_000
"""Programs kept in memory: about 5 KB each, and 50 us to make again."""


class Frame(Protocol):
    """The moment that a condition is looked at in."""

    def fact(self, name: str) -> object:
        """Return what a fact is worth."""
        ...

    def call(self, name: str, arguments: tuple[Any, ...]) -> object:
        """Return what one of our functions answers."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that can be looked at. `facts` are those that it reads."""

    text: str
    tree: Node
    facts: tuple[str, ...]

    def holds(self, frame: Frame) -> bool:
        """Say whether it is true. Cost: 3 us, and 1 us for each function of ours.

        What cannot be said, such as a trait that the person does not have, is not true.
        """
        token = _frame.set(frame)
        try:
            data = {name: frame.fact(name) for name in self.facts}
            return _program(self.text).eval(data=data).value() is True
        finally:
            _frame.reset(token)


@lru_cache(COMPILED)
def compile_condition(text: str, *, levels_only: bool = False) -> Condition:
    """Return a condition; raise `ConditionError` that says what is wrong, and where.

    `levels_only`: it may only be about what holds, as an audience is. Cost: 0.2 ms; those
    of a moment ago are kept.
    """
    check_text(text)
    try:
        program = _program(text)
        kind = program.return_type().name()
        tree = read_tree(program.serialize())
    except RuntimeError as error:
        raise of_library(text, str(error)) from None
    if kind != "BOOL":
        said = f"a condition is true or false, and this is {_KINDS.get(kind, kind.lower())}"
        raise ConditionError([at(text, 0, said)])
    if mistakes := list(mistakes_of(text, tree, levels_only=levels_only)):
        raise ConditionError(mistakes)
    facts = sorted({n.name for n in tree.walk() if n.kind == "name" and n.name in words.FACTS})
    if not facts and not any(node.name in words.FUNCTIONS for node in tree.walk()):
        raise ConditionError([at(text, 0, "it reads no fact, so it never becomes true")])
    condition = Condition(text, tree, tuple(facts))
    _try(condition)
    return condition


_frame: ContextVar[Frame] = ContextVar("frame")

_TYPES: Final = {words.NUMBER: "DYN", words.TEXT: "STRING"}
_ANSWERS: Final = {words.NUMBER: "INT", "bool": "BOOL"}
_KINDS: Final = {"DYN": "a number", "INT": "a number", "DOUBLE": "a number", "STRING": "a text"}


@lru_cache(PROGRAMS)
def _program(text: str) -> Any:
    """Return the library's program; those of rare conditions are made again when they are asked."""
    return _environment().compile(text)


@cache
def _environment() -> Any:
    types = cel.Type
    variables = {
        name: types.Map(types.STRING, types.DYN)
        if word.type == words.MAP
        else getattr(types, _TYPES[word.type])
        for name, word in words.FACTS.items()
    }
    functions = [cel.FunctionDecl(name, _overloads(name)) for name in words.FUNCTIONS]
    return cel.NewEnv(variables=variables, functions=functions)


def _overloads(name: str) -> list[Any]:
    """Return how a function may be called: an amount is a whole number, or one with decimals."""
    types, function = cel.Type, words.FUNCTIONS[name]
    amounts = ("INT", "DOUBLE") if "amount" in function.arguments else ("INT",)
    return [
        cel.Overload(
            f"{name}_{amount.lower()}",
            return_type=getattr(types, _ANSWERS[function.answers]),
            parameters=[
                types.List(types.STRING)
                if kind == "events"
                else getattr(types, amount if kind == "amount" else "STRING")
                for kind in function.arguments
            ],
            impl=_caller(name),
        )
        for amount in amounts
    ]


def _caller(name: str) -> Callable[..., object]:
    def call(*arguments: Any) -> object:
        return _frame.get().call(name, arguments)

    return call


class _Nobody:
    """A frame in which nothing happens to nobody."""

    def fact(self, name: str) -> object:
        return words.EMPTY[name]

    def call(self, name: str, arguments: tuple[Any, ...]) -> object:
        return 0 if words.FUNCTIONS[name].answers == words.NUMBER else False


def _try(condition: Condition) -> None:
    """Find what only shows when it is looked at: whole numbers reckoned with decimals."""
    token = _frame.set(_Nobody())
    try:
        data = {name: words.EMPTY[name] for name in condition.facts}
        message = str(_program(condition.text).eval(data=data).value())
    except RuntimeError as error:
        message = str(error)
    finally:
        _frame.reset(token)
    if "No matching overload" not in message:
        return
    reckoning = [
        node for node in condition.tree.walk() if node.name in ("_+_", "_-_", "_*_", "_/_")
    ]
    place = reckoning[0].at if reckoning else 0
    said = "numbers have decimals here: reckon with 2.0 instead of 2, and with numbers only"
    raise ConditionError([at(condition.text, place, said)])


__all__ = ["Condition", "ConditionError", "Frame", "compile_condition"]
