"""Answers about people with their ids again, where the log and the store hold tokens."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.gate import SITE
from api.scopes import SCOPES
from contracts.pseudonyms import Pseudonyms

TOLD: Final = frozenset({"profile:read", "triggers:read", "feedback:write", "admin"})
"""Scopes of routes that tell of people. On the others a token stays one: a write key is anybody's,
and whoever has a copy of the store could have its tokens turned back by names of items."""

_LENGTH: Final = b"content-length"


class Revealed:
    """Wraps the application where pseudonyms are on; it is not there where they are not."""

    def __init__(self, app: ASGIApp, names: Pseudonyms) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; a stream piece by piece, each of which is whole lines."""
        start: Message = {}
        body = bytearray()

        async def sending(message: Message) -> None:
            nonlocal start
            if SITE not in scope or _scope_of(scope) not in TOLD:
                await send(message)
            elif message["type"] == "http.response.start" and not _is_stream(message):
                start = message  # its length is known with the body
            elif message["type"] != "http.response.body":
                await send(message)
            elif not start:
                told = self._names.revealed(scope[SITE], message.get("body", b""))
                await send({**message, "body": told})
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    told = self._names.revealed(scope[SITE], bytes(body))
                    await send(_of_length(start, len(told)))
                    await send({**message, "body": told})

        await self._app(scope, receive, sending)


def _scope_of(scope: Scope) -> str | None:
    path = getattr(scope.get("route"), "path", "")
    return SCOPES.get(f"{scope['method']} {path}")


def _is_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start["headers"]
    )


def _of_length(start: Message, length: int) -> Message:
    headers = [(n, b"%d" % length if n.lower() == _LENGTH else v) for n, v in start["headers"]]
    return {**start, "headers": headers}
