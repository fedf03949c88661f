# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of privacy, waiting and with asyncio."""

from typing import cast

from headrace_client.calls import Call
from headrace_client.privacy_types import EraseUserAnswer, ExportUserAnswer
from headrace_client.transport import AsyncTransport, Transport


class Privacy(Transport):
    """Operations of privacy."""

    def export_user(self, id: str, *, site: str | None = None) -> ExportUserAnswer:
        """Export what is known of a person: `GET /v1/users/{id}/export`."""
        return cast(
            "ExportUserAnswer",
            self._call(Call("GET", "/v1/users/{id}/export", {"id": id}, {"site": site})),
        )

    def erase_user(self, id: str, *, site: str | None = None) -> EraseUserAnswer:
        """Erase a person: `DELETE /v1/users/{id}`."""
        return cast(
            "EraseUserAnswer",
            self._call(Call("DELETE", "/v1/users/{id}", {"id": id}, {"site": site})),
        )


class AsyncPrivacy(AsyncTransport):
    """The same with asyncio."""

    async def export_user(self, id: str, *, site: str | None = None) -> ExportUserAnswer:
        """Export what is known of a person: `GET /v1/users/{id}/export`."""
        return cast(
            "ExportUserAnswer",
            await self._call(Call("GET", "/v1/users/{id}/export", {"id": id}, {"site": site})),
        )

    async def erase_user(self, id: str, *, site: str | None = None) -> EraseUserAnswer:
        """Erase a person: `DELETE /v1/users/{id}`."""
        return cast(
            "EraseUserAnswer",
            await self._call(Call("DELETE", "/v1/users/{id}", {"id": id}, {"site": site})),
        )
