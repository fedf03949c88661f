"""Waiting until what was written is on the store's disk, for what nothing can make again.

A store that saves its append-only file once a second forgets what it acknowledged in its last one
when it is killed. Asked by `WAITAOF` (Valkey, Redis 7.2), it saves at once and says when it has.
Where it cannot tell, nothing is waited for, and that is said once.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from redis.exceptions import ResponseError

from storage.connection import translated
from storage.errors import StoreUnavailable

WAIT_S: Final = 1.5
"""Less than a command's own time limit, and longer than a disk takes that is not failing."""
ASK: Final = ("WAITAOF", 1, 0, round(WAIT_S * 1000))
POLICY: Final = ("CONFIG", "GET", "appendfsync")

_told: set[str] = set()

logger = logging.getLogger("headrace.store")


@contextmanager
def lasting(client: Any, where: str) -> Iterator[Any]:
    """A connection of a client: what is written to it is on the store's disk when this ends.

    Raises `StoreError`; `StoreUnavailable` also if it was written, and not saved in time.
    """
    with translated(where), client.client() as connection:
        yield connection
        try:
            saved = connection.execute_command(*ASK)
        except ResponseError as error:
            cannot_tell(where, str(error))
            return
        if not is_saved(saved):
            check_policy(where, _policy(connection))


async def until_saved(connection: Any, where: str) -> None:
    """Wait for what was written to one connection, asyncio; raise `StoreUnavailable`."""
    try:
        saved = await connection.execute_command(*ASK)
    except ResponseError as error:
        cannot_tell(where, str(error))
        return
    if not is_saved(saved):
        try:
            answer = await connection.execute_command(*POLICY)
        except ResponseError:
            answer = None
        check_policy(where, answer)


def why_not(client: Any) -> str | None:
    """Return why a store cannot say what is on its disk; None if it can. Writes nothing."""
    try:
        client.execute_command(*ASK)
    except ResponseError as error:
        return str(error)
    return "appendfsync is no" if _is_never(_policy(client)) else None


def is_saved(answer: Any) -> bool:
    """Read the answer to `ASK`: how many disks have it, the store's own and those of replicas."""
    return int(answer[0]) > 0


def check_policy(where: str, answer: Any) -> None:
    """Say by the answer to `POLICY` what it means that nothing was saved in time."""
    if _is_never(answer):
        cannot_tell(where, "appendfsync is no")
        return
    raise StoreUnavailable(
        f"the store at {where} did not save within {WAIT_S} s what it was told: is its disk full, "
        "or busy? It may have it all the same"
    )


def cannot_tell(where: str, reason: str) -> None:
    """Log, once, that what was written last is lost with the store."""
    if where not in _told:
        _told.add(where)
        logger.warning(
            "the store at %s cannot say what is on its disk (%s): campaigns, keys and "
            "subscriptions that change in its last seconds are lost when it is killed. Set "
            "`appendonly yes` and `appendfsync everysec`, on Valkey or Redis 7.2",
            where,
            reason,
        )


def _is_never(answer: Any) -> bool:
    return b"no" in (answer.values() if isinstance(answer, dict) else answer or ())


def _policy(connection: Any) -> Any:
    try:
        return connection.execute_command(*POLICY)
    except ResponseError:
        return None
