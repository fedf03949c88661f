"""What msgspec says of a posted body, with the names and values that the struct would have had."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from contracts.wording import any_of, closest_of, parted

_unknown: Final = re.compile(r"Object contains unknown field `(.*?)`( - at `[^`]*`)?$", re.DOTALL)
_enum: Final = re.compile(r"Invalid enum value ('.*?'|[^ ]+)( - at `[^`]*`)?$", re.DOTALL)
_step: Final = re.compile(r"[^.\[\]]+|\[[^\]]*\]")


def fault_of(error: Exception, type_: type[Struct]) -> tuple[str, str]:
    """Return the field that is wrong, empty for the whole body, and how to mend it.

    >>> class Lamp(Struct, forbid_unknown_fields=True):
    ...     size: int
    ...     colour: Literal["red", "green"] = "red"
    >>> def said(raw: bytes) -> tuple[str, str]:
    ...     try:
    ...         msgspec.json.decode(raw, type=Lamp)
    ...     except msgspec.ValidationError as error:
    ...         return fault_of(error, Lamp)
    >>> said(b'{"size": 1, "colour": "blue"}')
    ('colour', "expected `red` or `green`, got 'blue'")
    >>> said(b'{"size": 1, "color": "red"}')
    ('color', 'there is no such field; did you mean `colour`?')
    """
    field, said = parted(error)
    kinds: list[Any] = [type_]
    for step in _step.findall(field):
        kinds = [one for kind in kinds for one in _below(kind, step)]
    if unknown := _unknown.match(str(error)):
        known = [one.encode_name for kind in kinds for one in _fields(kind)]
        hint = closest_of(unknown[1][:64], known)
        return f"{field}.{unknown[1]}".lstrip("."), f"there is no such field{hint}"
    values = [one for kind in kinds if get_origin(kind) is Literal for one in get_args(kind)]
    if values and (given := _enum.match(str(error))):
        return field, f"expected {any_of(values)}, got {given[1][:64]}"
    return field.replace("[...]", ""), said  # of a name in an object, which is not told


def _fields(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    is_struct = isinstance(kind, type) and issubclass(kind, Struct)
    return msgspec.structs.fields(kind) if is_struct else ()


def _below(kind: Any, step: str) -> Iterator[Any]:
    """Yield what a value may be that lies at one step below a kind: the parts of a union each."""
    found = [one.type for one in _fields(kind) if one.encode_name == step]
    if step.startswith("[") and get_origin(kind) in (list, tuple, dict):
        found = [one for one in get_args(kind) if one is not ...][-1:]
    for one in found:
        plain = get_args(one)[0] if get_origin(one) is Annotated else one
        yield plain
        if get_origin(plain) is not Literal:
            yield from get_args(plain)
