"""Budgets are charged in one step: never overspent, whoever asks at once."""

import asyncio

import pytest

from contracts.keys import budget_key, offered_key
from contracts.settings import RedisSettings
from storage.budgets import Budgets, Charge
from storage.errors import StoreUnavailable
from tests.storage.servers import StoreServer, free_port


def charge(
    user: str = "ada",
    cost: int = 3,
    limit: int | None = 10,
    often: int | None = None,
    kept_ms: int = 0,
) -> Charge:
    offered = offered_key("shop", "rebate", user)
    budget = budget_key("shop", "rebate", "ever")
    return Charge(budget, offered, cost, limit, kept_ms, often, 60_000)


@pytest.fixture
def clean(store_server: StoreServer) -> StoreServer:
    with store_server.client() as client:
        client.flushall()
    return store_server


def test_many_at_once_spend_no_more_than_there_is(clean: StoreServer) -> None:
    async def play() -> tuple[int, list[int]]:
        several = [Budgets(clean.settings) for _ in range(4)]
        answers = await asyncio.gather(
            *(several[n % 4].charge(charge(f"u{n}")) for n in range(200))
        )
        spent = await several[0].spent([charge().budget])
        for budgets in several:
            await budgets.close()
        return sum(answers), spent

    assert asyncio.run(play()) == (3, [9])


def test_a_person_has_an_offer_so_often_and_others_still_may(clean: StoreServer) -> None:
    async def play() -> list[bool]:
        budgets = Budgets(clean.settings)
        one = charge(limit=None, often=2)
        made = [await budgets.charge(one) for _ in range(3)]
        room = await budgets.room([one, charge("bob", limit=None, often=2), charge(limit=None)])
        await budgets.close()
        return [*made, *room]

    assert asyncio.run(play()) == [True, True, False, False, True, True]


def test_what_a_person_had_under_other_ids_counts_as_well(clean: StoreServer) -> None:
    async def play() -> list[bool]:
        budgets = Budgets(clean.settings)
        device = charge("device:d1", limit=None, often=2)
        both = charge(limit=None, often=2)._replace(before=(device.offered,))
        made = [await budgets.charge(one) for one in (device, both, both)]
        room = await budgets.room([both, device, charge("bob", limit=None, often=2)])
        await budgets.close()
        return [*made, *room]

    assert asyncio.run(play()) == [True, True, False, False, True, True]


def test_a_refused_charge_costs_nothing(clean: StoreServer) -> None:
    async def play() -> list[object]:
        budgets = Budgets(clean.settings)
        first = await budgets.charge(charge(cost=9, limit=10, often=5, kept_ms=50_000))
        second = await budgets.charge(charge(cost=2, limit=10, often=5))
        third = await budgets.charge(charge(cost=1, limit=10, often=5))
        spent = await budgets.spent([charge().budget, "c:budget:shop:other:ever"])
        await budgets.close()
        return [first, second, third, spent]

    assert asyncio.run(play()) == [True, False, True, [10, 0]]
    with clean.client() as client:
        assert client.get(charge().offered) == b"2"
        assert 0 < client.pttl(charge().offered) <= 60_000
        assert 0 < client.pttl(charge().budget) <= 50_000


def test_a_store_that_is_away_is_said_to_be() -> None:
    async def play() -> None:
        settings = RedisSettings(url=f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5)  # type: ignore[arg-type]
        budgets = Budgets(settings)
        assert await budgets.charge(charge(limit=None))
        assert await budgets.room([charge(limit=None)]) == [True]
        with pytest.raises(StoreUnavailable):
            await budgets.charge(charge())
        with pytest.raises(StoreUnavailable):
            await budgets.room([charge()])
        await budgets.close()

    asyncio.run(play())
