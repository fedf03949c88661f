"""Browsers may post events from the pages of other origins, and to nothing else."""

from collections.abc import Collection, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class CollectCors:
    """CORS for some paths. Bodies sent as `text/plain`, as `sendBeacon` does, need no preflight."""

    def __init__(self, app: ASGIApp, paths: Collection[str], origins: Sequence[str]) -> None:
        self._app = app
        self._paths = paths
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["POST"],
            allow_headers=["*"],
            expose_headers=["Retry-After"],
            max_age=86_400,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        shared = scope["type"] == "http" and scope["path"] in self._paths
        await (self._cors if shared else self._app)(scope, receive, send)
