# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of operations, waiting and with asyncio."""

from typing import Any, Literal, cast

from headrace_client.calls import Call
from headrace_client.operations_types import (
    DropRejectAnswer,
    DropRejectBody,
    ReadyAnswer,
    RejectAnswer,
    RejectsAnswer,
    ReplayDiffAnswer,
    ReplaysAnswer,
    RetryRejectAnswer,
    RetryRejectBody,
    StatsAnswer,
)
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

    def rejects(
        self,
        *,
        state: Literal["open", "retried", "dropped"] | None = None,
        reason: str | None = None,
        n: int | None = None,
        cursor: str | None = None,
        site: str | None = None,
    ) -> RejectsAnswer:
        """List refused events: `GET /v1/rejects`."""
        return cast(
            "RejectsAnswer",
            self._call(
                Call(
                    "GET",
                    "/v1/rejects",
                    {},
                    {"state": state, "reason": reason, "n": n, "cursor": cursor, "site": site},
                )
            ),
        )

    def reject(self, id: str, *, site: str | None = None) -> RejectAnswer:
        """Show a refused event: `GET /v1/rejects/{id}`."""
        return cast(
            "RejectAnswer", self._call(Call("GET", "/v1/rejects/{id}", {"id": id}, {"site": site}))
        )

    def retry_reject(
        self, id: str, body: RetryRejectBody, *, site: str | None = None
    ) -> RetryRejectAnswer:
        """Send a refused event again: `POST /v1/rejects/{id}/retry`."""
        return cast(
            "RetryRejectAnswer",
            self._call(Call("POST", "/v1/rejects/{id}/retry", {"id": id}, {"site": site}, body)),
        )

    def drop_reject(
        self, id: str, body: DropRejectBody, *, site: str | None = None
    ) -> DropRejectAnswer:
        """Let a refused event go: `POST /v1/rejects/{id}/drop`."""
        return cast(
            "DropRejectAnswer",
            self._call(Call("POST", "/v1/rejects/{id}/drop", {"id": id}, {"site": site}, body)),
        )

    def replays(self, *, site: str | None = None) -> ReplaysAnswer:
        """List replays: `GET /v1/replays`."""
        return cast("ReplaysAnswer", self._call(Call("GET", "/v1/replays", {}, {"site": site})))

    def replay_diff(self, *, a: str, b: str, site: str | None = None) -> ReplayDiffAnswer:
        """Compare two namespaces: `GET /v1/replays/diff`."""
        return cast(
            "ReplayDiffAnswer",
            self._call(Call("GET", "/v1/replays/diff", {}, {"a": a, "b": b, "site": site})),
        )

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

    async def rejects(
        self,
        *,
        state: Literal["open", "retried", "dropped"] | None = None,
        reason: str | None = None,
        n: int | None = None,
        cursor: str | None = None,
        site: str | None = None,
    ) -> RejectsAnswer:
        """List refused events: `GET /v1/rejects`."""
        return cast(
            "RejectsAnswer",
            await self._call(
                Call(
                    "GET",
                    "/v1/rejects",
                    {},
                    {"state": state, "reason": reason, "n": n, "cursor": cursor, "site": site},
                )
            ),
        )

    async def reject(self, id: str, *, site: str | None = None) -> RejectAnswer:
        """Show a refused event: `GET /v1/rejects/{id}`."""
        return cast(
            "RejectAnswer",
            await self._call(Call("GET", "/v1/rejects/{id}", {"id": id}, {"site": site})),
        )

    async def retry_reject(
        self, id: str, body: RetryRejectBody, *, site: str | None = None
    ) -> RetryRejectAnswer:
        """Send a refused event again: `POST /v1/rejects/{id}/retry`."""
        return cast(
            "RetryRejectAnswer",
            await self._call(
                Call("POST", "/v1/rejects/{id}/retry", {"id": id}, {"site": site}, body)
            ),
        )

    async def drop_reject(
        self, id: str, body: DropRejectBody, *, site: str | None = None
    ) -> DropRejectAnswer:
        """Let a refused event go: `POST /v1/rejects/{id}/drop`."""
        return cast(
            "DropRejectAnswer",
            await self._call(
                Call("POST", "/v1/rejects/{id}/drop", {"id": id}, {"site": site}, body)
            ),
        )

    async def replays(self, *, site: str | None = None) -> ReplaysAnswer:
        """List replays: `GET /v1/replays`."""
        return cast(
            "ReplaysAnswer", await self._call(Call("GET", "/v1/replays", {}, {"site": site}))
        )

    async def replay_diff(self, *, a: str, b: str, site: str | None = None) -> ReplayDiffAnswer:
        """Compare two namespaces: `GET /v1/replays/diff`."""
        return cast(
            "ReplayDiffAnswer",
            await self._call(Call("GET", "/v1/replays/diff", {}, {"a": a, "b": b, "site": site})),
        )

    async def health(
        self,
    ) -> Any:
        """Healthz: `GET /healthz`."""
        return cast("Any", await self._call(Call("GET", "/healthz", {}, {})))
