"""What a replay came to, kept beside its views for those who compare runs."""

from typing import Any

from msgspec import Struct


class Finished(Struct, kw_only=True):
    """One replay that ended. `time` is when (epoch ms); `summary` as `headrace replay --json`."""

    namespace: str
    source: str
    format: str
    time: int
    workers: int
    summary: dict[str, Any]
