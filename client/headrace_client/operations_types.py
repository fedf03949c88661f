# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of operations."""

from typing import Any, Literal, NotRequired, TypedDict


class ReadyAnswer(TypedDict):
    """Ready answer."""

    status: str
    store: str
    namespace: str
    rules: str


class StatsAnswer(TypedDict):
    """Stats answer."""

    namespace: str
    events: dict[str, Any]
    lag_ms: int | None
    progress: list[dict[str, Any]]
    checkpoint: dict[str, Any] | None
    workers: list[dict[str, Any]]
    sites: dict[str, dict[str, Any]]
    scoreboard: dict[str, dict[str, Any]]
    models: dict[str, dict[str, Any]]
    answers: dict[str, Any]
    degraded: bool


class RejectsAnswerRejects(TypedDict):
    """Rejects answer rejects."""

    id: str
    state: Literal["open", "retried", "dropped"]
    reason: str
    detail: str
    origin: str
    site: str | None
    received: int
    copies: int
    size: int
    done: NotRequired[int]
    why: NotRequired[str]


class RejectsAnswer(TypedDict):
    """Rejects answer."""

    rejects: list[RejectsAnswerRejects]
    more: int
    counts: dict[str, dict[str, Any]]
    next: str | None


class RejectAnswer(TypedDict):
    """Reject answer."""

    id: str
    state: Literal["open", "retried", "dropped"]
    reason: str
    detail: str
    origin: str
    site: str | None
    received: int
    copies: int
    size: int
    text: str
    done: NotRequired[int]
    why: NotRequired[str]


class RetryRejectBody(TypedDict):
    """Retry reject body."""

    text: NotRequired[str | None]
    again: NotRequired[bool]


class RetryRejectAnswer(TypedDict):
    """Retry reject answer."""

    taken: bool
    why: str


class DropRejectBody(TypedDict):
    """Drop reject body."""

    why: NotRequired[str]


class DropRejectAnswer(TypedDict):
    """Drop reject answer."""

    dropped: str


class ReplaysAnswerReplays(TypedDict):
    """Replays answer replays."""

    namespace: str
    source: str
    format: str
    time: int
    workers: int
    summary: dict[str, Any]
    """as `headrace replay --json` writes it"""


class ReplaysAnswer(TypedDict):
    """Replays answer."""

    served: str
    replays: list[ReplaysAnswerReplays]


class ReplayDiffAnswerKinds(TypedDict):
    """Replay diff answer kinds."""

    same: int
    changed: int
    only_in_a: int
    only_in_b: int
    examples: list[dict[str, Any]]


class ReplayDiffAnswer(TypedDict):
    """Replay diff answer."""

    a: str
    b: str
    differs: bool
    kinds: dict[str, ReplayDiffAnswerKinds]
