"""What a request is called in the log, in its answer, and by whoever asked."""

import re
from secrets import token_hex
from typing import Final

from starlette.types import Scope

from contracts.logs import bind

HEADER: Final = b"x-request-id"
REQUEST_ID: Final = "headrace.request_id"
"""Of a request's scope."""

_is_usable: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch


def named(scope: Scope) -> bytes:
    """Return the id that a request came with, or a new one; lines of the log name it from now on.

    >>> named({"headers": [(b"x-request-id", b"page-7")]})
    b'page-7'
    >>> len(named({"headers": [(b"x-request-id", b"line break follows\\n")]}))
    16
    """
    given = next((value for name, value in scope.get("headers", ()) if name == HEADER), b"")
    found: bytes = given if _is_usable(given) else token_hex(8).encode()
    bind(request=found.decode())
    return found
