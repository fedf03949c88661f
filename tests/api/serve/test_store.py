"""The budget of an answer and the circuit breaker, against readers that are slow or gone."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from api.serve.store import PATIENCE, SILENCE_SECONDS, Store
from storage.errors import StoreRefused, StoreUnavailable
from storage.memory_views import MemoryViews
from storage.views import ViewReader


def run(scenario: Callable[[Store], Awaitable[None]], budget: float = 0.05) -> None:
    asyncio.run(scenario(Store(MemoryViews(), budget)))


async def never(_: ViewReader) -> None:
    await asyncio.sleep(60)


async def gone(_: ViewReader) -> None:
    raise StoreUnavailable("gone")


async def refused(_: ViewReader) -> None:
    raise StoreRefused("no")


async def well(reader: ViewReader) -> None:
    await reader.ping()


def test_a_budget_is_spent_once_over_all_trips() -> None:
    async def scenario(store: Store) -> None:
        budget = store.budget()
        begin = time.monotonic()
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await store.read(never, budget)
        # Three budgets one after another would take at least 0.9 s.
        assert time.monotonic() - begin < 0.85

    run(scenario, budget=0.3)


def test_a_stall_of_our_own_is_no_slow_store() -> None:
    async def answers_soon(_: ViewReader) -> str:
        await asyncio.sleep(0.02)
        return "answer"

    async def scenario(store: Store) -> None:
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)
        assert await store.read(answers_soon, store.budget()) == "answer"

    run(scenario)


def test_a_failed_connection_opens_the_breaker_after_one_more_try() -> None:
    tries = 0

    async def flaky(_: ViewReader) -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreUnavailable("closed behind our back")
        return "answer"

    async def scenario(store: Store) -> None:
        assert await store.read(flaky, store.budget()) == "answer"
        assert not store.away
        with pytest.raises(StoreUnavailable):
            await store.read(gone, store.budget())
        assert store.away
        with pytest.raises(StoreUnavailable, match="away"):
            await store.read(flaky, store.budget())
        assert tries == 2, "while it is away nobody asks it"
        await store.probe(well, 1)
        assert not store.away
        assert await store.read(flaky, store.budget()) == "answer"

    run(scenario, budget=5)


def test_timeouts_open_the_breaker_only_in_a_row_and_over_a_while() -> None:
    async def scenario(store: Store) -> None:
        await store.read(well, store.budget())
        for _ in range(PATIENCE + 1):
            with pytest.raises(StoreUnavailable):
                await store.read(never, store.budget())
        assert not store.away
        await asyncio.sleep(SILENCE_SECONDS)
        await store.read(well, store.budget())
        with pytest.raises(StoreUnavailable):
            await store.read(never, store.budget())
        assert not store.away
        await asyncio.sleep(SILENCE_SECONDS)
        for _ in range(PATIENCE - 1):
            with pytest.raises(StoreUnavailable):
                await store.read(never, store.budget())
        assert store.away

    run(scenario, budget=0.001)


def test_a_refusal_is_the_answers_own_trouble() -> None:
    async def scenario(store: Store) -> None:
        with pytest.raises(StoreRefused):
            await store.read(refused, store.budget())
        assert not store.away

    run(scenario)


def test_a_probe_notices_that_the_store_is_away() -> None:
    async def scenario(store: Store) -> None:
        with pytest.raises(StoreUnavailable):
            await store.probe(never, 0.01)
        assert store.away

    run(scenario)
