"""The OpenAPI side of the routes of decisions."""

from typing import Any, Final

from api.serve.schema import Operation

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
_NUMBER: Final[Schema] = {"type": ["number", "null"]}
_FACTS: Final[Schema] = {
    "type": "object",
    "additionalProperties": {"type": ["number", "string"]},
    "description": "facts of the moment that the caller knows, such as the page",
}
_PERSON: Final[Schema] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "a user id, or device:ID",
    "schema": _TEXT,
}
_SITE: Final[Schema] = {
    "name": "site",
    "in": "query",
    "description": "which site; not needed if there is one only",
    "schema": _TEXT,
}
_OFFER: Final[Schema] = {
    "type": ["object", "null"],
    "properties": {"id": _TEXT, "kind": _TEXT, "text": _TEXT, "value": _NUMBER},
}

DECIDE: Final = Operation(
    "Choose an offer for a person",
    {
        "type": "object",
        "required": ["request", "user", "offer", "policy", "propensity", "reason", "logged"],
        "properties": {
            "request": _TEXT,
            "user": _TEXT,
            "placement": _TEXT,
            "offer": _OFFER,
            "policy": _MAYBE_TEXT,
            "propensity": _NUMBER,
            "reason": _TEXT,
            "logged": {"type": "boolean"},
            "refused": {"type": "object", "additionalProperties": _TEXT},
            "as_of": {"type": ["integer", "null"]},
            "lag_ms": {"type": ["integer", "null"]},
            "fallback": {"type": "boolean"},
            "degraded": {"type": "boolean"},
        },
    },
    (_PERSON,),
    {
        "type": "object",
        "required": ["placement"],
        "additionalProperties": False,
        "properties": {
            "placement": _TEXT,
            "offers": {"type": "array", "items": _TEXT, "description": "only these"},
            "context": _FACTS,
            "explain": {"type": "boolean", "description": "say what may not be offered, and why"},
            "writeKey": _TEXT,
        },
    },
    codes=(400, 401, 404, 413),
)

OFFERS: Final = Operation(
    "Offers and placements in force",
    {
        "type": "object",
        "required": ["offers", "placements", "error"],
        "properties": {
            "offers": {"type": "array", "items": {"type": "object"}},
            "placements": {"type": "array", "items": {"type": "object"}},
            "error": _MAYBE_TEXT,
        },
    },
    (_SITE,),
    codes=(400, 401, 403, 404),
)
