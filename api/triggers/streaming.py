"""Triggers as server-sent events, from a position on, each once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from api.triggers.hub import Batch, Hub
from api.triggers.reader import NOTE_SECONDS, Reader
from contracts.codec import dump_json
from storage.errors import StoreError

RECONNECT_MS: Final = 1_000
PING_SECONDS: Final = 15
SEND_SECONDS: Final = 30.0
"""A client that takes nothing for so long is let go; it comes back and goes on where it was."""
RETRY_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 60.0

logger = logging.getLogger("headrace.triggers")


class TriggerStream(EventSourceResponse):
    """The answer. A client that reads slowly holds up nobody; one that stands still is let go."""

    def __init__(
        self, hub: Hub, reader: Reader, warnings: Iterable[str], done: Callable[[], None]
    ) -> None:
        self._reader = reader
        self._done = done
        super().__init__(
            _events(hub, reader, warnings),
            ping=PING_SECONDS,
            # The position too: of what a filter left out the client need not be told again.
            ping_message_factory=lambda: ServerSentEvent(comment="ping", id=str(reader.position)),
            send_timeout=SEND_SECONDS,
            sep="\n",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the client leaves or the service stops."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            logger.info("a stream of triggers ends: its client took nothing for %d s", SEND_SECONDS)
        finally:
            self._done()


async def _events(hub: Hub, reader: Reader, warnings: Iterable[str]) -> AsyncIterator[bytes]:
    comments = "".join(f": {comment}\n" for comment in (f"from {reader.position}", *warnings))
    yield f"retry: {RECONNECT_MS}\n{comments}\n".encode()
    while not hub.closing:
        try:
            batch = await reader.read()
        except StoreError:
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if chunk := _encoded(batch, reader):
            yield chunk
        await reader.took(batch)
        seconds = NOTE_SECONDS if reader.owes else WAIT_SECONDS
        await hub.wait(reader.site, reader.position, seconds)


def _encoded(batch: Batch, reader: Reader) -> bytes:
    parts = []
    if batch.lost:
        data = dump_json({"lost": batch.lost}).decode()
        parts.append(f"event: lost\ndata: {data}\n\n".encode())
    for one in batch.triggers:
        if reader.wants(one):
            # A CloudEvent is one line: JSON has no line breaks of its own.
            head = f"id: {one.position}\nevent: trigger\ndata: ".encode()
            parts.append(head + one.event + b"\n\n")
    return b"".join(parts)
