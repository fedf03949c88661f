"""How we connect to Redis or Valkey, and what its errors mean to us.

redis-py retries by itself, up to ten times since 8.0, and its defaults for protocol and timeouts
moved between majors: all of that is set here, so that a caller sees each failure once, in time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from contracts.settings import RedisSettings
from storage.errors import StoreError, StoreRefused, StoreUnavailable

TRANSIENT: Final = ("LOADING", "READONLY", "OOM", "MISCONF", "MASTERDOWN", "NOREPLICAS", "BUSY")
"""What the first word of an error reply is when the same command may succeed later."""

_TRANSIENT_TYPES: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    exceptions.ClusterDownError,
    exceptions.TryAgainError,
)
_REFUSED_TYPES: Final = (
    exceptions.AuthenticationError,
    exceptions.AuthorizationError,
    exceptions.NoPermissionError,
)

HINTS: Final = {
    "OOM": "it is full: give it more memory (maxmemory) or shorten the lifetimes",
    "READONLY": "it is a replica: point redis.url at the primary",
    "MISCONF": "it cannot save to disk: free some space there",
    "LOADING": "it is still loading its data",
}


def connect(settings: RedisSettings, **options: Any) -> "redis.Redis":
    """Return a client for the dataflow and the command line; it connects at its first command."""
    url, common = _options(settings)
    with _mended(url):
        return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **common, **options)


def connect_async(settings: RedisSettings, *, connections: int = 32) -> "redis.asyncio.Redis":
    """Return a client for the API, with its own pool; call `aclose` when done.

    Commands have no timeout of their own: put `asyncio.timeout` around them. redis-py's own goes
    through `asyncio.wait_for`, which before Python 3.12 may lose a cancellation, and costs more.
    More than `connections` commands at a time wait for one.
    """
    url, common = _options(settings)
    common["socket_timeout"] = None
    with _mended(url):
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=None,
            retry=AsyncRetry(NoBackoff(), 0),
            **common,
        )
    return redis.asyncio.Redis.from_pool(pool)


def place(url: str) -> str:
    """Return where a URL points, without what must not be logged.

    >>> place("rediss://ops:secret@cache.example:6380/1")
    'cache.example:6380/1'
    """
    return url.rpartition("@")[2].partition("://")[2] or url.rpartition("@")[2]


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what redis-py raises inside into `StoreUnavailable` or `StoreRefused`."""
    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        raise classify(error, where) from error


def classify(error: Exception, where: str) -> StoreError:
    """Return the error of ours that says what a caller should do about one of redis-py's.

    >>> classify(exceptions.ResponseError("MISCONF no disk"), "h:1")
    StoreUnavailable('the store at h:1 cannot be used now: MISCONF no disk (it cannot save to \
disk: free some space there)')
    """
    if isinstance(error, _REFUSED_TYPES):
        return StoreRefused(
            f"the store at {where} refuses us: {error}. Check the user and password in redis.url"
        )
    word = getattr(error, "status_code", None) or str(error).partition(" ")[0]
    if isinstance(error, (*_TRANSIENT_TYPES, OSError)) or word in TRANSIENT:
        hint = f" ({HINTS[word]})" if word in HINTS else ""
        return StoreUnavailable(f"the store at {where} cannot be used now: {error}{hint}")
    return StoreRefused(f"the store at {where} refuses this: {error}")


def _options(settings: RedisSettings) -> tuple[str, dict[str, Any]]:
    url = settings.url.get_secret_value()
    if not url:
        raise StoreRefused("redis.url is empty: set it, or start with the embedded store")
    common: dict[str, Any] = {
        "protocol": 2,
        "decode_responses": False,
        "health_check_interval": 0,
        "socket_timeout": settings.timeout_seconds,
        "socket_connect_timeout": settings.timeout_seconds,
    }
    if settings.ca_file is not None:
        if not url.startswith("rediss://"):
            raise StoreRefused(
                "redis.ca_file is for TLS only: begin redis.url with rediss://, or leave it out"
            )
        common["ssl_ca_certs"] = str(settings.ca_file)
    return url, common


@contextmanager
def _mended(url: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise StoreRefused(f"redis.url ({place(url)}) is not usable: {error}") from None
