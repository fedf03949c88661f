# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of collect, waiting and with asyncio."""

from typing import Any, cast

from headrace_client.calls import Call
from headrace_client.collect_types import SendEventsAnswer
from headrace_client.transport import AsyncTransport, Transport


class Collect(Transport):
    """Operations of collect."""

    def send_events(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post canonical events: `POST /v1/events`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/events", {}, {}, body)))

    def send_batch(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment batch: `POST /v1/batch`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/batch", {}, {}, body)))

    def track(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment track call: `POST /v1/track`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/track", {}, {}, body)))

    def page(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment page call: `POST /v1/page`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/page", {}, {}, body)))

    def screen(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment screen call: `POST /v1/screen`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/screen", {}, {}, body)))

    def identify(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment identify call: `POST /v1/identify`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/identify", {}, {}, body)))

    def group(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment group call: `POST /v1/group`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/group", {}, {}, body)))

    def alias(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment alias call: `POST /v1/alias`."""
        return cast("SendEventsAnswer", self._call(Call("POST", "/v1/alias", {}, {}, body)))


class AsyncCollect(AsyncTransport):
    """The same with asyncio."""

    async def send_events(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post canonical events: `POST /v1/events`."""
        return cast("SendEventsAnswer", await self._call(Call("POST", "/v1/events", {}, {}, body)))

    async def send_batch(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment batch: `POST /v1/batch`."""
        return cast("SendEventsAnswer", await self._call(Call("POST", "/v1/batch", {}, {}, body)))

    async def track(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment track call: `POST /v1/track`."""
        return cast("SendEventsAnswer", await self._call(Call("POST", "/v1/track", {}, {}, body)))

    async def page(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment page call: `POST /v1/page`."""
        return cast("SendEventsAnswer", await self._call(Call("POST", "/v1/page", {}, {}, body)))

    async def screen(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment screen call: `POST /v1/screen`."""
        return cast("SendEventsAnswer", await self._call(Call("POST", "/v1/screen", {}, {}, body)))

    async def identify(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment identify call: `POST /v1/identify`."""
        return cast(
            "SendEventsAnswer", await self._call(Call("POST", "/v1/identify", {}, {}, body))
        )

    async def group(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment group call: `POST /v1/group`."""
        return cast("SendEventsAnswer", await self._call(Call("POST", "/v1/group", {}, {}, body)))

    async def alias(self, body: dict[str, Any] | list[Any]) -> SendEventsAnswer:
        """Post a Segment alias call: `POST /v1/alias`."""
        return cast("SendEventsAnswer", await self._call(Call("POST", "/v1/alias", {}, {}, body)))
