"""Which pages of other origins a browser lets ask: an allow-list, for what pages are for."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.gate import Gate

_READS: Final = (
    *("/v1/users/", "/v1/recommendations", "/v1/rank", "/v1/items", "/v1/trending"),
    *("/v1/search", "/v1/rules", "/v1/concepts", "/v1/segments"),
)
"""What shows recommendations starts with one of these. Whose key opens them the gate decides."""


class PageCors:
    """CORS for the collector's paths, and for reading where origins are named.

    The origins of the settings are let in, and those that keys of the store are bound to. Bodies
    sent as `text/plain`, as `sendBeacon` does, need no preflight.
    """

    def __init__(
        self, app: ASGIApp, posts: Collection[str], origins: Sequence[str], gate: Gate
    ) -> None:
        self._app = app
        self._posts = posts
        self._reads = () if "*" in origins else _READS
        self._cors = _Cors(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["Retry-After", "RateLimit", "RateLimit-Policy"],
            max_age=600,
        )
        self._cors.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        shared = scope["type"] == "http" and (
            scope["path"] in self._posts or scope["path"].startswith(self._reads)
        )
        await (self._cors if shared else self._app)(scope, receive, send)


class _Cors(CORSMiddleware):
    gate: Gate

    def __init__(self, app: ASGIApp, **given: Any) -> None:
        super().__init__(app, **given)

    def is_allowed_origin(self, origin: str) -> bool:
        """Say whether the pages of an origin may ask."""
        return super().is_allowed_origin(origin) or origin in self.gate.origins
