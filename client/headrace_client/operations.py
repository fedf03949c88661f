# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of operations, waiting and with asyncio."""

from typing import Any, cast

from headrace_client.calls import Call
from headrace_client.operations_types import ReadyAnswer, StatsAnswer
from headrace_client.transport import AsyncTransport, Transport


class Operations(Transport):
    """Operations of operations."""

    def ready(
        self,
    ) -> ReadyAnswer:
        """Whether answers can be given: `GET /readyz`."""
        return cast("ReadyAnswer", self._call(Call("GET", "/readyz", {}, {})))

    def metrics(
        self,
    ) -> str:
        """Figures for Prometheus: `GET /metrics`."""
        return cast("str", self._call(Call("GET", "/metrics", {}, {})))

    def stats(
        self,
    ) -> StatsAnswer:
        """What became of the events: `GET /v1/stats`."""
        return cast("StatsAnswer", self._call(Call("GET", "/v1/stats", {}, {})))

    def health(
        self,
    ) -> Any:
        """Healthz: `GET /healthz`."""
        return cast("Any", self._call(Call("GET", "/healthz", {}, {})))


class AsyncOperations(AsyncTransport):
    """The same with asyncio."""

    async def ready(
        self,
    ) -> ReadyAnswer:
        """Whether answers can be given: `GET /readyz`."""
        return cast("ReadyAnswer", await self._call(Call("GET", "/readyz", {}, {})))

    async def metrics(
        self,
    ) -> str:
        """Figures for Prometheus: `GET /metrics`."""
        return cast("str", await self._call(Call("GET", "/metrics", {}, {})))

    async def stats(
        self,
    ) -> StatsAnswer:
        """What became of the events: `GET /v1/stats`."""
        return cast("StatsAnswer", await self._call(Call("GET", "/v1/stats", {}, {})))

    async def health(
        self,
    ) -> Any:
        """Healthz: `GET /healthz`."""
        return cast("Any", await self._call(Call("GET", "/healthz", {}, {})))
