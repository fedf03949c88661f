"""One attempt to deliver a trigger: signed, bounded in time and size, never redirected.

Signed as Standard Webhooks describe, https://www.standardwebhooks.com: `webhook-id` is the
trigger's id and stays the same over all attempts, so that a receiver can tell repeats.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import httpcore
from standardwebhooks import Webhook

from api.webhooks.targets import CheckedNetwork, RefusedTargetError, Targets
from contracts.cloudevents import MEDIA_TYPE

CONNECTIONS: Final = 24
MAX_ANSWER: Final = 16_384
"""Bytes of an answer that are read so that its connection can be used again; of a longer one the
connection is closed. What it says does not matter."""
GONE: Final = 410
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)


class Outcome(NamedTuple):
    """What came of an attempt; `error` is empty if it was delivered."""

    error: str = ""
    status: int | None = None
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return not self.error


class Sender:
    """Sends to one URL, over connections that are kept; `aclose` when done."""

    def __init__(
        self,
        url: str,
        targets: Targets,
        timeout_seconds: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises `RefusedTargetError`."""
        checked = targets.check_url(url)
        self._url = httpcore.URL(
            scheme=checked.raw_scheme,
            host=checked.raw_host,
            port=checked.port,
            target=checked.raw_path,
        )
        self._host = checked.netloc
        self._seconds = timeout_seconds
        self._clock = clock
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=targets.ssl_context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=30.0,
            network_backend=CheckedNetwork(targets, plain=checked.scheme == "http"),
        )

    async def send(self, id_: str, event: bytes, secrets: Sequence[str]) -> Outcome:
        """Post one trigger; say what came of it. Raises nothing but cancellation."""
        headers = self._headers(id_, event, secrets)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._post(headers, event)
        except (TimeoutError, httpcore.TimeoutException):
            return Outcome(f"no answer within {self._seconds:g} s")
        except RefusedTargetError as error:
            return Outcome(str(error))
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return Outcome(f"{type(error).__name__}: {error}"[:256])
        except Exception as error:
            # Whatever a host did to the client, it is that host's attempt that failed.
            return Outcome(f"{type(error).__name__}"[:256])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def _post(self, headers: list[tuple[bytes, bytes]], event: bytes) -> Outcome:
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)}
        async with self._pool.stream(
            b"POST", self._url, headers=headers, content=event, extensions=limits
        ) as answer:
            size = 0
            async for chunk in answer.aiter_stream():
                size += len(chunk)
                if size > MAX_ANSWER:
                    break
        return outcome_of(answer.status, answer.headers, self._clock())

    def _headers(self, id_: str, event: bytes, secrets: Sequence[str]) -> list[tuple[bytes, bytes]]:
        now, text = self._clock(), event.decode("utf-8", "replace")
        signatures = (Webhook(secret).sign(id_, now, text) for secret in secrets)
        named = {
            "content-type": f"{MEDIA_TYPE}; charset=utf-8",
            "content-length": str(len(event)),
            "user-agent": "Headrace-Webhooks/1",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        encoded = [(name.encode(), value.encode("utf-8")) for name, value in named.items()]
        return [(b"host", self._host), *encoded]


def outcome_of(status: int, headers: Sequence[tuple[bytes, bytes]], now: datetime) -> Outcome:
    """Return what an answer means."""
    if 200 <= status < 300:
        return Outcome(status=status)
    error = f"answered {status}"
    if 300 <= status < 400:
        error += ": redirects are not followed, give the address that it leads to"
    found = next((value for name, value in headers if name.lower() == b"retry-after"), None)
    return Outcome(error, status, _seconds(found, now) if found is not None else None)


def _seconds(raw: bytes, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` says, a day at most; None if it says nothing.

    >>> now = datetime(2015, 10, 21, 7, 28, tzinfo=UTC)
    >>> _seconds(b"120", now), _seconds(b"Wed, 21 Oct 2015 07:29:00 GMT", now), _seconds(b"x", now)
    (120.0, 60.0, None)
    """
    longest, text = LONGEST_RETRY_AFTER.total_seconds(), raw.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), longest)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), longest)
