"""The HTTP service put together: which parts, which routes, in which order they start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry

from api import problems
from api.auth import WriteKeys
from api.collect.collector import TOPICS, Collector
from api.collect.cors import CollectCors
from api.collect.log import Log
from api.collect.metrics import CollectMetrics
from api.collect.routes import PATHS, build_router
from contracts.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Return the service; it connects when it starts. Raises `SettingsError`."""
    keys = WriteKeys.of(settings.api)
    registry = CollectorRegistry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log = Log.of(settings, TOPICS)
        await log.start()
        try:
            app.state.log = log
            app.state.collector = Collector(
                keys, log, CollectMetrics(registry), settings.api.max_batch_bytes
            )
            yield
        finally:
            await log.close()

    app = FastAPI(title="Headrace", lifespan=lifespan, docs_url="/docs", redoc_url=None)
    app.state.settings = settings
    app.state.registry = registry
    problems.install(app)
    origins = settings.api.cors_origins or ([] if keys.required else ["*"])
    app.add_middleware(CollectCors, paths=PATHS, origins=origins)
    app.include_router(build_router())
    app.add_api_route("/healthz", healthz, methods=["GET"], tags=["operations"])
    return app


async def healthz() -> Response:
    """Answer while the process runs; `/readyz` says whether it can do its work."""
    return Response(b'{"status":"up"}', media_type="application/json")
