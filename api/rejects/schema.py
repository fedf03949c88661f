"""The OpenAPI side of the routes of refused events."""

from typing import Any, Final

from api.admin.schema import SITE
from api.serve.schema import BOOLEAN, COUNT, OBJECT, STRING, Operation, Schema, adder

__all__ = ["ALL", "DROP", "ONE", "RETRY", "adder"]

_CODES: Final = (400, 401, 403, 404, 503)
_ID: Final[Schema] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": STRING,
    "description": "of the record: `PARTITION-OFFSET`",
}
_RECORD: Final[Schema] = {
    "id": STRING,
    "state": {"enum": ["open", "retried", "dropped"]},
    "reason": STRING,
    "detail": STRING,
    "origin": STRING,
    "site": {"type": ["string", "null"]},
    "received": COUNT,
    "copies": COUNT,
    "size": COUNT,
}


def _object(properties: Schema, **optional: Any) -> Schema:
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **optional},
    }


def _query(name: str, schema: Schema, text: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": text}


ALL: Final = Operation(
    "List refused events",
    _object(
        {
            "rejects": {"type": "array", "items": _object(_RECORD, done=COUNT, why=STRING)},
            "more": COUNT,
            "counts": {"type": "object", "additionalProperties": OBJECT},
            "next": {"type": ["string", "null"]},
        }
    ),
    (
        _query("state", {"enum": ["open", "retried", "dropped"]}, "only these"),
        _query("reason", STRING, "only those refused for this reason"),
        _query("n", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}, "how many"),
        _query("cursor", STRING, "`next` of the answer before: go on from there"),
        SITE,
    ),
    codes=_CODES,
)
ONE: Final = Operation(
    "Show a refused event",
    _object({**_RECORD, "text": STRING}, done=COUNT, why=STRING),
    (_ID, SITE),
    codes=_CODES,
)
RETRY: Final = Operation(
    "Send a refused event again",
    _object({"taken": BOOLEAN, "why": STRING}),
    (_ID, SITE),
    body=_object({}, text={"type": ["string", "null"]}, again=BOOLEAN),
    codes=(*_CODES, 409),
)
DROP: Final = Operation(
    "Let a refused event go",
    _object({"dropped": STRING}),
    (_ID, SITE),
    body=_object({}, why={"type": "string", "maxLength": 500}),
    codes=_CODES,
)
