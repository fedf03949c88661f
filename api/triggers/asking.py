"""What a request about triggers asks for, checked; a problem names the field and how to mend it."""

from collections.abc import Collection
from typing import Final, NamedTuple

from fastapi import Request

from api.problems import ProblemError
from api.serve.asking import bad
from api.triggers.naming import check_filter
from contracts.subscriptions import Filter, Position
from contracts.wording import counted

FILTERS: Final = {"campaign": "campaigns", "segment": "segments", "type": "types"}
MAX_WAIT_SECONDS: Final = 60
DEFAULT_WAIT_SECONDS: Final = 25
"""Shorter than load balancers wait for an answer (60 s and less)."""
MAX_LIMIT: Final = 500
DEFAULT_LIMIT: Final = 100


class Reading(NamedTuple):
    """Which triggers, from where on; `after` is None without a cursor."""

    filter: Filter
    subscription: str | None
    after: Position | None
    wait: int
    limit: int


def reading_of(request: Request, known: Collection[str], header: str | None = None) -> Reading:
    """Return what a query asks for; raise a 400. `header` stands over the parameter `cursor`."""
    given = _query(request, {*FILTERS, "subscription", "cursor", *known})
    named = {field: tuple(given.get(name, ())) for name, field in FILTERS.items()}
    subscription = given.get("subscription", [None])[0]
    for name, field in FILTERS.items():
        if named[field] and subscription is not None:
            raise bad(name, "a subscription has a filter of its own; give one or the other")
        check_filter(name, field, named[field])
    cursor = header or given.get("cursor", [None])[0]
    return Reading(
        Filter(**named),
        subscription,
        None if cursor is None else position_of("Last-Event-ID" if header else "cursor", cursor),
        _number(given, "wait", DEFAULT_WAIT_SECONDS, 0, MAX_WAIT_SECONDS),
        _number(given, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
    )


def position_of(name: str, text: str) -> Position:
    """Return the position that a cursor spells; raise a 400."""
    try:
        return Position.parse(text.strip())
    except ValueError as error:
        raise bad(name, str(error)) from None


def unknown(id_: str) -> ProblemError:
    """Return the problem of a subscription that the site does not have."""
    return ProblemError(404, "unknown-subscription", f"there is no subscription {id_[:64]!a}")


def _query(request: Request, known: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            listed = ", ".join(f"`{one}`" for one in sorted(known))
            raise bad(name, f"there is no such parameter here; there is: {listed}")
        found.setdefault(name, []).append(value)
        if len(found[name]) > 1 and name not in FILTERS:
            raise bad(name, f"is given {counted(len(found[name]), 'time')}; give it once")
    return found


def _number(given: dict[str, list[str]], name: str, default: int, low: int, high: int) -> int:
    if name not in given:
        return default
    text = given[name][0]
    if text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high:
        return int(text)
    raise bad(name, f"expected a whole number from {low} to {high}, got {text[:32]!r}")
