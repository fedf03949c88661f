"""The Lua scripts beside this file, loaded once a process."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text, and the name by which the store knows it."""

    text: str
    sha: str


@cache
def load(name: str) -> Script:
    """Return the script in `NAME.lua`."""
    text = Path(__file__).with_name(f"{name}.lua").read_text("utf-8")
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())
