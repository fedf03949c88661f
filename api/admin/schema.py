"""The OpenAPI side of the routes of campaigns."""

from typing import Any, Final

from api.serve.schema import Operation, adder
from contracts.campaigns import Campaign

__all__ = [
    *("ALL", "CHECK", "DELETE", "ONE", "POST", "PREVIEW", "PUT", "RESULTS", "VOCABULARY"),
    "adder",
]

Schema = dict[str, Any]

CAMPAIGN: Final[Schema] = {
    "type": ["object", "null"],
    "description": "its fields, those alone that say something; null once it is deleted",
}
VERSION_FIELDS: Final[Schema] = {
    "id": {"type": "string"},
    "version": {"type": "integer", "minimum": 1},
    "time": {"type": "integer", "description": "in force from here on (epoch ms)"},
    "origin": {"enum": ["api", "file"]},
    "deleted": {"type": "boolean"},
    "campaign": CAMPAIGN,
}
COUNTS: Final[Schema] = {
    "type": "object",
    "additionalProperties": {"type": "integer", "minimum": 0},
    "description": "`fired`, `held` (out), `waits`, and the reasons for which it did not fire",
}

FAULT: Final[Schema] = {
    "type": "object",
    "required": ["field", "detail"],
    "properties": {
        "field": {"type": "string"},
        "detail": {"type": "string"},
        "line": {"type": "integer", "minimum": 1, "description": "of a condition"},
        "column": {"type": "integer", "minimum": 1},
        "snippet": {"type": "string", "description": "the line, and a sign below the place"},
    },
}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


VERSION: Final = _object(VERSION_FIELDS)
WARNINGS: Final[Schema] = {
    "type": "array",
    "items": {"type": "string"},
    "description": "segments that it names and that there are not now",
}
CHANGED: Final = _object({**VERSION_FIELDS, "warnings": WARNINGS})
COUNTED: Final = _object({**VERSION_FIELDS, "counts": COUNTS})
WHOLE: Final = _object(
    {**VERSION_FIELDS, "counts": COUNTS, "versions": {"type": "array", "items": VERSION}}
)
ID: Final[Schema] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "the campaign's id",
}
SITE: Final[Schema] = {
    "name": "site",
    "in": "query",
    "schema": {"type": "string"},
    "description": "which site; not needed if there is one only",
}
BODY: Final[Schema] = {
    "type": "object",
    "description": "a campaign; see docs/campaigns.md",
    "properties": {
        field.alias or name: {"description": field.description or name.replace("_", " ")}
        for name, field in Campaign.model_fields.items()
    },
}

ALL: Final = Operation(
    "All campaigns of a site",
    _object({"campaigns": {"type": "array", "items": COUNTED}, "total": COUNTS}),
    (SITE,),
    codes=(401, 403, 404, 503),
)
ONE: Final = Operation("A campaign and its versions", WHOLE, (ID, SITE), codes=(401, 403, 404, 503))
VERSION_ASKED: Final[Schema] = {
    "name": "version",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1},
    "description": "which version; else the newest that did anything",
}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_NUMBER_OR_NULL: Final[Schema] = {"type": ["number", "null"]}
_MAYBE: Final[Schema] = {"type": ["object", "null"]}
RESULTS: Final = Operation(
    "What a campaign did, against its holdout",
    _object(
        {
            "id": {"type": "string"},
            "version": {"type": "integer"},
            "versions": {"type": "array", "items": {"type": "integer"}},
            "horizon_days": {"type": "number"},
            "sent": {"type": "object"},
            "holdout": _MAYBE,
            "variants": {"type": "object"},
            "uplift": _MAYBE,
            "uplift_revenue": _MAYBE,
            "value_per_send": {"type": ["number", "null"]},
            "segments": {"type": "object"},
            "assignment": {"type": "object"},
            "over_time": {
                "type": "array",
                "items": _object(
                    {
                        "time": {"type": "integer", "description": "end of the slot (epoch ms)"},
                        **dict.fromkeys(("people", "converted", "held", "held_converted"), _COUNT),
                        **dict.fromkeys(("difference", "low", "high"), _NUMBER_OR_NULL),
                    }
                ),
            },
        }
    ),
    (ID, VERSION_ASKED, SITE),
    codes=(400, 401, 403, 404, 503),
)
POST: Final = Operation(
    "Make a campaign", CHANGED, (SITE,), BODY, codes=(400, 401, 403, 404, 409, 503), done=(201,)
)
PUT: Final = Operation(
    "Make or change a campaign",
    CHANGED,
    (ID, SITE),
    BODY,
    codes=(400, 401, 403, 404, 409, 412, 503),
    done=(200, 201),
)
DELETE: Final = Operation("End a campaign", VERSION, (ID, SITE), codes=(401, 403, 404, 412, 503))
_TEXTS: Final[Schema] = {"type": "array", "items": {"type": "string"}}
CHECK: Final = Operation(
    "Say what is wrong with a campaign",
    _object(
        {
            "faults": {"type": "array", "items": FAULT},
            "campaign": _MAYBE,
            "conditions": _TEXTS,
            "warnings": WARNINGS,
        }
    ),
    (SITE,),
    BODY,
    codes=(400, 401, 403, 404),
)
_PART: Final[Schema] = {"stored": {"type": "string"}, "moments": _TEXTS}
PREVIEW: Final = Operation(
    "Say whom a campaign could reach",
    _object(
        {
            "looked_at": _COUNT,
            "fit": _COUNT,
            "out": {"type": "object", "additionalProperties": _COUNT},
            "people": {**_TEXTS, "description": "ids of the first twenty of those who fit"},
            "segments": {"type": "object", "additionalProperties": _COUNT},
            "audience": {"oneOf": [{"type": "null"}, _object(_PART)]},
            "conditions": {
                "type": "array",
                "items": _object({"text": {"type": "string"}, **_PART, "fit": _COUNT}),
            },
            "whole": {"type": "boolean", "description": "whether these were all people"},
            "replays": {
                "type": "array",
                "items": _object({"namespace": {"type": "string"}, "counts": COUNTS}),
            },
            "lag_ms": {"type": ["integer", "null"]},
        }
    ),
    (
        {
            "name": "n",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": 10_000},
            "description": "people to look at, 2,000 if unsaid",
        },
        SITE,
    ),
    BODY,
    codes=(400, 401, 403, 404, 503),
)
VOCABULARY: Final = Operation(
    "What conditions may speak of, and the templates",
    _object({name: {"type": "object"} for name in ("facts", "functions", "templates")}),
    (SITE,),
    codes=(401, 403, 404),
)
