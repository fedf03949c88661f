"""Records that no event can be made of, of every kind that we know."""

import json
from typing import Any, Final

from contracts.codec import MAX_DEPTH, MAX_EVENT_BYTES
from tests.builders import NOON


def _event(**fields: Any) -> bytes:
    whole = {"id": "p", "type": "view", "user": "ada", "time": NOON, "item": "cup"} | fields
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


def _deep() -> Any:
    tree: Any = 1
    for _ in range(MAX_DEPTH + 5):
        tree = {"a": tree}
    return tree


POISON: Final[dict[str, tuple[bytes, str]]] = {
    "half an object": (b'{"id": "p"', "malformed"),
    "no UTF-8": (b'{"id": "\xff\xfe"}', "malformed"),
    "nothing at all": (b"", "malformed"),
    "zeros": (b"\0" * 64, "malformed"),
    "a list": (b"[]", "invalid"),
    "a number": (b"7", "invalid"),
    "an id that is a number": (_event(id=7), "invalid"),
    "no id": (_event(id=...), "invalid"),
    "no such type": (_event(type="teleport"), "invalid"),
    "nobody": (_event(user=None), "no_subject"),
    "somebody else's name": (_event(user="device:x"), "reserved_id"),
    "a megabyte": (_event(text="x" * MAX_EVENT_BYTES), "too_large"),
    "a well": (_event(props=_deep()), "too_deep"),
    "brackets without end": (b'{"id":"p","props":' + b"[" * 20_000, "too_deep"),
    "seconds": (_event(time=NOON // 1000), "bad_time"),
    "the year 9999": (_event(time=253_370_764_800_000), "bad_time"),
    "before 1970": (_event(time=-1), "bad_time"),
    "no number": (_event(price=float("nan")), "malformed"),
    "more than there is": (b'{"id":"p","type":"view","user":"a","time":1e400}', "invalid"),
    "a negative price": (_event(price=-1.0), "invalid"),
    "a control character": (_event(user="a\nb"), "invalid"),
    "half a character": (_event(query="\ud800"), "malformed"),
    "a score out of range": (_event(type="nps", value=11), "invalid"),
    "a newer schema": (_event(v=99), "newer_version"),
}
"""Name to the bytes, and the reason that they are refused for."""
