"""A span for each request, of the caller's trace where it comes with one."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.request_ids import REQUEST_ID
from contracts.logs import bind
from contracts.tracing import HEADER, Tracing


class Traced:
    """Wraps the application where traces are asked for; it is not there where they are not."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request within a span that has the name of its route, and no person's id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name == HEADER.encode()}
        parent = headers.get(HEADER.encode(), b"").decode("ascii", "replace")
        with self._tracing.span(scope["method"], parent, server=True) as span:
            bind(trace=f"{span.get_span_context().trace_id:032x}")

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, sending)
            route = getattr(scope.get("route"), "path_format", "unknown route")
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.route", route)
            span.set_attribute("headrace.request_id", scope.get(REQUEST_ID, b"").decode())
