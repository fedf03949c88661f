"""The two ways to ask: waiting, and with asyncio."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

import httpx
from httpx_sse import aconnect_sse, connect_sse

from headrace_client.calls import AGAIN, MAX_WAIT, Call, headers, wait_before
from headrace_client.errors import error_of

STREAM = "/v1/triggers/stream"


class Transport:
    """Asks and waits. `key` is a write key, `secret` a secret or the operator's key."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        secret: str | None = None,
        timeout: float = 10.0,
        retries: int = 3,
        http: httpx.Client | None = None,
    ) -> None:
        self._http = http or httpx.Client(base_url=url, timeout=timeout)
        self._headers = headers(key, secret)
        self._retries = retries

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def triggers(self, cursor: str | None = None, **chosen: Any) -> Iterator[dict[str, Any]]:
        """Yield triggers as CloudEvents as they come, each with its `cursor`; connect again.

        Begins after `cursor`, else with what comes next. `chosen`: `campaign`, `segment`, `type`,
        `subscription`.
        """
        attempt = 0
        while True:
            try:
                query = chosen | ({"cursor": cursor} if cursor else {})
                with connect_sse(
                    self._http, "GET", STREAM, params=query, headers=self._headers, timeout=60
                ) as source:
                    if not source.response.is_success:
                        source.response.read()
                        raise error_of(source.response)
                    for event in source.iter_sse():
                        cursor, attempt = event.id or cursor, 0
                        if event.event == "trigger":
                            yield event.json() | {"cursor": event.id}
            except httpx.TransportError:
                time.sleep(min(wait_before(attempt, None), MAX_WAIT))
            attempt += 1

    def _call(self, call: Call) -> Any:
        for attempt in range(self._retries + 1):
            response = None
            try:
                response = self._http.request(
                    call.method, call.url, params=call.params, json=call.body, headers=self._headers
                )
            except httpx.TransportError:
                if not call.repeatable or attempt == self._retries:
                    raise
            wait = wait_before(attempt, response)
            if response is not None and _is_last(response, attempt, self._retries, wait):
                return _answer(response)
            time.sleep(wait)
        raise AssertionError("the last attempt answers or raises")


class AsyncTransport:
    """The same with asyncio."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        secret: str | None = None,
        timeout: float = 10.0,
        retries: int = 3,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._http = http or httpx.AsyncClient(base_url=url, timeout=timeout)
        self._headers = headers(key, secret)
        self._retries = retries

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def triggers(
        self, cursor: str | None = None, **chosen: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield triggers as `Transport.triggers` does."""
        attempt = 0
        while True:
            try:
                query = chosen | ({"cursor": cursor} if cursor else {})
                async with aconnect_sse(
                    self._http, "GET", STREAM, params=query, headers=self._headers, timeout=60
                ) as source:
                    if not source.response.is_success:
                        await source.response.aread()
                        raise error_of(source.response)
                    async for event in source.aiter_sse():
                        cursor, attempt = event.id or cursor, 0
                        if event.event == "trigger":
                            yield event.json() | {"cursor": event.id}
            except httpx.TransportError:
                await asyncio.sleep(min(wait_before(attempt, None), MAX_WAIT))
            attempt += 1

    async def _call(self, call: Call) -> Any:
        for attempt in range(self._retries + 1):
            response = None
            try:
                response = await self._http.request(
                    call.method, call.url, params=call.params, json=call.body, headers=self._headers
                )
            except httpx.TransportError:
                if not call.repeatable or attempt == self._retries:
                    raise
            wait = wait_before(attempt, response)
            if response is not None and _is_last(response, attempt, self._retries, wait):
                return _answer(response)
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt answers or raises")


def _is_last(response: httpx.Response, attempt: int, retries: int, wait: float) -> bool:
    """Say whether an answer is the one that the caller gets.

    What was refused for now was not done, so that it may be asked again, whatever it is.
    """
    return response.status_code not in AGAIN or attempt >= retries or wait > MAX_WAIT


def _answer(response: httpx.Response) -> Any:
    if not response.is_success:
        raise error_of(response)
    if not response.content:
        return None
    if response.headers["content-type"].partition(";")[0] == "text/plain":
        return response.text
    return response.json()
