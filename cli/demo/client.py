"""The API as the demo's shoppers see it: over HTTP, like everybody else."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from contracts.codec import encode_json
from contracts.decisions import Recommendation
from contracts.events import Event

T = TypeVar("T")

CONNECTIONS: Final = 32
TIMEOUT_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE: Final = 5.0
JSON: Final = {"Content-Type": "application/json"}


class ApiError(RuntimeError):
    """The API could not be reached, or did not answer as it should: which call, and why."""


class Posted(NamedTuple):
    """What became of posted events: how many were accepted, and why others were not."""

    accepted: int
    refused: list[str]


class Ended(Struct):
    """How many events ended in which way, by the engine's count."""

    applied: int = 0
    duplicate: int = 0
    ended: int = 0


class Scored(Struct):
    """How good the answers were, by model: `predictions`, `hr@10` and other figures."""

    models: dict[str, dict[str, float]] = {}


class Stats(Struct):
    """The part of `GET /v1/stats` that is shown."""

    events: Ended
    lag_ms: int | None = None
    sites: dict[str, dict[str, int]] = {}
    scoreboard: dict[str, Scored] = {}


class _Refusal(Struct):
    reason: str = ""
    detail: str = ""


class _Taken(Struct):
    accepted: int = 0
    rejected: list[_Refusal] = []


class _Campaigns(Struct):
    total: dict[str, int] = {}


class Client:
    """Calls of the API; a context that closes its connections."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            trust_env=False,  # a proxy of the environment knows nothing of this machine's ports
            transport=transport,
        )
        self.troubles = 0
        self.last_trouble = ""

    async def ready(self) -> bool:
        """Tell whether the API is ready to serve."""
        try:
            return (await self._http.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    async def post(self, events: Sequence[Event]) -> Posted:
        """Post events and return what became of them; tried again until the API has decided.

        The ids stay the same, so that what was taken at an earlier try takes no effect twice.
        """
        body = b"[" + b",".join(encode_json(event) for event in events) + b"]"
        while True:
            try:
                answer = await self._http.post("/v1/events", content=body, headers=JSON)
            except httpx.TransportError as error:
                await self._wait(f"events cannot be posted: {type(error).__name__}")
                continue
            if answer.status_code in (200, 400, 413):
                taken = _decode(answer, _Taken)
                return Posted(taken.accepted, [f"{r.reason}: {r.detail}" for r in taken.rejected])
            await self._wait(
                f"the collector answered {answer.status_code}", answer.headers.get("Retry-After")
            )

    async def recommend(self, subject: str, n: int, item: str | None = None) -> Recommendation:
        """Return what is recommended to a person (`device:ID` for a device); raise `ApiError`."""
        query: dict[str, str | int] = {"n": n} if item is None else {"n": n, "item": item}
        path = f"/v1/users/{quote(subject, safe='')}/recommendations"
        return _decode(await self._get(path, query), Recommendation)

    async def stats(self) -> Stats:
        """Return what became of the events; raise `ApiError`."""
        return _decode(await self._get("/v1/stats"), Stats)

    async def triggers(self) -> int:
        """Return how many triggers all campaigns that ever were made; raise `ApiError`."""
        found = _decode(await self._get("/v1/campaigns"), _Campaigns)
        return found.total.get("fired", 0)

    async def _get(self, path: str, query: dict[str, str | int] | None = None) -> httpx.Response:
        try:
            answer = await self._http.get(path, params=query)
        except httpx.TransportError as error:
            raise ApiError(f"GET {path}: {type(error).__name__}") from None
        if answer.status_code != httpx.codes.OK:
            raise ApiError(f"GET {path} answered {answer.status_code}: {answer.text[:200]}")
        return answer

    async def _wait(self, why: str, seconds: str | None = None) -> None:
        self.trouble(why)
        pause = float(seconds) if seconds and seconds.isdecimal() else PAUSE_SECONDS
        await asyncio.sleep(min(pause, LONGEST_PAUSE))

    def trouble(self, what: str) -> None:
        """Count something that did not go as it should."""
        self.troubles += 1
        self.last_trouble = what

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()


def _decode(answer: httpx.Response, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ApiError(f"{answer.url.path} answered what is no {type_.__name__}: {error}") from None
