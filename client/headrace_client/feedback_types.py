# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of feedback."""

from typing import Any, Literal, NotRequired, TypedDict


class CasesAnswerCasesHistory(TypedDict):
    """Cases answer cases history."""

    time: int
    status: str
    note: str


class CasesAnswerCases(TypedDict):
    """Cases answer cases."""

    site: str
    id: str
    type: Literal["complaint", "suggestion"]
    user: str
    opened: int
    device: str | None
    item: str | None
    order: str | None
    category: str
    channel: str
    text: str
    topic: str | None
    certainty: float
    labelled: bool
    group: int | None
    group_name: str
    sentiment: float | None
    status: Literal["open", "answered", "resolved", "reopened"]
    changed: int
    due: int | None
    overdue: bool
    answered: int | None
    resolved: int | None
    reopened: int
    history: list[CasesAnswerCasesHistory]


class CasesAnswer(TypedDict):
    """Cases answer."""

    cases: list[CasesAnswerCases]
    more: int
    lag_ms: int | None


class SetCaseStatusBody(TypedDict):
    """Set case status body."""

    status: Literal["answered", "resolved", "reopened"]
    topic: NotRequired[str]
    note: NotRequired[str]
    id: NotRequired[str]


class SetCaseStatusAnswer(TypedDict):
    """Set case status answer."""

    accepted: bool
    id: str
    status: Literal["open", "answered", "resolved", "reopened"]


class FeedbackOfAnswer(TypedDict):
    """Feedback of answer."""

    user: str
    satisfaction: dict[str, Any] | None
    said: list[dict[str, Any]]
    cases: list[CasesAnswerCases]
    lag_ms: int | None
