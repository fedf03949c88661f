"""The HTTP service put together: which parts, which routes, in which order they start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from starlette.types import ASGIApp

from api import problems
from api.admin import Campaigns
from api.admin import router as admin_router
from api.catalogue import build_router as build_catalogue_router
from api.collect.collector import TOPICS, Collector
from api.collect.examples import SECURITY
from api.collect.log import Log
from api.collect.metrics import CollectMetrics
from api.collect.routes import PATHS, build_router
from api.cors import PageCors
from api.decide.deciding import Deciding
from api.decide.offers import OffersError
from api.decide.offers import load as load_offers
from api.decide.routes import build_router as decide_router
from api.docs_page import add_docs_page
from api.doors import Doors
from api.examples import add_examples
from api.feedback import build_router as build_feedback_router
from api.gate import Gate
from api.key_ring import kept, shared
from api.operation_ids import name_operations
from api.pages.feed import Feed
from api.pages.routes import add_pages, add_tracker, feed_of
from api.privacy import Privacy
from api.privacy import router as privacy_router
from api.rejects import Desk
from api.rejects import router as rejects_router
from api.replays import Comparing
from api.replays import router as replays_router
from api.revealed import Revealed
from api.routing import mount
from api.serve import Serving
from api.serve import router as serve_router
from api.serve.rules import RulesError
from api.serve.rules_file import RulesFile
from api.traced import Traced
from api.triggers.routes import build_router as build_trigger_router
from api.triggers.schema import SECURITY as SECRET_KEY
from api.triggers.triggers import Triggers
from contracts.campaign_files import CampaignFileError, read_folder
from contracts.pseudonyms import Pseudonyms
from contracts.settings import Settings, SettingsError
from contracts.tracing import Tracing


class Service(FastAPI):
    """The application; its OpenAPI document knows the write keys."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return all of it within its doors, the answers to what goes wrong as well."""
        stack = super().build_middleware_stack()
        if self.state.tracing is not None:
            stack = Traced(stack, self.state.tracing)
        if self.state.names.on:
            stack = Revealed(stack, self.state.names)
        return Doors(stack, not self.state.gate.asks, self.state.operations_port)

    def openapi(self) -> dict[str, Any]:
        """Return the document."""
        document = super().openapi()
        document.setdefault("components", {}).setdefault("securitySchemes", {}).update(
            {**SECURITY, **SECRET_KEY}
        )
        name_operations(document)
        add_examples(document)
        return document


def create_app(settings: Settings, instance: str = "") -> FastAPI:
    """Return the service; it connects when it starts. Raises `SettingsError`.

    `/readyz` answers with `instance` in a header, if there is one.
    """
    _check_addresses(settings)
    _check_rules(settings.api.rules_file)
    _check_offers(settings.api.offers_file)
    _check_campaigns(settings.campaigns.folder)
    gate, names = Gate(settings.api), Pseudonyms.of(settings.api)
    tracing = Tracing.of(settings, "api")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        async with (
            Log.open(settings, TOPICS) as log,
            Serving.open(settings, registry) as serving,
            Triggers.open(settings, registry) as triggers,
        ):
            metrics = CollectMetrics(registry)
            app.state.collector = Collector(
                log, metrics, settings.api.max_batch_bytes, names=serving.names
            )
            app.state.serving = serving
            app.state.collector.tracing = serving.tracing = tracing
            app.state.feed = feed_of(serving, triggers.hub)
            app.state.triggers = triggers
            app.state.log = log
            app.state.rejects, app.state.comparing = Desk(settings), Comparing(settings.redis)
            async with (
                Campaigns.open(settings, log, serving.clock) as campaigns,
                Deciding.open(settings, serving, log) as deciding,
                kept(gate, triggers.control),
                shared(gate, settings),
                Privacy.open(settings, log, serving.clock) as privacy,
            ):
                app.state.campaigns = campaigns
                app.state.deciding = deciding
                app.state.privacy = privacy
                yield
            await app.state.feed.close()
        if tracing is not None:
            await asyncio.to_thread(tracing.close)

    app = Service(title="Headrace", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.gate, app.state.operations_port = gate, settings.api.operations_port
    app.state.tracing, app.state.names, app.state.instance = tracing, names, instance
    problems.install(app)
    origins = settings.api.cors_origins or ([] if gate.asks else ["*"])
    app.add_middleware(PageCors, posts=PATHS, origins=origins, gate=gate)
    mount(
        app,
        build_router(),
        serve_router,
        build_feedback_router(),
        build_catalogue_router(),
        admin_router,
        build_trigger_router(),
        decide_router(),
        privacy_router,
        rejects_router,
        replays_router,
    )
    app.add_api_route("/healthz", healthz, methods=["GET"], tags=["operations"])
    app.add_api_route("/healthz", healthz, methods=["HEAD"], include_in_schema=False)
    add_docs_page(app, first=not settings.api.pages)
    add_tracker(app)
    if settings.api.pages:
        add_pages(app)
    return app


def _check_addresses(settings: Settings) -> None:
    for name, address in (
        ("kafka.bootstrap_servers", settings.kafka.bootstrap_servers),
        ("redis.url", settings.redis.url.get_secret_value()),
    ):
        if not address:
            raise SettingsError(f"{name} is empty: set it, or start with `headrace up`")


def _check_rules(file: Path | None) -> None:
    try:
        RulesFile(file)
    except RulesError as error:
        raise SettingsError(f"api.rules_file: {error}") from None


def _check_offers(file: Path | None) -> None:
    try:
        if file is not None:
            load_offers(file)
    except OffersError as error:
        raise SettingsError(f"api.offers_file: {error}") from None


def _check_campaigns(folder: Path | None) -> None:
    try:
        if folder is not None:
            read_folder(folder)
    except CampaignFileError as error:
        raise SettingsError(f"campaigns.folder: {error}") from None


async def healthz() -> Response:
    """Answer while the process runs; `/readyz` says whether it can do its work."""
    return Response(b'{"status":"up"}', media_type="application/json")


def stop_streams(app: FastAPI) -> None:
    """End streams and long polls, which else would hold up a shutdown."""
    triggers: Triggers | None = getattr(app.state, "triggers", None)
    if triggers is not None:
        triggers.hub.stop()
    feed: Feed | None = getattr(app.state, "feed", None)
    if feed is not None:
        feed.stop()
