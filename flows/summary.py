"""What a run came to, read from its views: ends of events, people, items, and the state's hash."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from contracts.codec import load_json
from contracts.keys import ALIAS_MARK, VOLATILE_KINDS, parse
from storage.views import Value


@dataclass
class Summary:
    """Counts of one run. `late` is part of `applied`; `events` is the sum of all ends.

    `state_hash` covers every view but those that hold wall-clock times, so two runs with the
    same hash serve the same answers. `triggers` counts by campaign, holdouts too.
    """

    events: int = 0
    applied: int = 0
    late: int = 0
    duplicate: int = 0
    withheld: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    users: int = 0
    items: int = 0
    triggers: dict[str, int] = field(default_factory=dict)
    events_per_second: float = 0.0
    state_hash: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as it is written to JSON."""
        return dict(vars(self))


def summarise(views: Iterable[tuple[str, Value]], seconds: float = 0.0) -> Summary:
    """Return the summary of a namespace's views, which come by rising key."""
    summary = Summary()
    hashed = blake2b(digest_size=16)
    for key, value in views:
        parts = parse(key)
        if parts.kind in VOLATILE_KINDS:
            continue
        _hash(hashed, _within(key), value)
        if parts.kind == "ends" and isinstance(value, bytes):
            _add_ends(summary, load_json(value))
        elif parts.kind == "profile" and isinstance(value, bytes):
            summary.users += not value.startswith(ALIAS_MARK)
        elif parts.kind == "campaigns" and isinstance(value, bytes):
            _add_triggers(summary, load_json(value))
        elif parts.kind == "model" and parts.id == "items" and isinstance(value, bytes):
            summary.items += load_json(value)["items"]
    refused = sum(summary.rejected.values()) + sum(summary.withheld.values())
    summary.events = summary.applied + summary.duplicate + refused
    summary.events_per_second = round(summary.events / seconds, 1) if seconds else 0.0
    summary.state_hash = hashed.hexdigest()
    return summary


def _add_ends(summary: Summary, ends: dict[str, Any]) -> None:
    summary.applied += ends.get("applied", 0)
    summary.late += ends.get("late", 0)
    summary.duplicate += ends.get("duplicate", 0)
    for name in ("rejected", "withheld"):
        counts = getattr(summary, name)
        for reason, count in ends.get(name, {}).items():
            counts[reason] = counts.get(reason, 0) + count


def _add_triggers(summary: Summary, sites: dict[str, Any]) -> None:
    for campaigns in sites.values():
        for name, counts in campaigns.items():
            fired = counts.get("fired", 0) + counts.get("held", 0)
            summary.triggers[name] = summary.triggers.get(name, 0) + fired
    summary.triggers = dict(sorted(summary.triggers.items()))


def _within(key: str) -> str:
    """Return a key without its namespace: the same state has the same hash in any namespace."""
    return key.split(":", 2)[2]


def _hash(hashed: "blake2b", key: str, value: Value) -> None:
    for part in _parts(key, value):
        hashed.update(len(part).to_bytes(4, "little"))
        hashed.update(part)


def _parts(key: str, value: Value) -> Iterator[bytes]:
    yield key.encode()
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for name in sorted(value):
            yield name
            yield value[name]
    elif isinstance(value, frozenset):
        yield from sorted(value)
    else:
        for entry in value:
            yield from _parts("", entry)
