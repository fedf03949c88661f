"""The keys that a request carries: where they may stand, and how they are read."""

import binascii
from base64 import b64decode
from typing import Final

from fastapi import Request

WRITE_KEY: Final = "writeKey"
"""Its name in a query, and in a body."""


def in_header(request: Request) -> str | None:
    """Return the key in the `Authorization` header: a bearer token, or Basic's user name."""
    header = request.headers.get("authorization")
    return None if header is None else bearer(header) or basic_user(header)


def in_query(request: Request) -> str | None:
    """Return the write key in the query, for `navigator.sendBeacon`, which sets no headers."""
    # Parsing a query costs more than looking whether there is one.
    return request.query_params.get(WRITE_KEY) if request.scope["query_string"] else None


def bearer(header: str | None) -> str | None:
    """Return the token of a Bearer `Authorization` header; `None` if there is no such.

    >>> bearer("Bearer hush"), bearer("Basic x")
    ('hush', None)
    """
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def basic_user(header: str | None) -> str | None:
    """Return the user name of a Basic `Authorization` header; `None` if there is no such.

    >>> basic_user("Basic czNjcmV0Og=="), basic_user("Bearer x"), basic_user("Basic ?")
    ('s3cret', None, None)
    """
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(encoded, validate=True).decode("utf-8").partition(":")[0] or None
    except (binascii.Error, ValueError):
        return None
