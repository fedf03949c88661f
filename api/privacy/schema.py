"""The OpenAPI side of the routes of privacy."""

from typing import Final

from api.admin.schema import SITE
from api.serve.schema import PERSON, Operation, Schema, adder

__all__ = ["DELETE", "EXPORT", "adder"]

_MILLIS: Final[Schema] = {"type": "integer", "description": "epoch ms"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_LIST: Final[Schema] = {"type": "array", "items": {"type": "object"}}

_ERASED: Final[Schema] = {
    "site": {"type": "string"},
    "erased": {**_MILLIS, "description": "from when on nothing of the person counts (epoch ms)"},
    "ids": {
        **_COUNT,
        "description": "the user's and the devices', by themselves and as pseudonyms",
    },
    "swept": {**_COUNT, "description": "keys and entries of the store that went at once"},
    "done_by": {**_MILLIS, "description": "when a flow that runs has nothing left (epoch ms)"},
}
_EXPORTED: Final[Schema] = {
    "site": {"type": "string"},
    "user": {"type": "string"},
    "devices": {"type": "array", "items": {"type": "string"}},
    "exported": _MILLIS,
    **dict.fromkeys(("profiles", "standings", "cases", "triggers"), _LIST),
    "said": {"type": "array", "items": _LIST},
    "webhooks_waiting": _LIST,
    "offers_made": {"type": "object", "additionalProperties": _COUNT},
}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


DELETE: Final = Operation(
    "Erase a person", _object(_ERASED), (PERSON, SITE), codes=(400, 401, 403, 404, 503)
)
EXPORT: Final = Operation(
    "Export what is known of a person",
    _object(_EXPORTED),
    (PERSON, SITE),
    codes=(400, 401, 403, 404, 503),
)
