"""The OpenAPI side of serving's routes: parameters, bodies and answers, described and not checked.

Checking an answer against its model would cost more than making it; the tests do that instead.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request, Response

from api.problems import openapi as problems_of

Endpoint = Callable[[Request], Awaitable[Response]]
Schema = dict[str, Any]


class Operation(NamedTuple):
    """What a route says of itself."""

    summary: str
    answer: Schema
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    media: str = "application/json"
    codes: tuple[int, ...] = (400, 401)
    done: tuple[int, ...] = (200,)


def adder(router: APIRouter, tag: str = "serve") -> Callable[[str, str, Endpoint, Operation], None]:
    """Return a function that adds a route with its description."""

    def add(method: str, path: str, endpoint: Endpoint, operation: Operation) -> None:
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            summary=operation.summary,
            description=endpoint.__doc__,
            tags=[tag],
            response_class=Response,
            status_code=operation.done[0],
            responses={**_answers(operation), **problems_of(operation.codes)},
            openapi_extra=_extra(operation),
        )

    return add


def _answers(operation: Operation) -> dict[int | str, Schema]:
    return {
        code: {
            "description": "the answer",
            "content": {operation.media: {"schema": operation.answer}},
        }
        for code in operation.done
    }


def _extra(operation: Operation) -> Schema:
    extra: Schema = {"parameters": list(operation.parameters)}
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        extra["requestBody"] = {"required": True, "content": content}
    return extra


def _object(required: dict[str, Schema], **optional: Schema) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
    }


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _map(of: Schema) -> Schema:
    return {"type": "object", "additionalProperties": of}


def _said(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _query(name: str, schema: Schema, text: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": text}


STRING: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
SHARE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
BOOLEAN: Final[Schema] = {"type": "boolean"}
OBJECT: Final[Schema] = {"type": "object"}

PERSON: Final[Schema] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": STRING,
    "description": "a user id, or `device:ID`; percent-encoded",
}
ITEM: Final[Schema] = {**PERSON, "description": "an item id, percent-encoded"}
WRITE_KEY: Final = _query("writeKey", STRING, "the site's write key, if not sent as Basic user")
CHOICE: Final = (
    _query("n", {"type": "integer", "minimum": 1, "default": 10}, "how many items"),
    _query("category", STRING, "only items of this category"),
    {
        **_query("exclude", _list(STRING), "items to leave out; may be given several times"),
        "style": "form",
        "explode": True,
    },
    _query("explain", BOOLEAN, "all reasons, and what each expert contributed"),
    WRITE_KEY,
)
VARIETY: Final = (
    _query("max_per_category", COUNT, "at most so many items of a category; 0: any number"),
    _query("diversity", SHARE, "how much difference weighs against relevance"),
)
PAGE_ITEM: Final = _query("item", STRING, "the item of the page that the answer is shown on")

_MARKS: Final[dict[str, Schema]] = {
    "as_of": _said(_or_null(COUNT), "event time (ms) of the newest event the answer knows"),
    "lag_ms": _said(_or_null(COUNT), "every event accepted longer ago than this is in the views"),
    "fallback": _said(BOOLEAN, "nothing of the person's or the page's own spoke"),
    "degraded": _said(BOOLEAN, "the store was away: made of what is in memory"),
}
_SHOWN: Final = _object(
    {
        "item": STRING,
        "score": _said(NUMBER, "ranks within this answer"),
        "strategy": _said(STRING, "the expert that spoke loudest"),
        "reasons": _list(STRING),
    },
    parts=_map(NUMBER),
    propensity=NUMBER,
    rule=STRING,
)
_REQUEST: Final = _said(STRING, "names this answer; later events carry it as `request`")


def _answer(**subject: Schema) -> Schema:
    return _object({"request": _REQUEST, **subject, "items": _list(_SHOWN), **_MARKS})


def _told(**members: Schema) -> Schema:
    known = _said({"type": ["boolean", "null"]}, "null while the store is away")
    return _object({"user": STRING, "known": known, **members, **_MARKS})


_SEGMENT: Final = _object(
    {"id": STRING},
    name=STRING,
    telling=STRING,
    size=COUNT,
    share=NUMBER,
    lift=_map(NUMBER),
    as_of=_or_null(COUNT),
    since=COUNT,
)
_ASKED: Final[dict[str, Schema]] = {
    "n": {"type": "integer", "minimum": 1},
    "item": STRING,
    "category": STRING,
    "exclude": _list(STRING),
    "explain": BOOLEAN,
    "writeKey": STRING,
}

RECOMMENDATIONS: Final = Operation(
    "What to show a person", _answer(user=STRING), (PERSON, PAGE_ITEM, *VARIETY, *CHOICE)
)
MANY: Final = Operation(
    "What to show each of many people",
    _object({"answers": _list(_answer(user=STRING))}),
    body=_object({"users": _list(STRING)}, max_per_category=COUNT, diversity=SHARE, **_ASKED),
    codes=(400, 401, 413),
)
RANK: Final = Operation(
    "In which order to show given items to a person",
    _answer(user=STRING),
    body=_object({"items": _list(STRING)}, user=STRING, ordered=BOOLEAN, **_ASKED),
    codes=(400, 401, 413),
)
CATALOGUE_ITEM: Final = _object(
    {"item": STRING, "known": BOOLEAN},
    **dict.fromkeys(("title", "category", "brand", "url", "image"), STRING),
    tags=_list(STRING),
    price=_or_null(NUMBER),
    currency=_or_null(STRING),
    in_stock=BOOLEAN,
)
ITEMS: Final = Operation(
    "What the catalogue says of items",
    _object({"items": _list(CATALOGUE_ITEM), "lag_ms": _or_null(COUNT), "degraded": BOOLEAN}),
    (
        {
            **_query("id", _list(STRING), "an item, given up to 100 times"),
            "required": True,
            "style": "form",
            "explode": True,
        },
        WRITE_KEY,
    ),
)
SIMILAR: Final = Operation(
    "What goes with an item", _answer(item=STRING), (ITEM, *VARIETY, *CHOICE)
)
TRENDING: Final = Operation(
    "What is trending", _answer(category=_or_null(STRING)), (*VARIETY, *CHOICE)
)
PROFILE: Final = Operation(
    "What is known of a person",
    _told(profile={"type": ["object", "null"]}),
    (PERSON, WRITE_KEY),
)
USER_SEGMENTS: Final = Operation(
    "Which segments a person belongs to",
    _told(segments=_list(_SEGMENT), scores=_map(OBJECT)),
    (PERSON, WRITE_KEY),
)
SCORES: Final = Operation(
    "What the models expect of a person: intent, churn, spending and order value with bounds",
    _told(scores=_map(OBJECT)),
    (PERSON, WRITE_KEY),
)
FACTS: Final = Operation(
    "The facts about a person that campaigns can be triggered by",
    _told(facts=OBJECT),
    (PERSON, WRITE_KEY),
)
HISTORY: Final = Operation(
    "What a person's scores and segments were",
    _told(
        scores=_map(_list(_object({"time": COUNT, "value": NUMBER}))),
        segments=_list(_object({"id": STRING, "since": COUNT})),
        visits=_list(_object(dict.fromkeys(("start", "last", "touches", "items"), COUNT))),
    ),
    (PERSON, WRITE_KEY),
)
SEGMENTS: Final = Operation(
    "The segments of the site",
    _object({"segments": _list(_SEGMENT), **_MARKS}),
    (WRITE_KEY,),
)
_N: Final = _query("n", {"type": "integer", "minimum": 1, "default": 10}, "how many")
_LINKED: Final = _list(_object({"name": STRING, "strength": NUMBER}))
_RULE: Final = _object(
    {
        "given": _said(_list(STRING), "baskets with all of these"),
        "then": _said(STRING, "hold this as well"),
        "basis": _said(STRING, "what a basket is: `order` or `visit`"),
        "support": _said(NUMBER, "share of all baskets that hold all of them, decayed"),
        "confidence": _said(NUMBER, "share of the baskets with `given` that hold `then`"),
        "lift": _said(NUMBER, "how many times as often as `then` comes at all"),
        "count": _said(COUNT, "baskets that were counted, undecayed"),
        "missed": _said(COUNT, "how many more it may have been at most"),
    }
)
RULES: Final = Operation(
    "Which items come with one",
    _object(
        {
            "item": STRING,
            "rules": _list(_RULE),
            "baskets": _map(COUNT),
            "oversized": _said(_map(COUNT), "baskets too large to be learnt from"),
            **_MARKS,
        }
    ),
    (
        {**_query("item", STRING, "the item that the rules start from"), "required": True},
        _query("basis", {"enum": ["order", "visit"]}, "only of these baskets"),
        _N,
        WRITE_KEY,
    ),
)
_KNOWN: Final = {"name": STRING, "label": STRING, "kinds": _list(STRING), "share": NUMBER}
CONCEPTS: Final = Operation(
    "Which concepts a text may mean",
    _object({"query": STRING, "concepts": _list(_object({**_KNOWN, "match": STRING})), **_MARKS}),
    (_query("q", STRING, "a name, or its beginning; without it the most met"), _N, WRITE_KEY),
)
_CONCEPT: Final = _object(
    {
        **_KNOWN,
        "count": COUNT,
        "trend": _said(NUMBER, "how many times as often as usual it is met of late"),
        "related": _LINKED,
        "items": _list(_object({"item": STRING, "strength": NUMBER})),
        "parents": _list(STRING),
        "children": _list(STRING),
        "synonyms": _LINKED,
    }
)
CONCEPT: Final = Operation(
    "What goes with a concept",
    _object(
        {
            "asked": STRING,
            "known": _said({"type": ["boolean", "null"]}, "null while the store is away"),
            "concept": {"anyOf": [_CONCEPT, {"type": "null"}]},
            **_MARKS,
        }
    ),
    ({**PERSON, "name": "name", "description": "in any spelling, percent-encoded"}, WRITE_KEY),
)
SEARCH: Final = Operation(
    "Items for a query, by way of concepts",
    _object(
        {
            "query": STRING,
            "concepts": _LINKED,
            "items": _list(_object({"item": STRING, "score": NUMBER})),
            **_MARKS,
        }
    ),
    ({**_query("q", STRING, "what to search for"), "required": True}, _N, WRITE_KEY),
)
READY: Final = Operation(
    "Whether answers can be given",
    _object({"status": STRING, "store": STRING, "namespace": STRING, "rules": STRING}),
    codes=(),
)
METRICS: Final = Operation("Figures for Prometheus", STRING, media="text/plain", codes=())
STATS: Final = Operation(
    "What became of the events",
    _object(
        {
            "namespace": STRING,
            "events": OBJECT,
            "lag_ms": _or_null(COUNT),
            "progress": _list(OBJECT),
            "checkpoint": _or_null(OBJECT),
            "workers": _list(OBJECT),
            "sites": _map(OBJECT),
            "scoreboard": _map(OBJECT),
            "models": _map(OBJECT),
            "answers": OBJECT,
            "degraded": BOOLEAN,
        }
    ),
    (WRITE_KEY,),
)
