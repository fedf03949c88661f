"""One attempt to deliver a trigger: signed, bounded in time and size, never redirected.

Signed as Standard Webhooks describe, https://www.standardwebhooks.com: `webhook-id` is the
trigger's id and stays the same over all attempts, so that a receiver can tell repeats.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from standardwebhooks import Webhook
from yarl import URL

from api.webhooks.targets import CheckedNames, RefusedTargetError, Targets
from contracts.cloudevents import MEDIA_TYPE

CONNECTIONS: Final = 24
MAX_ERROR: Final = 256
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
        self._url = URL(str(checked), encoded=True)
        self._clock = clock
        self._seconds = timeout_seconds
        names = CheckedNames(targets, plain=checked.scheme == "http")
        self._session = ClientSession(
            connector=TCPConnector(
                limit=CONNECTIONS,
                resolver=names,
                socket_factory=names.open_socket,
                use_dns_cache=False,  # what a name means is checked for each connection
                ssl=targets.ssl_context,
                keepalive_timeout=30.0,
            ),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            timeout=ClientTimeout(total=timeout_seconds),
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        )

    async def send(self, id_: str, event: bytes, secrets: Sequence[str]) -> Outcome:
        """Post one trigger; say what came of it. Raises nothing but cancellation."""
        headers = self._headers(id_, event, secrets)
        try:
            async with self._session.post(
                self._url, data=event, headers=headers, allow_redirects=False
            ) as answer:
                await _read(answer)
                return outcome_of(answer.status, answer.headers, self._clock())
        except TimeoutError:
            return Outcome(f"no answer within {self._seconds:g} s")
        except ClientConnectorCertificateError as error:
            return Outcome(f"{error.certificate_error}"[:MAX_ERROR])
        except ClientConnectorError as error:
            return Outcome(f"{error.os_error}"[:MAX_ERROR])
        except ServerDisconnectedError:
            return Outcome("the connection ended before the answer")
        except RefusedTargetError as error:
            return Outcome(str(error)[:MAX_ERROR])
        except Exception as error:
            # Whatever a host did to the client, it is that host's attempt that failed. Not what
            # the error says: it may hold the URL, and that a token.
            return Outcome(f"no answer of HTTP: {type(error).__name__}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _headers(self, id_: str, event: bytes, secrets: Sequence[str]) -> dict[str, str]:
        now, text = self._clock(), event.decode("utf-8", "replace")
        signatures = (Webhook(secret).sign(id_, now, text) for secret in secrets)
        return {
            "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
            "User-Agent": "Headrace-Webhooks/1",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


async def _read(answer: ClientResponse) -> None:
    """Read an answer to its end, so that the connection can be used again, unless it is long."""
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER:
            answer.close()
            return


def outcome_of(status: int, headers: Mapping[str, str], now: datetime) -> Outcome:
    """Return what an answer means."""
    if 200 <= status < 300:
        return Outcome(status=status)
    error = f"answered {status}"
    if 300 <= status < 400:
        error += ": redirects are not followed, give the address that it leads to"
    found = headers.get("Retry-After")
    return Outcome(error, status, _seconds(found, now) if found is not None else None)


def _seconds(text: str, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` says, a day at most; None if it says nothing.

    >>> now = datetime(2015, 10, 21, 7, 28, tzinfo=UTC)
    >>> _seconds("120", now), _seconds("Wed, 21 Oct 2015 07:29:00 GMT", now), _seconds("x", now)
    (120.0, 60.0, None)
    """
    longest, text = LONGEST_RETRY_AFTER.total_seconds(), text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), longest)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), longest)
