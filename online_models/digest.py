"""A fingerprint of a model's parameters: the same in every process that learnt the same.

Pickled bytes will not do: they depend on which objects happen to be shared, and on the order of
sets, which is random in each process. So the object is walked as pickle would take it apart, and
every value is written in one spelling: mappings and sets are sorted, floats are their eight bytes.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

NAMED = (type, FunctionType, BuiltinFunctionType)


def digest(model: Any) -> str:
    """Return 32 hex digits that stand for everything `model` would pickle.

    Raises `TypeError` for what cannot be pickled either, and `ValueError` for a model that holds
    itself. Cost: about 1 us a value.

    >>> digest({"a": 1, "b": {2.0, 3.0}}) == digest({"b": {3.0, 2.0}, "a": 1})
    True
    """
    return blake2b(_spell(model, ()), digest_size=16).hexdigest()


def _spell(value: Any, above: tuple[int, ...]) -> bytes:
    for types, spell in _PLAIN:
        if isinstance(value, types):
            return spell(value)
    if id(value) in above:
        raise ValueError(f"a {type(value).__name__} holds itself: it has no digest")
    inside = (*above, id(value))
    if type(value) in (list, tuple):
        return _join(b"l", [_spell(each, inside) for each in value])
    if isinstance(value, Mapping) and type(value).__module__ in ("builtins", "collections"):
        return _join(b"d", sorted(_spell_items(value.items(), inside)))
    if isinstance(value, AbstractSet):
        return _join(b"s", sorted(_spell(each, inside) for each in value))
    return _spell_object(value, inside)


def _spell_object(value: Any, inside: tuple[int, ...]) -> bytes:
    make, arguments, *rest = _reduced(value)
    state, elements, items = (*rest[:3], None, None, None)[:3]
    parts = [_spell(make, inside), _spell(arguments, inside), _spell(state, inside)]
    parts += [_spell(each, inside) for each in elements or ()]
    return _join(b"o", parts + sorted(_spell_items(items or (), inside)))


def _reduced(value: Any) -> tuple[Any, ...]:
    reduced = value.__reduce_ex__(4)
    return (reduced, ()) if isinstance(reduced, str) else reduced


def _spell_items(items: Iterable[tuple[Any, Any]], inside: tuple[int, ...]) -> list[bytes]:
    return [_join(b"i", [_spell(key, inside), _spell(each, inside)]) for key, each in items]


def _join(kind: bytes, parts: list[bytes]) -> bytes:
    # Each part goes in with its length, so that no two trees have one spelling.
    return b"".join([kind, _size(parts), *(_size(part) + part for part in parts)])


def _size(value: Any) -> bytes:
    return struct.pack("<Q", len(value))


def _named(value: Any) -> bytes:
    return b"n" + f"{value.__module__}.{value.__qualname__}".encode()


_PLAIN: tuple[tuple[Any, Callable[[Any], bytes]], ...] = (
    (float, lambda value: b"f" + struct.pack("<d", value)),
    (bool, lambda value: b"b" + bytes([value])),
    (int, lambda value: b"z" + str(value).encode()),
    (str, lambda value: b"u" + value.encode("utf-8", "surrogatepass")),
    (type(None), lambda _: b"0"),
    (bytes, lambda value: b"y" + value),
    (np.ndarray, lambda value: b"a" + f"{value.dtype.str}{value.shape}".encode() + value.tobytes()),
    (np.generic, lambda value: b"g" + value.dtype.str.encode() + value.tobytes()),
    (NAMED, _named),
    (ModuleType, lambda value: b"m" + value.__name__.encode()),
)

__all__ = ["digest"]
