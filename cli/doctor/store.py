"""Whether the store keeps what it is given, and is near."""

import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli.doctor.finding import Finding, fail, ok, warn
from contracts.settings import RedisSettings
from storage.connection import connect, place, translated
from storage.errors import StoreError
from storage.lasting import why_not

AREA: Final = "store"
OLDEST: Final = 7
PINGS: Final = 7
FAR_MS: Final = 5.0
"""Two round trips of it would take a third of the time that an answer may wait for the store."""
SKEW_MS: Final = 500.0
FULL, NEARLY_FULL = 0.95, 0.8


def check_store(settings: RedisSettings) -> Iterator[Finding]:
    """Yield what is found of the store that the settings name. It writes nothing."""
    if not settings.url.get_secret_value():
        yield ok(AREA, "reach", "the embedded store; `headrace up` starts it")
        return
    where = place(settings.url.get_secret_value())
    try:
        with connect(settings) as client, translated(where):
            info: Mapping[str, Any] = client.info()
            trips = [_timed(client) for _ in range(PINGS)]
            blind = why_not(client)
    except StoreError as error:
        yield fail(AREA, "reach", str(error), "start it, or set redis.url to where it is")
        return
    round_trip = statistics.median(ms for ms, _ in trips)
    yield _near(f"{_name(info)} at {where}", round_trip)
    yield from judged(info)
    yield saving_found(blind)
    # The shortest trip tells most exactly what time it was over there.
    yield skew_found(AREA, min(trips)[1])


def judged(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what the store's own INFO tells."""
    yield _version(info)
    yield _role(info)
    yield _eviction(info)
    yield _persistence(info)
    yield _memory(info)


def saving_found(blind: str | None) -> Finding:
    """Return what is to be said of a store that cannot say, or why, what is on its disk."""
    if blind is None:
        return ok(AREA, "saving", "it says what is on its disk: control data is waited for")
    mend = "set `appendonly yes` and `appendfsync everysec`, on Valkey or Redis 7.2: else"
    mend += " campaigns, keys and subscriptions of its last seconds are lost when it is killed"
    return warn(AREA, "saving", f"it cannot say what is on its disk: {blind}", mend)


def skew_found(area: str, ahead_ms: float) -> Finding:
    """Return what is to be said of a clock that is `ahead_ms` before this machine's."""
    text = f"its clock is {abs(ahead_ms):,.0f} ms {'ahead of' if ahead_ms > 0 else 'behind'} ours"
    if abs(ahead_ms) <= SKEW_MS:
        return ok(area, "clock", text)
    return warn(area, "clock", text, "let NTP (chrony, systemd-timesyncd) set both clocks")


def _timed(client: Any) -> tuple[float, float]:
    """Return a round trip (ms), and how far the store's clock is ahead of ours (ms)."""
    before, started = time.time(), time.perf_counter()
    seconds, microseconds = client.time()
    trip = time.perf_counter() - started
    return trip * 1000, (seconds + microseconds / 1e6 - before - trip / 2) * 1000


def _name(info: Mapping[str, Any]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', 'of an unknown version')}"


def _near(what: str, round_trip: float) -> Finding:
    text = f"{what} answers in {round_trip:.2f} ms"
    if round_trip <= FAR_MS:
        return ok(AREA, "reach", text)
    mend = "put it nearer to the API: an answer takes up to two round trips"
    return warn(AREA, "reach", text, mend)


def _version(info: Mapping[str, Any]) -> Finding:
    version = str(info.get("redis_version", "0"))
    text = f"it speaks the commands of Redis {version}"
    if int(version.partition(".")[0]) >= OLDEST:
        return ok(AREA, "version", text)
    return fail(AREA, "version", text, f"install Redis {OLDEST} or newer, or Valkey")


def _role(info: Mapping[str, Any]) -> Finding:
    if info.get("cluster_enabled"):
        mend = "use one primary: a write of the flow spans many keys"
        return fail(AREA, "role", "it is a Redis Cluster", mend)
    if info.get("role", "master") != "master":
        return fail(AREA, "role", "it is a replica", "point redis.url at the primary")
    return ok(AREA, "role", "it is a primary")


def _eviction(info: Mapping[str, Any]) -> Finding:
    policy, limit = info.get("maxmemory_policy", "unknown"), info.get("maxmemory", 0)
    text = f"maxmemory-policy is {policy}, maxmemory {limit or 'not set'}"
    if policy == "noeviction":
        return ok(AREA, "eviction", text)
    mend = "CONFIG SET maxmemory-policy noeviction, and in its configuration: else it throws away"
    mend += " campaigns, keys and profiles when it is full"
    return (fail if limit else warn)(AREA, "eviction", text, mend)


def _persistence(info: Mapping[str, Any]) -> Finding:
    if not info.get("aof_enabled"):
        mend = "set `appendonly yes`: else campaigns, keys and triggers of its last minutes are"
        mend += " lost with it"
        return warn(AREA, "persistence", "appendonly is off", mend)
    if (status := info.get("aof_last_write_status", "ok")) != "ok":
        mend = "free space where it keeps its files, and look at its log"
        return fail(AREA, "persistence", f"its last write to disk: {status}", mend)
    return ok(AREA, "persistence", "appendonly is on, and its last write went well")


def _memory(info: Mapping[str, Any]) -> Finding:
    used, limit = info.get("used_memory", 0), info.get("maxmemory", 0)
    text = f"{used / 2**20:,.0f} MiB in use"
    if not limit:
        return ok(AREA, "memory", text)
    share = used / limit
    text += f", {share:.0%} of maxmemory"
    mend = "raise maxmemory; docs/operations.md says what a person takes"
    if share > NEARLY_FULL:
        return (fail if share > FULL else warn)(AREA, "memory", text, mend)
    return ok(AREA, "memory", text)
