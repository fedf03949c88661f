"""The OpenAPI side of the routes of replays."""

from typing import Final

from api.admin.schema import SITE
from api.serve.schema import BOOLEAN, COUNT, OBJECT, STRING, Operation, Schema, adder

__all__ = ["DIFF", "REPLAYS", "adder"]

_CODES: Final = (400, 401, 403, 404, 503)
_FINISHED: Final[Schema] = {
    "namespace": STRING,
    "source": STRING,
    "format": STRING,
    "time": COUNT,
    "workers": COUNT,
    "summary": {**OBJECT, "description": "as `headrace replay --json` writes it"},
}
_KIND: Final[Schema] = {
    **dict.fromkeys(("same", "changed", "only_in_a", "only_in_b"), COUNT),
    "examples": {"type": "array", "items": OBJECT},
}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _namespace(which: str) -> Schema:
    return {
        "name": which,
        "in": "query",
        "required": True,
        "schema": {**STRING, "minLength": 1, "maxLength": 128},
        "description": "a namespace",
    }


REPLAYS: Final = Operation(
    "List replays",
    _object({"served": STRING, "replays": {"type": "array", "items": _object(_FINISHED)}}),
    (SITE,),
    codes=_CODES,
)
DIFF: Final = Operation(
    "Compare two namespaces",
    _object(
        {
            "a": STRING,
            "b": STRING,
            "differs": BOOLEAN,
            "kinds": {"type": "object", "additionalProperties": _object(_KIND)},
        }
    ),
    (_namespace("a"), _namespace("b"), SITE),
    codes=_CODES,
)
