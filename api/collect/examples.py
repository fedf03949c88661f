"""What OpenAPI shows of the collector: real bodies, and the answers they get."""

from typing import Any, Final

from api.problems import OPENAPI as PROBLEM

_WHEN: Final = "2024-05-04T12:00:00.000Z"

EVENT: Final = {
    "id": "8f14e45f-1",
    "type": "view",
    "device": "d-4711",
    "time": 1714824000000,
    "item": "kettle",
    "price": 39.9,
    "currency": "EUR",
    "props": {"category": "kitchen"},
}

CALLS: Final[dict[str, dict[str, Any]]] = {
    "track": {
        "messageId": "m-1",
        "userId": "ada",
        "event": "Product Added",
        "timestamp": _WHEN,
        "properties": {"product_id": "kettle", "price": 39.9, "currency": "EUR", "quantity": 1},
    },
    "page": {
        "messageId": "m-2",
        "anonymousId": "d-4711",
        "name": "Home",
        "timestamp": _WHEN,
        "properties": {"url": "https://shop.example/", "title": "Shop"},
    },
    "screen": {"messageId": "m-3", "userId": "ada", "name": "Basket", "timestamp": _WHEN},
    "identify": {
        "messageId": "m-4",
        "userId": "ada",
        "anonymousId": "d-4711",
        "traits": {"plan": "gold"},
        "timestamp": _WHEN,
    },
    "group": {"messageId": "m-5", "userId": "ada", "groupId": "acme", "timestamp": _WHEN},
    "alias": {"messageId": "m-6", "previousId": "d-4711", "userId": "ada", "timestamp": _WHEN},
}

ORDER: Final = {
    "type": "track",
    "messageId": "m-7",
    "userId": "ada",
    "event": "Order Completed",
    "timestamp": _WHEN,
    "properties": {
        "order_id": "o-1",
        "currency": "EUR",
        "products": [
            {"product_id": "kettle", "price": 39.9, "quantity": 1},
            {"product_id": "cup", "price": 4.5, "quantity": 6},
        ],
    },
}


def _body(**examples: Any) -> dict[str, Any]:
    content = {
        "schema": {"type": ["object", "array"]},
        "examples": {name: {"value": value} for name, value in examples.items()},
    }
    return {
        "requestBody": {"required": True, "content": {"application/json": content}},
        "security": [{"writeKey": []}],
    }


OPENAPI_EVENTS: Final = _body(one=EVENT, several=[EVENT, {**EVENT, "id": "8f14e45f-2"}])
OPENAPI_BATCH: Final = _body(
    order={"sentAt": _WHEN, "batch": [{"type": "identify", **CALLS["identify"]}, ORDER]}
)
OPENAPI_CALLS: Final = {call: _body(**{call: message}) for call, message in CALLS.items()}

SECURITY: Final = {
    "writeKey": {
        "type": "http",
        "scheme": "basic",
        "description": "the write key as user name, without password; also `writeKey` in the "
        "body or in the query",
    }
}

_COUNT: Final = {"type": "integer", "minimum": 0}
TAKEN: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["success", "accepted", "rejected"],
    "properties": {
        "success": {"type": "boolean"},
        "accepted": _COUNT,
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "reason", "detail"],
                "properties": {
                    "index": {**_COUNT, "description": "which message of the body"},
                    "reason": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "the broker acknowledged every accepted event; refused ones are listed",
        "content": {
            "application/json": {
                "schema": TAKEN,
                "example": {
                    "success": True,
                    "accepted": 2,
                    "rejected": [
                        {
                            "index": 1,
                            "reason": "invalid",
                            "detail": "`price`: expected a number of at least 0",
                        }
                    ],
                },
            }
        },
    },
    400: PROBLEM,
    401: PROBLEM,
    403: PROBLEM,
    408: PROBLEM,
    413: PROBLEM,
    415: PROBLEM,
    429: PROBLEM,
    503: {
        **PROBLEM,
        "description": "no acknowledgement could be had: send it again after `Retry-After` seconds",
    },
}
