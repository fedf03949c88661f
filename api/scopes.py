"""What every route is for: the scope that a key must have. A route that is not here fails a test.

`tests/api/test_scopes.py` walks all routes of the service with every kind of key, and none.
"""

from typing import Final, Literal

from contracts.access import KeyScope

Scope = Literal["open"] | KeyScope

_SEGMENT: Final = ("track", "page", "screen", "identify", "group", "alias")

SCOPES: Final[dict[str, Scope]] = {
    **dict.fromkeys(("GET /healthz", "HEAD /healthz", "GET /readyz", "HEAD /readyz"), "open"),
    **dict.fromkeys(("GET /metrics", "GET /docs", "GET /", "HEAD /"), "open"),
    **dict.fromkeys(("GET /web/headrace.js", "HEAD /web/headrace.js"), "open"),
    **dict.fromkeys(("POST /v1/events", "POST /v1/batch", "POST /v1/b"), "events:write"),
    "POST /v1/import": "events:write",
    **{f"POST /v1/{call}": "events:write" for call in _SEGMENT},
    **{f"POST /v1/{call[0]}": "events:write" for call in _SEGMENT},
    "GET /v1/users/{id:path}/recommendations": "recs:read",
    "POST /v1/recommendations": "recs:read",
    "POST /v1/rank": "recs:read",
    "POST /v1/users/{id:path}/decide": "decide",
    "GET /v1/items": "recs:read",
    "POST /v1/items": "catalog:write",
    "GET /v1/items/{id:path}/similar": "recs:read",
    "GET /v1/trending": "recs:read",
    "GET /v1/rules": "recs:read",
    "GET /v1/concepts": "recs:read",
    "GET /v1/concepts/{name:path}": "recs:read",
    "GET /v1/search": "recs:read",
    "GET /v1/segments": "recs:read",
    "GET /v1/users/{id:path}/profile": "profile:read",
    "GET /v1/users/{id:path}/segments": "profile:read",
    "GET /v1/users/{id:path}/scores": "profile:read",
    "GET /v1/users/{id:path}/facts": "profile:read",
    "GET /v1/users/{id:path}/history": "profile:read",
    "GET /v1/users/{id:path}/triggers": "triggers:read",
    "GET /v1/stats": "admin",
    "GET /v1/replays": "admin",
    "GET /v1/replays/diff": "admin",
    "GET /v1/rejects": "admin",
    "GET /v1/rejects/{id}": "admin",
    "POST /v1/rejects/{id}/retry": "admin",
    "POST /v1/rejects/{id}/drop": "admin",
    "GET /v1/triggers": "triggers:read",
    "GET /v1/triggers/stream": "triggers:read",
    "GET /v1/subscriptions": "triggers:read",
    "POST /v1/subscriptions": "triggers:read",
    "GET /v1/subscriptions/{id}": "triggers:read",
    "PUT /v1/subscriptions/{id}": "triggers:read",
    "DELETE /v1/subscriptions/{id}": "triggers:read",
    "POST /v1/subscriptions/{id}/enable": "triggers:read",
    "POST /v1/subscriptions/{id}/secret": "triggers:read",
    "GET /v1/subscriptions/{id}/dead": "triggers:read",
    "POST /v1/subscriptions/{id}/replay": "triggers:read",
    "GET /v1/offers": "campaigns:write",
    "GET /v1/feedback": "feedback:write",
    "GET /v1/feedback/summary": "feedback:write",
    "GET /v1/feedback/{id:path}": "feedback:write",
    "POST /v1/feedback/{id:path}/status": "feedback:write",
    "GET /v1/users/{id:path}/feedback": "feedback:write",
    "GET /v1/users/{id:path}/export": "admin",
    "DELETE /v1/users/{id:path}": "admin",
    "GET /v1/campaigns": "campaigns:write",
    "POST /v1/campaigns": "campaigns:write",
    "GET /v1/campaigns/vocabulary": "campaigns:write",
    "POST /v1/campaigns/check": "campaigns:write",
    "POST /v1/campaigns/preview": "campaigns:write",
    "GET /v1/campaigns/{id}": "campaigns:write",
    "PUT /v1/campaigns/{id}": "campaigns:write",
    "DELETE /v1/campaigns/{id}": "campaigns:write",
    "GET /v1/campaigns/{id}/results": "campaigns:write",
}
"""Method and path of each route to its scope."""
