# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of catalogue."""

from typing import Any, NotRequired, TypedDict


class PutItemsBody(TypedDict):
    """Put items body."""

    id: str
    title: NotRequired[str]
    category: NotRequired[str]
    brand: NotRequired[str]
    currency: NotRequired[str]
    url: NotRequired[str]
    image: NotRequired[str]
    tags: NotRequired[list[str]]
    price: NotRequired[float]
    in_stock: NotRequired[bool]
    time: NotRequired[int]
    """from when on it is so (epoch ms); now"""
    props: NotRequired[dict[str, Any]]


class PutItemsAnswer(TypedDict):
    """Put items answer."""

    success: bool
    accepted: int
    rejected: list[dict[str, Any]]
