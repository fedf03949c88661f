"""What a condition has to keep to, beyond what the library checks: names, types, sizes, costs."""

from collections.abc import Iterator
from typing import Final

from contracts.conditions import vocabulary as words
from contracts.conditions.durations import parse_duration
from contracts.conditions.errors import ConditionError, Mistake, at
from contracts.conditions.tree import Node
from contracts.wording import closest_of

MAX_CHARACTERS: Final = 2_000
MAX_COST: Final = 200
"""About 5 us a unit of own functions, 0.5 us of others: no condition takes longer than 0.2 ms."""
CALL_COST: Final = 8
MATCH_COST: Final = 20
MAX_PATTERN: Final = 100
PAST_KEPT: Final = 60
"""How many events of a person conditions can look back on."""

COMPARE: Final = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})


def check_text(text: str) -> None:
    """Raise `ConditionError` if there is no condition, or too much of one."""
    if not text.strip():
        raise ConditionError([at(text, 0, "the condition is empty")])
    broken = next((at_ for at_, one in enumerate(text) if "\ud800" <= one <= "\udfff"), None)
    if broken is not None:
        raise ConditionError([at("", broken, "half a surrogate pair: no character")])
    if len(text) > MAX_CHARACTERS:
        said = f"too long: {len(text):,} characters, at most {MAX_CHARACTERS:,}"
        raise ConditionError([at(text, MAX_CHARACTERS, said)])


def mistakes_of(text: str, tree: Node, *, levels_only: bool) -> Iterator[Mistake]:
    """Yield all in the tree that cannot be taken."""
    cost = 0
    for node in tree.walk():
        if node.kind == "loop":
            yield at(text, node.at, "`exists`, `all`, `map` and `filter` cannot be used: no loops")
            return
        if node.kind == "call":
            yield from _call(text, node, levels_only)
            cost += _cost(node)
        elif node.kind == "name":
            yield from _name(text, node, levels_only)
        cost += 1
        if cost > MAX_COST:
            yield at(
                text, node.at, f"too costly: more than {MAX_COST} steps up to here; use several"
            )
            return


def _cost(call: Node) -> int:
    if call.name in words.FUNCTIONS:
        return CALL_COST
    return MATCH_COST if call.name == "matches" else 0


def _name(text: str, node: Node, levels_only: bool) -> Iterator[Mistake]:
    if levels_only and node.name in words.FACTS and node.name not in words.LEVELS:
        yield _of_one_moment(text, node)


def _of_one_moment(text: str, node: Node) -> Mistake:
    said = f"an audience is about what holds, and `{node.name}` is of one moment only"
    return at(text, start_of(node), said)


def _call(text: str, node: Node, levels_only: bool) -> Iterator[Mistake]:
    own = words.FUNCTIONS.get(node.name)
    if own is not None:
        if levels_only and own.pulse:
            yield _of_one_moment(text, node)
        for kind, argument in zip(own.arguments, node.parts, strict=True):
            yield from _argument(text, node, kind, argument)
    elif node.name not in words.CEL_FUNCTIONS:
        yield at(text, node.at, f"`{node.name}` cannot be used here")
    elif node.name in COMPARE:
        yield from _comparison(text, node)
    elif node.name == "matches":
        pattern = node.parts[-1]
        if pattern.kind != "constant" or len(str(pattern.value)) > MAX_PATTERN:
            yield at(text, node.at, f"a pattern is a text of at most {MAX_PATTERN} characters")


def _argument(text: str, call: Node, kind: str, node: Node) -> Iterator[Mistake]:
    value = [part.value for part in node.parts] if node.kind == "list" else node.value
    if node.kind not in ("constant", "list") or any(p.kind != "constant" for p in node.parts):
        yield at(text, node.at, f"`{call.name}` takes plain values here, not what is computed")
    elif fault := _fault(kind, value):
        yield at(text, node.at, fault)


_LASTING: Final = sorted(words.LEVELS - {"traits"})


def _fault(kind: str, value: object) -> str | None:  # one line a kind of argument
    """Return what is wrong with an argument of a function, if anything."""
    if kind == "duration":
        try:
            parse_duration(str(value))
        except ValueError as error:
            return str(error)
    if kind == "event" and value not in words.NAMES:
        return _no_event(str(value), sorted(words.NAMES))
    if kind == "events":
        if not isinstance(value, list) or not 2 <= len(value) <= 8:
            return "a sequence is of two to eight types of events"
        return next((fault for one in value if (fault := _fault("event", one))), None)
    if kind == "fact" and value not in _LASTING:
        return f"{str(value)[:64]!r} is no fact{closest_of(str(value), _LASTING)}"
    if kind == "amount" and (
        isinstance(value, bool) or not isinstance(value, int | float) or not value > 0
    ):
        return f"{str(value)[:32]!r} is no amount: write a number above 0"
    return None


def _no_event(name: str, known: list[str]) -> str:
    return f"{name[:32]!r} is no type of event{closest_of(name, known)}"


def _comparison(text: str, node: Node) -> Iterator[Mistake]:
    """Refuse to compare numbers with texts, types of events that do not exist, counts too high."""
    for fact, other in (node.parts, node.parts[::-1]):
        if other.kind != "constant":
            continue
        word = words.FACTS.get(fact.name) if fact.kind == "name" else None
        if word is not None and word.type == words.NUMBER and isinstance(other.value, str | bool):
            yield at(text, other.at, f"`{fact.name}` is a number, not {other.value!r}")
        if fact.name == "event.type" and other.value not in words.TYPES:
            yield at(text, other.at, _no_event(str(other.value), sorted(words.TYPES)))
        if (
            fact.name in ("count", "count_item")
            and isinstance(other.value, int)
            and other.value > PAST_KEPT - 10
        ):
            yield at(text, other.at, f"counts go up to {PAST_KEPT - 10}: fewer, or a shorter time")


def start_of(node: Node) -> int:
    """Return where a name or a call begins: the library marks its last dot, or its bracket."""
    if node.kind == "call":
        return max(0, node.at - len(node.name))
    return max(0, node.at - len(node.name.rpartition(".")[0]))
