"""Rules and concepts as the API reads them from the views."""

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from api.serve.serving import Serving
from api.serve.store import Budget
from contracts.decisions import Concept, ItemRules, KnownConcept, Linked
from online_models.expansion import asked, beside, rank
from online_models.spelling import spellings
from online_models.words import concept_name
from storage.errors import StoreError

T = TypeVar("T")

DIRECTORIES: Final = 8
"""Decoded directories that are kept: one a site and version."""

logger = logging.getLogger("headrace.api")


class Found(NamedTuple):
    """What a query led to: concepts with how strongly, items best first."""

    concepts: dict[str, float]
    items: list[Linked]
    as_of: int | None
    failed: bool


async def read_rules(
    serving: Serving, name: str, item: str, budget: Budget
) -> tuple[ItemRules | None, bool]:
    """Return the rules of an item, and whether reading failed."""
    keys = serving.keeper.memory.keys
    (row,), failed = await _read(serving, "rules", [keys.rules(name, item)], _rules, budget)
    return row, failed


async def read_concepts(
    serving: Serving, site: str, names: Sequence[str], budget: Budget
) -> tuple[dict[str, Concept], bool]:
    """Return the concepts of these names, those that there are, and whether reading failed."""
    keys = serving.keeper.memory.keys
    wanted = [keys.concept(site, name) for name in names]
    found, failed = await _read(serving, "concepts", wanted, _concept, budget)
    return {name: one for name, one in zip(names, found, strict=True) if one is not None}, failed


async def read_directory(
    serving: Serving, site: str, budget: Budget
) -> tuple[tuple[KnownConcept, ...], bool]:
    """Return the concepts of a site, the most met first, and whether reading failed."""
    keys = serving.keeper.memory.keys
    wanted = [keys.concepts(site)]
    (found,), failed = await _read(serving, "directory", wanted, _directory, budget)
    return found or (), failed


async def find_concept(
    serving: Serving, site: str, text: str, budget: Budget
) -> tuple[Concept | None, bool]:
    """Return the concept that a name stands for, also where it is spelled another way."""
    name = concept_name(text)
    views, failed = await read_concepts(serving, site, [name], budget)
    view = views.get(name)
    if view is None and not failed:
        known, failed = await read_directory(serving, site, budget)
        for near in spellings(name, [one.name for one in known], 1):
            views, failed = await read_concepts(serving, site, [near], budget)
            view = views.get(near)
    if view is not None and view.alias_of is not None and not failed:
        views, failed = await read_concepts(serving, site, [view.alias_of], budget)
        view = views.get(view.alias_of, view)
    return view, failed


async def search(serving: Serving, site: str, query: str, limit: int) -> Found:
    """Return the items that a query leads to, by way of the concepts it may mean.

    Three round trips at most: what is asked, the directory where a word is not known, and the
    concepts beside those found.
    """
    budget = serving.store.budget()
    names = asked(query)
    views, failed = await read_concepts(serving, site, names, budget)
    missing = [name for name in names if name not in views and " " not in name]
    if missing and not failed:
        known, failed = await read_directory(serving, site, budget)
        spelled = [near for name in missing for near in spellings(name, _names(known), 1)]
        more, unread = await read_concepts(serving, site, spelled, budget)
        views, failed = {**more, **views}, failed or unread
    strengths = dict.fromkeys(views, 1.0)
    near_ones = beside(views)
    more, unread = await read_concepts(serving, site, list(near_ones), budget)
    strengths |= {name: near_ones[name] for name in more}
    catalogue = serving.site(site).catalogue
    ranked = rank({**views, **more}, strengths, 10 * limit)
    shown = [one for one in ranked if (item := catalogue.get(one.name)) and item.in_stock]
    as_of = max((view.as_of for view in views.values()), default=None)
    return Found(strengths, shown[:limit], as_of, failed or unread)


async def _read(
    serving: Serving,
    trip: str,
    keys: Sequence[str],
    decode: Callable[[bytes], T],
    budget: Budget,
) -> tuple[list[T | None], bool]:
    if not keys:
        return [], False
    try:
        values = await serving.read(trip, lambda reader: reader.get_many(keys), budget)
    except StoreError:
        return [None] * len(keys), True
    return [_decoded(key, raw, decode) for key, raw in zip(keys, values, strict=True)], False


def _decoded(key: str, raw: bytes | None, decode: Callable[[bytes], T]) -> T | None:
    if raw is None:
        return None
    try:
        return decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        logger.warning("%s cannot be read: %s", key, error)
        return None


def _names(known: Sequence[KnownConcept]) -> list[str]:
    return [concept.name for concept in known]


_rules = msgspec.msgpack.Decoder(ItemRules).decode
_concept = msgspec.msgpack.Decoder(Concept).decode
_decode_directory: Any = msgspec.msgpack.Decoder(tuple[KnownConcept, ...]).decode


@lru_cache(maxsize=DIRECTORIES)
def _directory(raw: bytes) -> tuple[KnownConcept, ...]:
    found: tuple[KnownConcept, ...] = _decode_directory(raw)
    return found
