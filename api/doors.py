"""What every answer has, and what is behind which door.

A pure ASGI middleware around the whole application, so that its headers are on errors too.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pages.paths import ASSETS, PAGES, STREAM, TRACKER
from api.problems import problem
from api.request_ids import REQUEST_ID, named

RATE: Final = "headrace.rate"
"""Of a request's scope: the headers of the rate limit that it was counted in."""

OPERATIONS: Final = "headrace.operations"
"""Of a request's scope: whether it came in by the operators' door."""

_OPERATIONS_PATHS: Final = frozenset({"/", "/metrics", "/docs", "/openapi.json", *PAGES, STREAM})
_OPERATIONS_FOLDERS: Final = ("/docs-assets/", f"{ASSETS}/")

_POLICY: Final = b"content-security-policy"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_NOTHING: Final = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
"""An answer that is no page of ours loads nothing and stands in no frame."""


class Doors:
    """Adds headers to every answer, and keeps operators' pages off the public port.

    Args:
        open_: whether there is one door only: where no keys are asked for, on loopback.
        port: of the operators' listener, if there is one.
    """

    def __init__(self, app: ASGIApp, open_: bool, port: int | None) -> None:
        self._app = app
        self._open = open_
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = named(scope)
        inside = self._open or (scope.get("server") or (None, None))[1] == self._port
        scope[OPERATIONS] = inside
        send = _dressed(scope, send)
        if not inside and _is_for_operators(scope["path"]):
            # As if it were not there.
            detail = f"{scope['method']} {scope['path']}: Not Found"
            await problem(404, "not-found", detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_for_operators(path: str) -> bool:
    return path in _OPERATIONS_PATHS or (path.startswith(_OPERATIONS_FOLDERS) and path != TRACKER)


def _dressed(scope: Scope, send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], *_HEADERS, *scope.get(RATE, ())]
            headers.append((b"x-request-id", scope[REQUEST_ID]))
            if not any(name == _POLICY for name, _ in headers):
                headers.append(_NOTHING)
            message["headers"] = headers
        await send(message)

    return sending
