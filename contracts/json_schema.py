"""JSON Schema of every contract, for whoever writes or reads our records in another language."""

import inspect
from types import ModuleType
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts import decisions, events, past, profile, rejects

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MODULES: Final[tuple[ModuleType, ...]] = (events, profile, past, decisions, rejects)


def contracts() -> dict[str, type[Struct]]:
    """Return every contract by name.

    >>> {"Event", "Item", "Profile", "Recommendation", "Rejected"} <= set(contracts())
    True
    """
    return {
        name: type_
        for module in MODULES
        for name, type_ in inspect.getmembers(module, inspect.isclass)
        if issubclass(type_, Struct) and type_.__module__ == module.__name__
    }


def schema(type_: type[Struct]) -> dict[str, Any]:
    """Return the schema of one contract, complete in itself."""
    return {"$schema": DIALECT, **msgspec.json.schema(type_)}


def all_schemas() -> dict[str, Any]:
    """Return one document with every contract under `$defs`."""
    _, components = msgspec.json.schema_components(
        contracts().values(), ref_template="#/$defs/{name}"
    )
    return {"$schema": DIALECT, "$defs": components}
