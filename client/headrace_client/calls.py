"""How a call becomes a request, and when one that failed is tried again; no I/O."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

AGAIN = frozenset({429, 503})
MAX_WAIT = 30.0
"""Seconds; who is told to wait for longer gives up."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation with what it is given; `None` is not sent."""

    method: str
    path: str
    ids: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any = None

    @property
    def url(self) -> str:
        """The path, with ids percent-encoded.

        >>> Call("GET", "/v1/users/{id}/profile", {"id": "a/b"}, {}).url
        '/v1/users/a%2Fb/profile'
        """
        url = self.path
        for name, value in self.ids.items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        return url

    @property
    def params(self) -> dict[str, Any]:
        """The query without what was not given."""
        return {name: value for name, value in self.query.items() if value is not None}

    @property
    def repeatable(self) -> bool:
        """Whether asking twice does no more than asking once."""
        return self.method in {"GET", "PUT", "DELETE"} or _has_ids(self.body)


def headers(key: str | None, secret: str | None) -> dict[str, str]:
    """Return what shows a key: a secret one as bearer, else a write key as Basic user.

    >>> headers("w", None)
    {'Authorization': 'Basic dzo='}
    """
    if secret:
        return {"Authorization": f"Bearer {secret}"}
    if key:
        return {"Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"}
    return {}


def wait_before(attempt: int, response: httpx.Response | None) -> float:
    """Return how long to wait (s) before the next attempt: as told, else twice as long each time.

    >>> [wait_before(attempt, None) for attempt in range(3)]
    [0.25, 0.5, 1.0]
    """
    if response is not None:
        told = response.headers.get("Retry-After", "")
        if told.isdigit():
            return float(told)
    return 0.25 * 2.0**attempt


def _has_ids(body: Any) -> bool:
    """Say whether messages carry ids of their own, so that the service takes each once."""
    if isinstance(body, Mapping):
        found = body.get("batch", [body])
        return all("messageId" in one or "id" in one for one in found if isinstance(one, Mapping))
    return isinstance(body, list) and bool(body) and all(_has_ids(one) for one in body)
