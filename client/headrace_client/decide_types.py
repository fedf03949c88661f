# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of decide."""

from typing import Any, NotRequired, TypedDict


class DecideBody(TypedDict):
    """Decide body."""

    placement: str
    offers: NotRequired[list[str]]
    """only these"""
    context: NotRequired[dict[str, float | str]]
    """facts of the moment that the caller knows, such as the page"""
    explain: NotRequired[bool]
    """say what may not be offered, and why"""


class DecideAnswerOffer(TypedDict):
    """Decide answer offer."""

    id: NotRequired[str]
    kind: NotRequired[str]
    text: NotRequired[str]
    value: NotRequired[float | None]


class DecideAnswer(TypedDict):
    """Decide answer."""

    request: str
    user: str
    placement: NotRequired[str]
    offer: DecideAnswerOffer | None
    policy: str | None
    propensity: float | None
    reason: str
    logged: bool
    refused: NotRequired[dict[str, str]]
    as_of: NotRequired[int | None]
    lag_ms: NotRequired[int | None]
    fallback: NotRequired[bool]
    degraded: NotRequired[bool]


class OffersAnswer(TypedDict):
    """Offers answer."""

    offers: list[dict[str, Any]]
    placements: list[dict[str, Any]]
    error: str | None
