"""Making an answer: at most two round trips to the store, then one pure ranking."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.serve import asking
from api.serve.ids import request_id
from api.serve.memory import Site
from api.serve.ranking import Ask, Ranking, Rows
from api.serve.reasons import links, others, reasons
from api.serve.serving import Serving
from api.serve.shape import Pick
from api.serve.store import Budget
from api.serve.visitor import Trail, Visitor, trail_of, visitor_of
from contracts.decisions import Answer, ServedItem
from contracts.logs import bind, person_key
from contracts.profile import Recent
from online_models.rows import NeighbourRow, unpack_row
from online_models.touches import number_of
from storage.errors import StoreError
from storage.views import Person


@dataclass(frozen=True, slots=True)
class Found:
    """People as they are stored; `degraded` if the store could not be asked."""

    visitors: list[Visitor]
    degraded: bool


async def find_people(serving: Serving, site: str, ids: Sequence[str], budget: Budget) -> Found:
    """Make the first round trip. While the store is away everybody is a stranger.

    Lines of the log name the one who is asked about by a hash. Raises a 400.
    """
    ids = [asking.subject_of(serving.names, site, id_) for id_ in ids]
    if len(ids) == 1:
        bind(person=person_key(ids[0]))
    keys = serving.keeper.memory.keys
    try:
        people, _ = await serving.read(
            "people", lambda reader: reader.get_people(keys, site, ids), budget
        )
        degraded = False
    except StoreError:
        people = [Person(id_, None, None) for id_ in ids]
        degraded = True
    return Found([visitor_of(person, serving.settings.api) for person in people], degraded)


async def find_rows(
    serving: Serving, site: str, trails: Sequence[Trail], budget: Budget
) -> tuple[dict[int, NeighbourRow], bool]:
    """Make the second round trip, if any row is wanted: the rows, and whether it failed."""
    numbers = list({number: None for trail in trails for number in trail.steps})
    if not numbers:
        return {}, False
    keys = [serving.keeper.memory.keys.neighbours_of(site, number) for number in numbers]
    try:
        packed = await serving.read("rows", lambda reader: reader.get_many(keys), budget)
    except StoreError:
        return {}, True
    return {n: row for n, raw in zip(numbers, packed, strict=True) if (row := _row(raw))}, False


async def find_tracks(
    serving: Serving, site: str, items: Sequence[str], budget: Budget
) -> list[bytes | None] | None:
    """Return the ranker's packed rows of items, as far as there are any; None if it failed."""
    keys = serving.keeper.memory.keys
    wanted = [keys.track(site, number_of(item)) for item in items]
    try:
        return await serving.read("tracks", lambda reader: reader.get_many(wanted), budget)
    except StoreError:
        return None


def trail_for(visitor: Visitor, item: str | None, now: int) -> Trail:
    """Return what a person's answer goes by; `item` counts as viewed now."""
    recents = list(visitor.recents)
    if item is not None:
        recents.append(Recent.of(item, "view", now))
    return trail_of(recents)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a ranking was made of, for its reasons and its log."""

    kind: str
    site: Site
    ask: Ask
    trail: Trail
    rows: Rows
    now: int
    degraded: bool = False
    request: str = field(default_factory=request_id)


def answer(
    serving: Serving, basis: Basis, ranking: Ranking, as_of: int | None, **members: Any
) -> dict[str, Any]:
    """Return an answer as it goes out, and log it; `members` come after its id."""
    fallback = ranking.fallback or basis.degraded
    serving.answers.put(
        Answer(
            request=basis.request,
            site=basis.site.name,
            user=members.get("user") or "",
            kind=basis.kind,
            time=basis.now,
            items=[
                ServedItem(p.item.id, at, p.score, p.strategy, p.propensity, p.parts)
                for at, p in enumerate(ranking.picks)
            ],
            models=_versions(basis.site),
            as_of=as_of,
            fallback=fallback,
            explore=ranking.explore,
            arm=ranking.arm,
            beside=basis.ask.item if basis.kind == "recommendations" else None,
            lists=ranking.lists,
        )
    )
    serving.metrics.answered(basis.kind, fallback=fallback, degraded=basis.degraded)
    return {
        "request": basis.request,
        **members,
        "items": _items(basis, ranking.picks),
        "as_of": as_of,
        "lag_ms": serving.lag_ms(),
        "fallback": fallback,
        "degraded": basis.degraded,
    }


def _versions(site: Site) -> dict[str, int]:
    learned = {"blend": site.weights.learned, "ranker": site.rank_weights.learned}
    return {name: count for name, count in learned.items() if count or name == "blend"}


def _items(basis: Basis, picks: Sequence[Pick]) -> list[dict[str, Any]]:
    because = links(basis.rows, basis.trail.steps)
    return [_item(basis, pick, because) for pick in picks]


def _item(basis: Basis, pick: Pick, because: Mapping[int, Recent]) -> dict[str, Any]:
    number = number_of(pick.item.id)
    touch = basis.trail.steps.get(number) if pick.strategy == "repeat" else because.get(number)
    here = touch is not None and touch.item == basis.ask.item
    said = reasons(pick, touch, basis.site.catalogue.title_of, basis.now, here=here)
    shown: dict[str, Any] = {
        "item": pick.item.id,
        "score": round(pick.score, 6),
        "strategy": pick.strategy,
        "reasons": said,
    }
    if basis.ask.explain:
        said += [other for other in others(pick) if other not in said]
        shown["parts"] = {name: round(part, 4) for name, part in pick.parts.items() if part}
        shown["propensity"] = pick.propensity
        if pick.rule is not None:
            shown["rule"] = pick.rule
    return shown


def _row(raw: bytes | None) -> NeighbourRow | None:
    if raw is None:
        return None
    try:
        return unpack_row(raw)
    except (ValueError, struct.error):
        return None
