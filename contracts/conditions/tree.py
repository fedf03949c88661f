"""The syntax tree of a checked CEL expression, read from the library's own serialisation of it.

The library evaluates an expression but shows nothing of its inside; it serialises it, though, as
the message `cel.expr.CheckedExpr` (`google/cel-spec`, `proto/cel/expr/checked.proto` and
`syntax.proto`), whose field numbers are fixed. The few of them that are needed are read here.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

Wire = tuple[int, "int | bytes"]
"""The number of a field, and its value: a number, or the bytes of a text or message."""


class Node(NamedTuple):
    """One node. `at` is where it lies, in characters from 0; of a call, at its bracket or sign.

    `kind` is `constant` (its `value`), `name` (its `name`, dots included), `field` (`name` of the
    first of `parts`), `call` (`name`, of `parts`), `list`, `map` or `loop`.
    """

    kind: str
    at: int
    name: str = ""
    value: object = None
    parts: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def read_tree(serialised: bytes) -> Node:
    """Return the tree of a serialised expression (`google.protobuf.Any` of a `CheckedExpr`)."""
    checked = _message(_one(serialised, 2))
    names: dict[int, str] = {}
    places: dict[int, int] = {}
    tree = b""
    for number, value in checked:
        assert isinstance(value, bytes)
        if number == 2:  # reference_map
            id_, reference = _entry(value)
            assert isinstance(reference, bytes)
            name = _text(reference, 1)
            if name:
                names[id_] = name
        elif number == 4:  # expr
            tree = value
        elif number == 5:  # source_info
            for part, entry in _message(value):
                if part == 4:  # positions
                    assert isinstance(entry, bytes)
                    id_, place = _entry(entry)
                    assert isinstance(place, int)
                    places[id_] = place
    return _node(tree, names, places)


CONSTANTS: Final = {2: "bool", 3: "int", 4: "uint", 5: "double", 6: "text", 7: "bytes"}


def _node(raw: bytes, names: dict[int, str], places: dict[int, int]) -> Node:
    id_, kind, body = 0, 0, b""
    for number, value in _message(raw):
        if number == 2:
            assert isinstance(value, int)
            id_ = value
        elif isinstance(value, bytes):
            kind, body = number, value
    at = places.get(id_, 0)
    if kind == 4 or (kind == 5 and id_ in names):  # ident_expr, or a name with dots
        return Node("name", at, names.get(id_) or _text(body, 1))
    if kind == 3:  # const_expr
        return Node("constant", at, value=_constant(body))
    nodes = [_node(part, names, places) for part in _parts(kind, body)]
    label = {5: "field", 6: "call", 7: "list", 8: "map"}.get(kind, "loop")
    name = _text(body, 2) if kind in (5, 6) else ""
    return Node(label, at, name, None, tuple(nodes))


def _parts(kind: int, body: bytes) -> list[bytes]:
    """Return the messages of the nodes directly below."""
    wanted = {5: (1,), 6: (1, 3), 7: (1,)}.get(kind, ())
    found: list[bytes] = []
    for number, value in _message(body):
        if isinstance(value, bytes) and number in wanted:
            found.append(value)
        elif isinstance(value, bytes) and kind == 8 and number == 2:  # map entries
            found += [part for n, part in _message(value) if n in (3, 4) and type(part) is bytes]
        elif isinstance(value, bytes) and kind == 9 and number in (2, 4, 5, 6, 7):  # comprehension
            found.append(value)
    return found


def _constant(body: bytes) -> object:
    for number, value in _message(body):
        kind = CONSTANTS.get(number)
        if kind == "text" and isinstance(value, bytes):
            return value.decode()
        if kind == "double" and isinstance(value, bytes):
            return struct.unpack("<d", value)[0]
        if kind == "int" and isinstance(value, int):
            return value - (1 << 64) if value >= 1 << 63 else value
        if kind == "bool":
            return bool(value)
        return value
    return None


def _message(raw: bytes) -> Iterator[Wire]:
    """Yield the fields of a message: https://protobuf.dev/programming-guides/encoding."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(raw, at)
            yield number, value
            continue
        size = 8 if kind == 1 else 4
        if kind == 2:
            size, at = _varint(raw, at)
        yield number, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def _one(raw: bytes, wanted: int) -> bytes:
    for number, value in _message(raw):
        if number == wanted and isinstance(value, bytes):
            return value
    return b""


def _text(raw: bytes, wanted: int) -> str:
    return _one(raw, wanted).decode()


def _entry(raw: bytes) -> tuple[int, int | bytes]:
    """Return the key and the value of an entry of a map; a number that is 0 is left out."""
    key: int = 0
    value: int | bytes = 0
    for number, found in _message(raw):
        if number == 1 and isinstance(found, int):
            key = found
        elif number == 2:
            value = found
    return key, value
