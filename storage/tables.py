"""Views as tables, for analysis: a row a person, an interest, a touch, a score, a segment."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from contracts.codec import unpack_profile, unpack_standing
from contracts.keys import parse
from storage.views import Value, is_alias

Row = tuple[Any, ...]


class Table(NamedTuple):
    """The kind of view that a table is made of, its columns with their types, and its rows.

    Types are `str`, `int`, `float`, `bool`, `strs` (a list), `time` (epoch ms).
    """

    kind: str
    columns: dict[str, str]
    rows: Callable[[bytes], Iterator[Row]]


def _people(raw: bytes) -> Iterator[Row]:
    one = unpack_profile(raw)
    said = one.satisfaction
    yield (
        *(one.site, one.id, one.stage, one.first_seen, one.last_seen, one.events, one.sessions),
        *(one.counts.get("view", 0), one.counts.get("add_to_cart", 0)),
        *(one.orders, one.monetary, one.currency),
        *(one.first_purchase or None, one.last_purchase or None),
        *((said.nps, said.csat, said.complaints) if said is not None else (None, None, 0)),
        *(one.consent, one.bot is not None),
    )


def _interests(raw: bytes) -> Iterator[Row]:
    one = unpack_profile(raw)
    for kind, weights in (("category", one.categories), ("brand", one.brands), ("tag", one.tags)):
        for name, weight in sorted(weights.items()):
            yield one.site, one.id, kind, name, weight, one.interests_since


def _recents(raw: bytes) -> Iterator[Row]:
    one = unpack_profile(raw)
    for touch in one.recents:
        yield one.site, one.id, touch.item, touch.type, touch.time


def _scores(raw: bytes) -> Iterator[Row]:
    one = unpack_standing(raw)
    for name, score in sorted(one.scores.items()):
        yield (
            *(one.site, one.id, name, score.value, score.low, score.high),
            *(score.version, score.time),
        )


def _segments(raw: bytes) -> Iterator[Row]:
    one = unpack_standing(raw)
    if one.segment is not None:
        yield one.site, one.id, one.segment, one.segment_since


_WHO: Final = {"site": "str", "user": "str"}

TABLES: Final = {
    "people": Table(
        "profile",
        {
            **_WHO,
            "stage": "str",
            "first_seen": "time",
            "last_seen": "time",
            **dict.fromkeys(("events", "sessions", "views", "carts", "orders"), "int"),
            "monetary": "float",
            "currency": "str",
            "first_purchase": "time",
            "last_purchase": "time",
            "nps": "float",
            "csat": "float",
            "complaints": "int",
            "consent": "strs",
            "bot": "bool",
        },
        _people,
    ),
    "interests": Table(
        "profile",
        {**_WHO, "kind": "str", "name": "str", "weight": "float", "as_of": "time"},
        _interests,
    ),
    "recents": Table("profile", {**_WHO, "item": "str", "type": "str", "time": "time"}, _recents),
    "scores": Table(
        "standing",
        {
            **_WHO,
            "model": "str",
            "value": "float",
            "low": "float",
            "high": "float",
            "version": "int",
            "time": "time",
        },
        _scores,
    ),
    "segments": Table("standing", {**_WHO, "segment": "str", "since": "time"}, _segments),
}


def rows_of(table: Table, views: Iterator[tuple[str, Value]]) -> Iterator[Row]:
    """Yield a table's rows from all views of a namespace, in the order of their keys."""
    for key, value in views:
        if parse(key).kind == table.kind and isinstance(value, bytes) and not is_alias(value):
            yield from table.rows(value)
