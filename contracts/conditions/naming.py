"""Which segments a condition names: their ids come and go, so nothing else can check them."""

from collections.abc import Iterator

from contracts.conditions.compiler import compile_condition
from contracts.conditions.tree import Node


def segments_named(text: str) -> list[str]:
    """Return what a condition takes for ids of segments.

    >>> segments_named("entered('s1') || segment in ['s2', 's1'] || event.type == 'view'")
    ['s1', 's2']
    """
    return sorted(
        {name for node in compile_condition(text).tree.walk() for name in _of(node)} - {""}
    )


def _of(node: Node) -> Iterator[str]:
    asks = node.name in ("_==_", "_!=_", "@in") and any(
        part.kind == "name" and part.name == "segment" for part in node.parts
    )
    if asks or node.name in ("entered", "left"):
        for part in node.parts:
            yield from (str(one.value) for one in part.walk() if one.kind == "constant")
