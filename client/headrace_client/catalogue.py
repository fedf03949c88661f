# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of catalogue, waiting and with asyncio."""

from typing import cast

from headrace_client.calls import Call
from headrace_client.catalogue_types import PutItemsAnswer, PutItemsBody
from headrace_client.transport import AsyncTransport, Transport


class Catalogue(Transport):
    """Operations of catalogue."""

    def put_items(self, body: PutItemsBody | list[PutItemsBody]) -> PutItemsAnswer:
        """Say what items are: `POST /v1/items`."""
        return cast("PutItemsAnswer", self._call(Call("POST", "/v1/items", {}, {}, body)))


class AsyncCatalogue(AsyncTransport):
    """The same with asyncio."""

    async def put_items(self, body: PutItemsBody | list[PutItemsBody]) -> PutItemsAnswer:
        """Say what items are: `POST /v1/items`."""
        return cast("PutItemsAnswer", await self._call(Call("POST", "/v1/items", {}, {}, body)))
