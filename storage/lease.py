"""One holder at a time, for a while, with a run number that fences whoever held it before."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from contracts.keys import DELIVERY_OWNER_KEY, DELIVERY_RUN_KEY
from storage.control import Control

LEASE_MS: Final = 6_000
KEEP_MS: Final = 1_500
"""How often a lease is kept, so that some failures in a row do not lose it."""

Command = Sequence[Any]
"""Name, key, arguments."""


class Lease:
    """The right to deliver webhooks. `now` is a monotonic clock (ms) that runs on while we sleep.

    Of two that deliver at the same time, as after a long pause of one, only the holder's
    progress is written.
    """

    def __init__(self, control: Control, now: Callable[[], float]) -> None:
        self.run = 0
        self._control = control
        self._now = now
        self._until = 0.0

    @property
    def held(self) -> bool:
        """Whether it is ours as far as we know: false in time, also without a store to ask."""
        return self.run > 0 and self._now() < self._until

    async def take(self) -> bool:
        """Take the lease if nobody holds it."""
        return await self._ask("take")

    async def keep(self) -> bool:
        """Hold it for longer; false if it was lost."""
        return await self._ask("keep")

    async def give(self) -> None:
        """Give it back, so that another need not wait until it ends."""
        if self.run:
            await self._ask("give")
        self._until = 0.0

    async def write(self, commands: Sequence[Command]) -> None:
        """Do all commands at once; raise `LeaseLostError` if it is not ours any more."""
        words: list[Any] = [self.run]
        for command in commands:
            words += (len(command), *command)
        keys = [DELIVERY_OWNER_KEY, *dict.fromkeys(command[1] for command in commands)]
        await self._control.run("fenced", keys, words)

    async def _ask(self, what: str) -> bool:
        asked = self._now()
        keys = [DELIVERY_OWNER_KEY, DELIVERY_RUN_KEY]
        words, is_new = [what, self.run, LEASE_MS], what == "take"
        # A number that is forgotten would be given to another one too.
        run = int(await self._control.run("lease", keys, words, lasting=is_new))
        if run:
            self.run, self._until = run, asked + LEASE_MS
        else:
            self._until = 0.0
        return run > 0
