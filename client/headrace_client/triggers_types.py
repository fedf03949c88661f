# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of triggers."""

from typing import Any, Literal, NotRequired, TypedDict


class PollTriggersAnswer(TypedDict):
    """Poll triggers answer."""

    triggers: list[dict[str, Any]]
    cursor: str
    """for the next request"""
    lost: int
    """entries that were trimmed before this reader came to them"""
    more: bool
    """others may follow at once: it is not caught up"""
    warnings: list[str]
    """if empty: what the filter names and is not there"""


class TriggersOfAnswer(TypedDict):
    """Triggers of answer."""

    user: str
    triggers: list[dict[str, Any]]
    looked_at: int
    """entries of the site's stream, the newest"""
    whole: bool


class SubscriptionsAnswerSubscriptionsFilter(TypedDict):
    """Subscriptions answer subscriptions filter."""

    campaigns: NotRequired[list[str]]
    segments: NotRequired[list[str]]
    types: NotRequired[list[str]]


class SubscriptionsAnswerSubscriptionsSecrets(TypedDict):
    """Subscriptions answer subscriptions secrets."""

    created: int | None
    """epoch ms"""
    expires: int | None
    """epoch ms"""


class SubscriptionsAnswerSubscriptions(TypedDict):
    """Subscriptions answer subscriptions."""

    id: str
    name: str
    delivery: Literal["webhook", "pull"]
    filter: SubscriptionsAnswerSubscriptionsFilter
    """a trigger passes if it matches one entry of every list that is not empty"""
    created: int | None
    """epoch ms"""
    updated: int | None
    """epoch ms"""
    state: Literal["active", "failing", "paused", "disabled"]
    cursor: str
    backlog: int
    """triggers of the site that it has not come to yet"""
    lost: int
    """triggers that were trimmed before they were acknowledged"""
    warnings: list[str]
    """what its filter names that is not there now"""
    url: NotRequired[str]
    secrets: NotRequired[list[SubscriptionsAnswerSubscriptionsSecrets]]
    why: NotRequired[str]
    """why it is disabled"""
    waiting: NotRequired[int]
    """triggers that wait for another attempt"""
    dead: NotRequired[int]
    """dead letters"""
    delivered: NotRequired[int]
    failed: NotRequired[int]
    """attempts that failed"""
    dropped: NotRequired[int]
    """dead letters that newer ones pushed out"""
    last_error: NotRequired[str]
    last_success: NotRequired[int | None]
    """epoch ms"""
    last_failure: NotRequired[int | None]
    """epoch ms"""
    failing_since: NotRequired[int | None]
    """epoch ms"""
    paused_until: NotRequired[int | None]
    """epoch ms"""


class SubscriptionsAnswer(TypedDict):
    """Subscriptions answer."""

    subscriptions: list[SubscriptionsAnswerSubscriptions]


class SubscribeBody(TypedDict):
    """Subscribe body."""

    delivery: Literal["webhook", "pull"]
    name: NotRequired[str]
    url: NotRequired[str | None]
    """of a webhook: https://"""
    filter: NotRequired[SubscriptionsAnswerSubscriptionsFilter]
    """a trigger passes if it matches one entry of every list that is not empty"""


class SubscribeAnswer(TypedDict):
    """Subscribe answer."""

    id: str
    name: str
    delivery: Literal["webhook", "pull"]
    filter: SubscriptionsAnswerSubscriptionsFilter
    """a trigger passes if it matches one entry of every list that is not empty"""
    created: int | None
    """epoch ms"""
    updated: int | None
    """epoch ms"""
    state: Literal["active", "failing", "paused", "disabled"]
    cursor: str
    backlog: int
    """triggers of the site that it has not come to yet"""
    lost: int
    """triggers that were trimmed before they were acknowledged"""
    warnings: list[str]
    """what its filter names that is not there now"""
    url: NotRequired[str]
    secrets: NotRequired[list[SubscriptionsAnswerSubscriptionsSecrets]]
    why: NotRequired[str]
    """why it is disabled"""
    waiting: NotRequired[int]
    """triggers that wait for another attempt"""
    dead: NotRequired[int]
    """dead letters"""
    delivered: NotRequired[int]
    failed: NotRequired[int]
    """attempts that failed"""
    dropped: NotRequired[int]
    """dead letters that newer ones pushed out"""
    last_error: NotRequired[str]
    last_success: NotRequired[int | None]
    """epoch ms"""
    last_failure: NotRequired[int | None]
    """epoch ms"""
    failing_since: NotRequired[int | None]
    """epoch ms"""
    paused_until: NotRequired[int | None]
    """epoch ms"""
    secret: NotRequired[str]
    """`whsec_...`, for verifying; told once"""


class RotateSecretBody(TypedDict):
    """Rotate secret body."""

    overlap_hours: NotRequired[float]


class DeadLettersAnswerDead(TypedDict):
    """Dead letters answer dead."""

    trigger: dict[str, Any]
    """a CloudEvent 1.0 whose data is the trigger: campaign, user, evidence"""
    attempts: int
    first: int | None
    """epoch ms"""
    last: int | None
    """epoch ms"""
    error: str


class DeadLettersAnswer(TypedDict):
    """Dead letters answer."""

    dead: list[DeadLettersAnswerDead]
    next: str | None


class ReplayTriggersBody(TypedDict):
    """Replay triggers body."""

    after: NotRequired[int | None]
    """epoch ms"""
    before: NotRequired[int | None]
    """epoch ms"""
    dead: NotRequired[bool]


class ReplayTriggersAnswer(TypedDict):
    """Replay triggers answer."""

    replay: str
    subscription: str
