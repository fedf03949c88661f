# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of decide, waiting and with asyncio."""

from typing import cast

from headrace_client.calls import Call
from headrace_client.decide_types import DecideAnswer, DecideBody, OffersAnswer
from headrace_client.transport import AsyncTransport, Transport


class Decide(Transport):
    """Operations of decide."""

    def decide(self, id: str, body: DecideBody) -> DecideAnswer:
        """Choose an offer for a person: `POST /v1/users/{id}/decide`."""
        return cast(
            "DecideAnswer", self._call(Call("POST", "/v1/users/{id}/decide", {"id": id}, {}, body))
        )

    def offers(self, *, site: str | None = None) -> OffersAnswer:
        """Offers and placements in force: `GET /v1/offers`."""
        return cast("OffersAnswer", self._call(Call("GET", "/v1/offers", {}, {"site": site})))


class AsyncDecide(AsyncTransport):
    """The same with asyncio."""

    async def decide(self, id: str, body: DecideBody) -> DecideAnswer:
        """Choose an offer for a person: `POST /v1/users/{id}/decide`."""
        return cast(
            "DecideAnswer",
            await self._call(Call("POST", "/v1/users/{id}/decide", {"id": id}, {}, body)),
        )

    async def offers(self, *, site: str | None = None) -> OffersAnswer:
        """Offers and placements in force: `GET /v1/offers`."""
        return cast("OffersAnswer", await self._call(Call("GET", "/v1/offers", {}, {"site": site})))
