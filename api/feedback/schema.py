"""The OpenAPI side of the routes of feedback: described and not checked; the tests do that."""

from typing import Any, Final

from fastapi import APIRouter

from api.triggers.schema import Endpoint, Operation, Schema
from api.triggers.schema import add as add_with_secret
from contracts.feedback import LISTED, STATUSES
from contracts.profile import Satisfaction

STRING: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
COUNT: Final[Schema] = {"type": "integer"}
OBJECT: Final[Schema] = {"type": "object"}
_STATUS: Final[Schema] = {"enum": list(STATUSES)}


def _object(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members)}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _query(name: str, schema: Schema, meaning: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": meaning}


_LAG: Final = {"lag_ms": _or_null(COUNT)}
_ID: Final[Schema] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": STRING,
    "description": "percent-encoded",
}
_CASE: Final = _object(
    site=STRING,
    id=STRING,
    type={"enum": ["complaint", "suggestion"]},
    user=STRING,
    opened=COUNT,
    device=_or_null(STRING),
    item=_or_null(STRING),
    order=_or_null(STRING),
    category=STRING,
    channel=STRING,
    text=STRING,
    topic=_or_null(STRING),
    certainty=NUMBER,
    labelled={"type": "boolean"},
    group=_or_null(COUNT),
    group_name=STRING,
    sentiment=_or_null(NUMBER),
    status=_STATUS,
    changed=COUNT,
    due=_or_null(COUNT),
    overdue={"type": "boolean"},
    answered=_or_null(COUNT),
    resolved=_or_null(COUNT),
    reopened=COUNT,
    history=_list(_object(time=COUNT, status=STRING, note=STRING)),
)
CASES: Final = Operation(
    "Complaints and suggestions",
    _object(cases=_list(_CASE), more=COUNT, **_LAG),
    (
        _query("status", _STATUS, "only of this status"),
        _query("topic", STRING, "only of this topic"),
        _query("type", {"enum": ["complaint", "suggestion"]}, "only of this type"),
        _query("overdue", {"type": "boolean"}, "only those whose answer is overdue"),
        _query("n", {"type": "integer", "minimum": 1, "maximum": LISTED}, "how many, 50 if unsaid"),
    ),
    codes=(400, 401, 503),
)
SUMMARY: Final = Operation(
    "How content people are",
    OBJECT,
    tuple(_query(kind, STRING, f"of one {kind}") for kind in ("item", "category", "channel")),
    codes=(400, 401, 503),
)
CASE: Final = Operation("One complaint or suggestion", _CASE, (_ID,))
STATUS: Final = Operation(
    "Say what became of a complaint or suggestion",
    _object(accepted={"type": "boolean"}, id=STRING, status=_STATUS),
    (_ID,),
    body={
        "type": "object",
        "properties": {
            "status": {"enum": list(STATUSES[1:])},
            "topic": STRING,
            "note": STRING,
            "id": STRING,
        },
        "required": ["status"],
    },
    status=202,
    codes=(400, 401, 404, 409, 503),
)
OF_USER: Final = Operation(
    "What a person said",
    _object(
        user=STRING,
        satisfaction=_or_null(OBJECT),
        said=_list(OBJECT),
        cases=_list(_CASE),
        **_LAG,
    ),
    (_ID,),
    codes=(400, 401, 503),
)


def add(
    router: APIRouter, method: str, path: str, endpoint: Endpoint, operation: Operation
) -> None:
    """Add a route with its description."""
    add_with_secret(router, method, path, endpoint, operation, tag="feedback")


def satisfaction(said: Satisfaction | None) -> dict[str, Any] | None:
    """Return a person's satisfaction as it is answered."""
    if said is None:
        return None
    return {
        "score": round(said.score, 4),
        "nps": said.nps,
        "csat": said.csat,
        "complaints": said.complaints,
        "as_of": said.time,
    }
