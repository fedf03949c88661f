# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of operations."""

from typing import Any, TypedDict


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
    sites: dict[str, dict[str, Any]]
    scoreboard: dict[str, dict[str, Any]]
    models: dict[str, dict[str, Any]]
    answers: dict[str, Any]
    degraded: bool
