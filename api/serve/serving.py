"""Serving put together: the store behind its guard, the memory, the rules, the log of answers."""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter, time_ns
from typing import Any, Self, TypeVar

from prometheus_client import CollectorRegistry

from api.serve.answers import AnswerList, AnswerLog, AnswerTopic
from api.serve.arms import Arms, champion_of
from api.serve.exploring import Chance
from api.serve.flow_figures import FlowFigures
from api.serve.keeper import Keeper
from api.serve.memory import Site
from api.serve.metrics import ServeMetrics
from api.serve.model_figures import ModelFigures
from api.serve.rules import Rule, RulesError
from api.serve.rules_file import RulesFile
from api.serve.store import Action, Budget, Store
from api.serve.varied import Variety
from contracts.pseudonyms import Pseudonyms
from contracts.settings import Settings, SettingsError
from contracts.tracing import Tracing
from storage.errors import StoreRefused
from storage.redis_reader import RedisReader
from storage.views import ViewReader

T = TypeVar("T")


def now_ms() -> int:
    """Return the wall clock (epoch ms)."""
    return time_ns() // 1_000_000


class Serving:
    """All that answers need, for one event loop. Made by `open`, or of its parts in a test."""

    def __init__(
        self,
        settings: Settings,
        reader: ViewReader,
        answers: AnswerLog,
        registry: CollectorRegistry | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """Raises `SettingsError` if the rules file is not usable."""
        try:
            self._rules = RulesFile(settings.api.rules_file)
        except RulesError as error:
            raise SettingsError(f"api.rules_file: {error}") from None
        self.settings = settings
        self.names = Pseudonyms.of(settings.api)
        self.store = Store(reader, settings.api.store_budget_ms / 1000)
        self.answers = answers
        self.registry = registry if registry is not None else CollectorRegistry()
        self.metrics = ServeMetrics(self.registry)
        self.clock = clock
        self._arms = Arms({str(n): s for n, s in settings.api.arms.items()}, settings.flow.seed)
        self.variety = Variety(settings.api.max_per_category, settings.api.diversity)
        sites = settings.api.known_sites
        self.keeper = Keeper(self.store, settings.namespace, sites, self._rules)
        self.tracing: Tracing | None = None
        self.ends: dict[str, Any] = {}
        """How events ended, as of the last time that somebody asked for figures."""
        self.registry.register(ModelFigures(self._models))
        self.registry.register(FlowFigures(lambda: self.ends, lambda: self.keeper.memory.progress))
        self._add_gauges()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, registry: CollectorRegistry | None = None
    ) -> AsyncIterator[Self]:
        """Start serving at the settings' store and broker, which need not be there yet.

        Raises `SettingsError` if the store's address or the rules file is not usable.
        """
        try:
            reader = RedisReader(settings.redis)
        except StoreRefused as error:
            raise SettingsError(str(error)) from None
        logged = bool(settings.kafka.bootstrap_servers)
        answers: AnswerLog = AnswerTopic.of(settings) if logged else AnswerList(limit=0)
        serving = cls(settings, reader, answers, registry)
        await serving.start()
        try:
            yield serving
        finally:
            await serving.close()

    async def start(self) -> None:
        """Take into memory what the store holds, and keep it so."""
        await self.keeper.start()

    async def close(self) -> None:
        """Stop, and hand on what is still held."""
        await self.keeper.close()
        await self.store.reader.close()
        self.answers.close()

    @property
    def rules(self) -> Sequence[Rule]:
        """The merchandising rules in force."""
        return self._rules.rules

    @property
    def rules_error(self) -> str | None:
        """Why the newest version of the rules file is not in force."""
        return self._rules.error

    def site(self, name: str) -> Site:
        """Return what is held of a site."""
        return self.keeper.memory.sites[name]

    def lag_ms(self) -> int | None:
        """Return how far the views lag behind what was accepted."""
        return self.keeper.memory.lag_ms(self.clock())

    async def read(self, trip: str, action: "Action[T]", budget: Budget) -> T:
        """Make one round trip for an answer; raise `StoreError`."""
        begin = perf_counter()
        try:
            if self.tracing is None:
                return await self.store.read(action, budget)
            with self.tracing.span(f"store {trip}"):
                return await self.store.read(action, budget)
        finally:
            self.metrics.store_seconds(trip)(perf_counter() - begin)

    def arm_of(self, site: str, user: str) -> str:
        """Return who orders the candidates for a person."""
        return self._arms.of(site, user, champion_of(self.site(site).models))

    def chance(self, request: str) -> Chance | None:
        """Return what may draw an item for an answer, if any is to be drawn."""
        share = self.settings.api.explore
        return Chance(share, self.settings.flow.seed, request) if share else None

    def _models(self) -> dict[str, dict[str, Any]]:
        return {name: site.models for name, site in self.keeper.memory.sites.items()}

    def _add_gauges(self) -> None:
        gauge, counter = self.metrics.gauge, self.metrics.counter
        gauge("headrace_serve_store_away", "1 while the store is away", lambda: self.store.away)
        gauge("headrace_serve_lag_seconds", "How far the views lag; NaN: unknown", self._lag)
        gauge("headrace_serve_items", "Items of all sites in memory", self._items)
        gauge("headrace_serve_rules", "Merchandising rules in force", lambda: len(self.rules))
        counter(
            "headrace_serve_ranker_learned",
            "Clicks in lists that the rankers of all sites learnt from",
            self._ranker_learned,
        )
        counter(
            "headrace_serve_answers_logged",
            "Answers that the broker took",
            lambda: self.answers.logged,
        )
        counter(
            "headrace_serve_answers_dropped",
            "Answers that could not be logged",
            lambda: self.answers.dropped,
        )

    def _lag(self) -> float:
        lag = self.lag_ms()
        return math.nan if lag is None else lag / 1000

    def _ranker_learned(self) -> float:
        return sum(site.rank_weights.learned for site in self.keeper.memory.sites.values())

    def _items(self) -> float:
        return sum(len(site.catalogue) for site in self.keeper.memory.sites.values())
