"""A typed client of Headrace, for programs with and without asyncio.

>>> from headrace_client import Headrace
>>> with Headrace("http://127.0.0.1:8000", key="any") as headrace:  # doctest: +SKIP
...     headrace.track({"userId": "ada", "event": "Product Viewed"})
...     [one["item"] for one in headrace.recommendations("ada", n=3)["items"]]
"""

from headrace_client.client import AsyncHeadrace, Headrace
from headrace_client.errors import HeadraceError

__all__ = ["AsyncHeadrace", "Headrace", "HeadraceError"]
