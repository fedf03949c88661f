"""Which fields are personal, and taking their values out of what is logged.

A field that tells who somebody is, or that somebody wrote, is tagged in its contract:
`Annotated[str, PERSONAL]`, or `Meta(..., extra=TAG)` where it has bounds as well.

>>> scrubbed("cannot read Event(id='e1', user='ada', item='cup') of ada@example.com")
"cannot read Event(id='e1', user='…', item='cup') of …@…"
>>> scrubbed('{"user": "ada", "item": "cup"}')
'{"user": "…", "item": "cup"}'
"""

import logging
import re
from typing import Any, Final, get_type_hints

from msgspec import Meta, Struct

TAG: Final = {"personal": True}
PERSONAL: Final = Meta(extra=TAG)

NAMES: Final = (
    *("user", "device", "devices", "subject", "session", "order", "query", "text", "traits"),
    *("props", "userId", "user_id", "anonymousId", "client_id", "email", "previousId"),
)
"""What personal fields are called, in our contracts and in what others send."""

_NAME: Final = "|".join(NAMES)
_VALUE: Final = re.compile(
    rf"""(\b(?:{_NAME})\b["']?\s*[=:]\s*b?)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\{{[^{{}}]*\}}|\[[^\[\]]*\])"""
)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def is_personal(struct: type[Struct], field: str) -> bool:
    """Say whether a field of a contract is tagged as personal.

    >>> from contracts.events import Event
    >>> is_personal(Event, "user"), is_personal(Event, "item")
    (True, False)
    """
    return _tagged(get_type_hints(struct, include_extras=True)[field])


def scrubbed(text: str) -> str:
    """Return a text with values of personal fields, and mail addresses, taken out."""
    hidden = _VALUE.sub(lambda found: f"{found[1]}{found[2][0]}…{found[2][-1]}", text)
    return _MAIL.sub("…@…", hidden)


class Scrubbing(logging.Formatter):
    """A formatter whose lines, tracebacks included, hold no personal field."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return scrubbed(super().format(record))


def _tagged(hint: Any) -> bool:
    metas = getattr(hint, "__metadata__", ())
    if any(isinstance(meta, Meta) and (meta.extra or {}).get("personal") for meta in metas):
        return True
    return any(_tagged(inner) for inner in getattr(hint, "__args__", ()))
