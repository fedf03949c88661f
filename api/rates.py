"""How often a key, or an address, may ask: counted here, and once a second with all processes.

A request costs a look into a map. What was counted is added up in the store by the library
`limits` in the background, for those names only that come near their limit; while the store is
away each process goes by its own count, so that an outage refuses nobody who would not be refused
anyway. Several processes may together let through what they take within a second.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, NamedTuple

from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool

from contracts.keys import RATES_PREFIX

WINDOW_SECONDS: Final = 10
SHARE_SECONDS: Final = 1.0
NEAR: Final = 0.1
"""Share of the limit below which nobody else needs to know."""

MOST_NAMES: Final = 100_000
"""Names of one window: more are let through uncounted, since memory is bounded."""

logger = logging.getLogger("headrace.api")


class Verdict(NamedTuple):
    """What a policy says: how many are `left` in this window, which ends in `seconds`."""

    policy: str
    limit: int
    left: int
    seconds: int

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The fields of draft-ietf-httpapi-ratelimit-headers."""
        return [
            (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (self._name, self.limit, WINDOW_SECONDS)),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (self._name, max(self.left, 0), self.seconds)),
        ]

    @property
    def _name(self) -> bytes:
        return self.policy.encode()


class Count:
    """How often one name was met in this window: here, of that told, and by the others."""

    __slots__ = ("here", "others", "told")

    def __init__(self) -> None:
        self.here = self.told = self.others = 0


class Rate:
    """One policy: at most `per_second`, averaged over a window. 0: no limit.

    >>> rate = Rate("key", 0.2, clock=lambda: 100.0)
    >>> [rate.hit("shop").left for _ in range(3)]
    [1, 0, -1]
    """

    def __init__(
        self, policy: str, per_second: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.policy = policy
        self.limit = max(1, round(per_second * WINDOW_SECONDS)) if per_second else 0
        self._clock = clock
        self.window = 0
        self.counts: dict[str, Count] = {}

    def hit(self, name: str) -> Verdict:
        """Count one request; `left` is negative if it is one too many."""
        now = self._clock()
        window = int(now) // WINDOW_SECONDS
        if window != self.window:
            self.window, self.counts = window, {}
        count = self.counts.get(name)
        if count is None:
            count = Count()
            if len(self.counts) < MOST_NAMES:
                self.counts[name] = count
        count.here += 1
        left = self.limit - count.here - count.others
        return Verdict(self.policy, self.limit, left, WINDOW_SECONDS - int(now) % WINDOW_SECONDS)

    def near(self) -> list[tuple[str, Count]]:
        """Return those whose count the others should know of."""
        least = self.limit * NEAR
        return [one for one in self.counts.items() if one[1].here + one[1].others >= least]


class Shared:
    """Adds up in the store what each process counts."""

    def __init__(self, rates: list[Rate], pool: ConnectionPool, url: str) -> None:
        self._rates = rates
        # Its protocol is untyped, and takes the pool in place of the address.
        given: dict[str, Any] = {"connection_pool": pool}
        self._storage = RedisStorage(
            url, implementation="redispy", key_prefix=RATES_PREFIX, **given
        )

    async def run(self) -> None:
        """Share again and again, whatever fails."""
        while True:
            await asyncio.sleep(SHARE_SECONDS)
            try:
                async with asyncio.timeout(SHARE_SECONDS):
                    await self.share()
            except Exception as error:
                # Whatever it is: each process goes by its own count.
                logger.debug("rates are not shared now: %r", error)

    async def share(self) -> None:
        """Tell what was counted here, and learn what the others did."""
        for rate in self._rates:
            window = rate.window
            for name, count in rate.near():
                more = count.here - count.told
                key = f"{rate.policy}/{name}/{window}"
                total = await self._storage.incr(key, 2 * WINDOW_SECONDS, amount=more)
                count.told += more
                count.others = max(0, total - count.told)


def address_name(host: str) -> str:
    """Return what an address is counted as: nobody reads it back, and it is gone within 20 s.

    Of IPv6 the network counts, since a subscriber has all of a /64.

    >>> address_name("2001:db8::1") == address_name("2001:db8::ffff") != address_name("10.0.0.1")
    True
    """
    try:
        address = ip_address(host)
    except ValueError:
        raw = host.encode("utf-8", "replace")
    else:
        raw = address.packed[:8] if isinstance(address, IPv6Address) else address.packed
    return blake2b(raw, digest_size=8).hexdigest()
