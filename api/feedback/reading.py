"""What is known of feedback, read from the views."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from api.problems import ProblemError
from api.serve.serving import Serving
from api.serve.store import Budget
from contracts.codec import load_json
from contracts.feedback import STATUSES, Case, CaseLine, Voice
from storage.errors import StoreError

T = TypeVar("T")

PATIENCE_SECONDS: Final = 2.0
"""Somebody at a desk waits longer than a page of a shop, rather than for nothing."""

EMPTY: Final[dict[str, Any]] = {"heard": 0, "all": None, "cases": {}}
"""The summary of a site that heard nothing yet."""


async def get(serving: Serving, keys: Sequence[str]) -> list[bytes | None]:
    """Return what keys hold; raise a 503: of cases nothing is guessed."""
    if not keys:
        return []
    try:
        return await serving.read(
            "feedback", lambda reader: reader.get_many(keys), Budget(PATIENCE_SECONDS)
        )
    except StoreError:
        detail = "the store cannot be asked now; ask again"
        raise ProblemError(503, "store-away", detail, {"Retry-After": "1"}) from None


async def case_of(serving: Serving, site: str, id_: str) -> Case | None:
    """Return a case; None if there is no such."""
    (raw,) = await get(serving, [serving.keeper.memory.keys.case(site, id_)])
    return None if raw is None else _case(raw)


async def cases_of(serving: Serving, site: str, ids: Sequence[str]) -> list[Case]:
    """Return cases in the order asked for, those that there are."""
    keys = serving.keeper.memory.keys
    found = await get(serving, [keys.case(site, id_) for id_ in ids])
    return [_case(raw) for raw in found if raw is not None]


async def lines_of(serving: Serving, site: str, status: str | None) -> list[CaseLine]:
    """Return the listed cases of a status, or of all, the newest first."""
    keys = serving.keeper.memory.keys
    wanted = STATUSES if status is None else (status,)
    found = await get(serving, [keys.cases(site, one) for one in wanted])
    lines = [line for raw in found if raw is not None for line in _lines(raw)]
    return sorted(lines, key=lambda line: (-line.opened, line.id))


async def voices_of(serving: Serving, site: str, user: str) -> list[Voice]:
    """Return what a person said of late, the newest first."""
    (raw,) = await get(serving, [serving.keeper.memory.keys.voices(site, user)])
    return [] if raw is None else list(reversed(_voices(raw)))


async def summary_of(serving: Serving, site: str) -> dict[str, Any]:
    """Return the summary of a site."""
    (raw,) = await get(serving, [serving.keeper.memory.keys.feedback(site)])
    return EMPTY if raw is None else dict(load_json(raw))


async def contentment_of(serving: Serving, site: str, kind: str, name: str) -> Any:
    """Return how content people are with something; None where nobody said."""
    (raw,) = await get(serving, [serving.keeper.memory.keys.contentment(site, kind, name)])
    return None if raw is None else load_json(raw)


def shown(case: Case, now: int) -> dict[str, Any]:
    """Return a case as it is answered; overdue by the clock, also before the flow has noticed."""
    told = {name: getattr(case, name) for name in case.__struct_fields__ if name != "v"}
    told["history"] = [
        {"time": time, "status": status, "note": note} for time, status, note in case.history
    ]
    told["overdue"] = 0 < case.due <= now
    for name in ("due", "answered", "resolved"):
        told[name] = told[name] or None
    return told


_case = msgspec.msgpack.Decoder(Case).decode
_lines = msgspec.msgpack.Decoder(list[CaseLine]).decode
_voices = msgspec.msgpack.Decoder(list[Voice]).decode
