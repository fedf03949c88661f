"""What is kept of the delivery of one subscription; webhooks' is written under the lease only.

Every change comes as commands, so that a batch of them is one step: what was delivered, what
waits for another attempt, and how far the stream has been read belong together.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from contracts.codec import decode_json, encode_json, pack
from contracts.keys import DELIVERY_PARTS, delivery_key, delivery_prefix
from contracts.subscriptions import DeadLetter, Pending, Position, Progress, Replay
from storage.control import Control
from storage.lease import Command

MAX_DEAD: Final = 10_000
"""Dead letters that are kept; older ones go, and are counted."""

_pending: Final = msgspec.msgpack.Decoder(Pending)


class Delivery:
    """One subscription's delivery: reading it, and the commands that change it."""

    def __init__(self, control: Control, site: str, subscription: str) -> None:
        self._control = control
        keys = {part: delivery_key(site, subscription, part) for part in DELIVERY_PARTS}
        self._progress, self._pending, self._due = keys["progress"], keys["pending"], keys["due"]
        self._dead, self._replays = keys["dead"], keys["replays"]

    async def progress(self) -> Progress:
        """Return how far it has come."""
        return Progress.of(_pairs(await self._control.ask("HGETALL", self._progress)))

    async def counted(self) -> tuple[Progress, int, int]:
        """Return how far it has come, how many triggers wait, and how many dead letters are kept.

        One round trip.
        """
        asked = (("HGETALL", self._progress), ("ZCARD", self._due), ("XLEN", self._dead))
        flat, waiting, dead = await self._control.ask_all(asked)
        return Progress.of(_pairs(flat)), int(waiting), int(dead)

    async def waiting(self) -> int:
        """Return how many triggers wait for another attempt."""
        return int(await self._control.ask("ZCARD", self._due))

    async def due(self, now: int, limit: int) -> dict[str, Pending]:
        """Return what is due for another attempt, the longest due first. Two round trips."""
        ids = await self._control.ask("ZRANGEBYSCORE", self._due, "-inf", now, "LIMIT", 0, limit)
        if not ids:
            return {}
        raws = await self._control.ask("HMGET", self._pending, *ids)
        found = zip(ids, raws, strict=True)
        return {id_.decode(): _pending.decode(raw) for id_, raw in found if raw is not None}

    async def next_due(self) -> int | None:
        """Return when the next attempt is due (epoch ms)."""
        first = await self._control.ask("ZRANGE", self._due, 0, 0, "WITHSCORES")
        return int(float(first[1])) if first else None

    async def soonest(self, limit: int) -> list[str]:
        """Return the ids of what waits for another attempt, the soonest due first."""
        found = await self._control.ask("ZRANGE", self._due, 0, limit - 1)
        return [id_.decode() for id_ in found]

    async def dead(self, after: str, limit: int) -> list[tuple[str, DeadLetter]]:
        """Return dead letters after an id of this list, the oldest first."""
        found = await self._control.ask("XRANGE", self._dead, f"({after}", "+", "COUNT", limit)
        return [(id_.decode(), decode_json(one[b"letter"], DeadLetter)) for id_, one in found]

    async def replays(self) -> list[Replay]:
        """Return the replays that were asked for and are not done, the oldest first."""
        raws = await self._control.ask("LRANGE", self._replays, 0, -1)
        return [decode_json(raw, Replay) for raw in raws]

    async def ask_replay(self, replay: Replay) -> None:
        """Put a replay at the end of those that wait."""
        await self._control.ask("RPUSH", self._replays, encode_json(replay))

    async def advance(self, position: Position, lost: int) -> None:
        """Note how far a reader that asks has come: forward only. For what is pulled."""
        await self._control.run("advance", [self._progress], [str(position), lost])

    def set(self, **fields: Any) -> Command:
        """Return the command that sets fields of the progress."""
        return ("HSET", self._progress, *(word for pair in fields.items() for word in pair))

    def count(self, field: str, by: int) -> Command:
        """Return the command that adds to a count of the progress."""
        return ("HINCRBY", self._progress, field, by)

    def keep(self, id_: str, pending: Pending, due: int) -> Iterator[Command]:
        """Yield the commands that keep a trigger for another attempt at `due`."""
        yield ("HSET", self._pending, id_, pack(pending))
        yield ("ZADD", self._due, due, id_)

    def drop(self, id_: str) -> Iterator[Command]:
        """Yield the commands that forget a trigger that waited."""
        yield ("HDEL", self._pending, id_)
        yield ("ZREM", self._due, id_)

    def postpone(self, id_: str, due: int) -> Command:
        """Return the command that moves the attempt of a trigger that waits."""
        return ("ZADD", self._due, "XX", due, id_)

    def bury(self, letter: DeadLetter) -> Iterator[Command]:
        """Yield the commands that add a dead letter."""
        raw = encode_json(letter)
        yield ("XADD", self._dead, "MAXLEN", "=", MAX_DEAD, "*", "letter", raw)

    def raise_dead(self, id_: str) -> Command:
        """Return the command that takes a dead letter off the list."""
        return ("XDEL", self._dead, id_)

    def set_replay(self, replay: Replay) -> Command:
        """Return the command that notes how far the oldest replay has come."""
        return ("LSET", self._replays, 0, encode_json(replay))

    def end_replay(self) -> Command:
        """Return the command that ends the oldest replay."""
        return ("LPOP", self._replays)

    def forget(self) -> Command:
        """Return the command that removes all of it."""
        return ("UNLINK", self._progress, self._pending, self._due, self._dead, self._replays)


async def known(control: Control, site: str) -> set[str]:
    """Return the subscriptions of a site that anything is kept of. Scans the store."""
    prefix, found, cursor = delivery_prefix(site), set[str](), b"0"
    while True:
        match = ("MATCH", f"{prefix}*", "COUNT", 1_000)
        cursor, keys = await control.ask("SCAN", cursor, *match)
        found.update(key.decode().removeprefix(prefix).partition(":")[0] for key in keys)
        if int(cursor) == 0:
            return found


def _pairs(raw: Any) -> dict[bytes, bytes]:
    return raw if isinstance(raw, dict) else dict(zip(raw[::2], raw[1::2], strict=True))
