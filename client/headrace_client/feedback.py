# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of feedback, waiting and with asyncio."""

from typing import Any, Literal, cast

from headrace_client.calls import Call
from headrace_client.feedback_types import (
    CasesAnswer,
    CasesAnswerCases,
    FeedbackOfAnswer,
    SetCaseStatusAnswer,
    SetCaseStatusBody,
)
from headrace_client.transport import AsyncTransport, Transport


class Feedback(Transport):
    """Operations of feedback."""

    def cases(
        self,
        *,
        status: Literal["open", "answered", "resolved", "reopened"] | None = None,
        topic: str | None = None,
        type: Literal["complaint", "suggestion"] | None = None,
        overdue: bool | None = None,
        n: int | None = None,
    ) -> CasesAnswer:
        """Complaints and suggestions: `GET /v1/feedback`."""
        return cast(
            "CasesAnswer",
            self._call(
                Call(
                    "GET",
                    "/v1/feedback",
                    {},
                    {"status": status, "topic": topic, "type": type, "overdue": overdue, "n": n},
                )
            ),
        )

    def feedback_summary(
        self, *, item: str | None = None, category: str | None = None, channel: str | None = None
    ) -> dict[str, Any]:
        """How content people are: `GET /v1/feedback/summary`."""
        return cast(
            "dict[str, Any]",
            self._call(
                Call(
                    "GET",
                    "/v1/feedback/summary",
                    {},
                    {"item": item, "category": category, "channel": channel},
                )
            ),
        )

    def case(self, id: str) -> CasesAnswerCases:
        """One complaint or suggestion: `GET /v1/feedback/{id}`."""
        return cast(
            "CasesAnswerCases", self._call(Call("GET", "/v1/feedback/{id}", {"id": id}, {}))
        )

    def set_case_status(self, id: str, body: SetCaseStatusBody) -> SetCaseStatusAnswer:
        """Say what became of a complaint or suggestion: `POST /v1/feedback/{id}/status`."""
        return cast(
            "SetCaseStatusAnswer",
            self._call(Call("POST", "/v1/feedback/{id}/status", {"id": id}, {}, body)),
        )

    def feedback_of(self, id: str) -> FeedbackOfAnswer:
        """What a person said: `GET /v1/users/{id}/feedback`."""
        return cast(
            "FeedbackOfAnswer", self._call(Call("GET", "/v1/users/{id}/feedback", {"id": id}, {}))
        )


class AsyncFeedback(AsyncTransport):
    """The same with asyncio."""

    async def cases(
        self,
        *,
        status: Literal["open", "answered", "resolved", "reopened"] | None = None,
        topic: str | None = None,
        type: Literal["complaint", "suggestion"] | None = None,
        overdue: bool | None = None,
        n: int | None = None,
    ) -> CasesAnswer:
        """Complaints and suggestions: `GET /v1/feedback`."""
        return cast(
            "CasesAnswer",
            await self._call(
                Call(
                    "GET",
                    "/v1/feedback",
                    {},
                    {"status": status, "topic": topic, "type": type, "overdue": overdue, "n": n},
                )
            ),
        )

    async def feedback_summary(
        self, *, item: str | None = None, category: str | None = None, channel: str | None = None
    ) -> dict[str, Any]:
        """How content people are: `GET /v1/feedback/summary`."""
        return cast(
            "dict[str, Any]",
            await self._call(
                Call(
                    "GET",
                    "/v1/feedback/summary",
                    {},
                    {"item": item, "category": category, "channel": channel},
                )
            ),
        )

    async def case(self, id: str) -> CasesAnswerCases:
        """One complaint or suggestion: `GET /v1/feedback/{id}`."""
        return cast(
            "CasesAnswerCases", await self._call(Call("GET", "/v1/feedback/{id}", {"id": id}, {}))
        )

    async def set_case_status(self, id: str, body: SetCaseStatusBody) -> SetCaseStatusAnswer:
        """Say what became of a complaint or suggestion: `POST /v1/feedback/{id}/status`."""
        return cast(
            "SetCaseStatusAnswer",
            await self._call(Call("POST", "/v1/feedback/{id}/status", {"id": id}, {}, body)),
        )

    async def feedback_of(self, id: str) -> FeedbackOfAnswer:
        """What a person said: `GET /v1/users/{id}/feedback`."""
        return cast(
            "FeedbackOfAnswer",
            await self._call(Call("GET", "/v1/users/{id}/feedback", {"id": id}, {})),
        )
