# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of privacy."""

from typing import Any, TypedDict


class ExportUserAnswer(TypedDict):
    """Export user answer."""

    site: str
    user: str
    devices: list[str]
    exported: int
    """epoch ms"""
    profiles: list[dict[str, Any]]
    standings: list[dict[str, Any]]
    cases: list[dict[str, Any]]
    triggers: list[dict[str, Any]]
    said: list[list[dict[str, Any]]]
    webhooks_waiting: list[dict[str, Any]]
    offers_made: dict[str, int]


class EraseUserAnswer(TypedDict):
    """Erase user answer."""

    site: str
    erased: int
    """from when on nothing of the person counts (epoch ms)"""
    ids: int
    """the user's and the devices', by themselves and as pseudonyms"""
    swept: int
    """keys and entries of the store that went at once"""
    done_by: int
    """when a flow that runs has nothing left (epoch ms)"""
