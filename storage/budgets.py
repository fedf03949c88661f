"""Budgets of offers in the control keyspace: charged in one step, so that none is overspent."""

from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from contracts.settings import RedisSettings
from storage.control import Control

THOUSANDTHS: Final = 1_000
NO_LIMIT: Final = -1
CHARGED: Final = 1


class Charge(NamedTuple):
    """What an offer costs, and what it is charged to.

    `cost` and `limit` are whole thousandths (`limit` None: no budget), `often` how many times a
    person may have it within `often_ms` (None: any); `before` are counts of the same person under
    other ids, which count as well. `kept_ms` is how long the budget's key stays, 0 for ever.
    """

    budget: str
    offered: str
    cost: int
    limit: int | None
    kept_ms: int
    often: int | None
    often_ms: int
    before: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        """Whether there is nothing to be charged to."""
        return self.limit is None and self.often is None


class Budgets:
    """Reads and charges budgets. Every method is one round trip, and raises `StoreError`."""

    def __init__(self, settings: RedisSettings) -> None:
        """Raises `StoreRefused` if the settings are unusable; it connects at its first use."""
        self._control = Control(settings)

    async def room(self, charges: Sequence[Charge]) -> list[bool]:
        """Say of each whether it could be charged now; those that are free cost nothing to ask."""
        asked = [charge for charge in charges if not charge.free]
        found = iter(await self.spent([key for charge in asked for key in _keys(charge)]))
        fits = {}
        for charge in asked:
            spent, *offered = islice(found, 2 + len(charge.before))
            fits[charge] = _fits(charge, spent, sum(offered))
        return [fits.get(charge, True) for charge in charges]

    async def spent(self, keys: Sequence[str]) -> list[int]:
        """Return what budgets have cost, in thousandths."""
        if not keys:
            return []
        return [int(value or 0) for value in await self._control.ask("MGET", *keys)]

    async def charge(self, charge: Charge) -> bool:
        """Charge an offer that is made; False if that would exceed a limit: then nothing is."""
        if charge.free:
            return True
        limit = NO_LIMIT if charge.limit is None else charge.limit
        often = NO_LIMIT if charge.often is None else charge.often
        given = (charge.cost, limit, charge.kept_ms, often, max(charge.often_ms, 1))
        answer = await self._control.run("spend", _keys(charge), given)
        return int(answer) == CHARGED

    async def close(self) -> None:
        """Give back all connections."""
        await self._control.close()


def _keys(charge: Charge) -> tuple[str, ...]:
    return charge.budget, charge.offered, *charge.before


def _fits(charge: Charge, spent: int, offered: int) -> bool:
    if charge.limit is not None and spent + charge.cost > charge.limit:
        return False
    return charge.often is None or offered < charge.often
