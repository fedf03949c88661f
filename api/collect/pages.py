"""What a key that stands in pages may say: whoever reads the page can say it too.

It speaks for a device, whose id only that browser knows, and for nobody by name. So nobody can put
orders, consent or an identity on another person by it. That a device is a user's, a server says.
"""

from typing import Final

from contracts.codec import DecodeError
from contracts.events import Event

SOURCE: Final = "page"
"""Ids are unique by source: one that a page makes up is never taken for a server's event."""


def as_page(event: Event) -> Event:
    """Return an event as a page may say it: of its device; raise `DecodeError`.

    >>> as_page(Event(id="1", type="view", time=1, user="ada", device="d1")).user
    """
    if event.device is None:
        raise DecodeError(
            "invalid",
            "`device`: the key of a page speaks for devices only: send one, and say whose it is "
            "from a server",
        )
    if event.type == "identify" and event.user is not None:
        raise DecodeError(
            "invalid",
            "`type`: the key of a page identifies nobody: send this from a server, with a key that "
            "no page holds",
        )
    event.user = None
    event.source = SOURCE
    return event
