# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of collect."""

from typing import TypedDict


class SendEventsAnswerRejected(TypedDict):
    """Send events answer rejected."""

    index: int
    """which message of the body"""
    reason: str
    detail: str


class SendEventsAnswer(TypedDict):
    """Send events answer."""

    success: bool
    accepted: int
    rejected: list[SendEventsAnswerRejected]
