"""The time and id of an event, without decoding the rest of it."""

import msgspec


class _Head(msgspec.Struct):
    time: int | None = None
    id: str = ""


_decode = msgspec.json.Decoder(_Head).decode


def time_and_id(raw: bytes) -> tuple[int | None, str]:
    """Return the event time (ms) and id that a record claims, if it can be read at all.

    >>> time_and_id(b'{"id": "a", "time": 5, "type": "view"}'), time_and_id(b"{")
    ((5, 'a'), (None, ''))
    """
    try:
        head = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, ""
    return head.time, head.id
