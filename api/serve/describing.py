"""A person in readable JSON: profile, segment, scores and facts. Times are epoch milliseconds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from api.serve.visitor import Visitor
from contracts.decisions import Score, Segment
from contracts.events import Item
from contracts.profile import Profile, Recent, Session, interest_at
from contracts.settings import FlowSettings
from online_models.words import concept_name, path_of

DAY_MS: Final = 86_400_000
TOP_CONCEPTS: Final = 10


def profile_of(profile: Profile, flow: FlowSettings, now: int) -> dict[str, Any]:
    """Return what is known of a person, as of `now`.

    Interests are decayed to now, strongest first; `concepts` are the same by concept. The session
    is the one that is open now, or null. Recents and cart have the newest first.
    """
    gap_ms = flow.session_gap_seconds * 1000
    return {
        "stage": profile.stage,
        "first_seen": profile.first_seen,
        "last_seen": profile.last_seen,
        "events": profile.events,
        "late": profile.late,
        "counts": dict(sorted(profile.counts.items())),
        "sessions": profile.sessions,
        "session": _session(profile.session, now, gap_ms),
        "interests": _interests(profile, flow, now),
        "concepts": _concepts(profile, flow, now),
        "recents": [
            {"item": recent.item, "type": recent.type, "time": recent.time}
            for recent in reversed(profile.recents)
        ],
        "cart": _cart(profile),
        "orders": _orders(profile, now),
        "owned": sorted(profile.owned, key=lambda id_: (-profile.owned[id_], id_)),
        "disliked": sorted(profile.disliked, key=lambda id_: (-profile.disliked[id_], id_)),
        "satisfaction": _named(profile.satisfaction),
        "consent": profile.consent,
        "traits": profile.traits,
        "devices": profile.devices,
        # Told of those only whom it is true of.
        **({"bot": _named(profile.bot)} if profile.bot is not None else {}),
    }


def visits_of(recents: Sequence[Recent], gap_ms: int) -> list[dict[str, int]]:
    """Return the visits that the last touches of items were made in, the newest first.

    >>> at = lambda minute: Recent.of("cup", "view", 60_000 * minute)
    >>> visits_of([at(0), at(2), at(50)], 30 * 60_000)[1]
    {'start': 0, 'last': 120000, 'touches': 2, 'items': 1}
    """
    visits: list[list[Recent]] = []
    for recent in recents:
        if not visits or recent.time - visits[-1][-1].time > gap_ms:
            visits.append([])
        visits[-1].append(recent)
    return [
        {
            "start": touches[0].time,
            "last": touches[-1].time,
            "touches": len(touches),
            "items": len({touch.item for touch in touches}),
        }
        for touches in reversed(visits)
    ]


def item_json(item: Item | None, id_: str) -> dict[str, Any]:
    """Return what the catalogue says of an item; `known` is false if it says nothing."""
    if item is None:
        return {"item": id_, "known": False}
    return {
        "item": item.id,
        "known": True,
        "title": item.title,
        "category": item.category,
        "brand": item.brand,
        "tags": item.tags,
        "price": item.price,
        "currency": item.currency,
        "in_stock": item.in_stock,
        "url": item.url,
        "image": item.image,
    }


def segment_of(visitor: Visitor, segments: Sequence[Segment]) -> dict[str, Any] | None:
    """Return the segment a person belongs to, described as far as it is, or None."""
    standing = visitor.standing
    if standing is None or standing.segment is None:
        return None
    found = next((segment for segment in segments if segment.id == standing.segment), None)
    described = segment_json(found) if found is not None else {"id": standing.segment}
    return {**described, "since": standing.segment_since}


def segment_json(segment: Segment) -> dict[str, Any]:
    """Return a segment for an answer."""
    return {
        "id": segment.id,
        "name": segment.name,
        "telling": segment.telling,
        "size": segment.size,
        "share": segment.share,
        "lift": segment.lift,
        "as_of": segment.as_of or None,
    }


def scores_of(visitor: Visitor) -> dict[str, Any]:
    """Return the models' estimates for a person, by name."""
    if visitor.standing is None:
        return {}
    return {name: _score(score) for name, score in sorted(visitor.standing.scores.items())}


def _score(score: Score) -> dict[str, Any]:
    told: dict[str, Any] = {"value": score.value, "time": score.time, "version": score.version}
    if score.low is not None and score.high is not None:
        told["interval"] = {"low": score.low, "high": score.high}
    return told


def _interests(profile: Profile, flow: FlowSettings, now: int) -> dict[str, Any]:
    half_life_ms = flow.interest_half_life_days * DAY_MS
    since = profile.interests_since

    def decayed(weights: Mapping[str, float]) -> list[dict[str, Any]]:
        current = {n: interest_at(w, since, now, half_life_ms) for n, w in weights.items()}
        ordered = sorted(current, key=lambda name: (-current[name], name))
        return [{"name": name, "weight": round(current[name], 4)} for name in ordered]

    return {
        "categories": decayed(profile.categories),
        "brands": decayed(profile.brands),
        "tags": decayed(profile.tags),
    }


def _concepts(profile: Profile, flow: FlowSettings, now: int) -> list[dict[str, Any]]:
    """Return what the person is about: interests of one name, whatever they are, in one line.

    A category's path counts for its last name in full, and half as much for each name above.
    """
    half_life_ms = flow.interest_half_life_days * DAY_MS
    weights: dict[str, float] = {}
    for category, weight in profile.categories.items():
        for above, name in enumerate(reversed(path_of(category))):
            weights[name] = weights.get(name, 0.0) + weight * 0.5**above
    for interests in (profile.brands, profile.tags):
        for text, weight in interests.items():
            name = concept_name(text)
            weights[name] = weights.get(name, 0.0) + weight
    ordered = sorted((n for n in weights if n), key=lambda name: (-weights[name], name))
    fade = interest_at(1.0, profile.interests_since, now, half_life_ms)
    return [{"name": n, "weight": round(weights[n] * fade, 4)} for n in ordered[:TOP_CONCEPTS]]


def _session(session: Session | None, now: int, gap_ms: int) -> dict[str, Any] | None:
    open_ = session is not None and now - session.last <= gap_ms
    return _named(session) if open_ else None


def _cart(profile: Profile) -> dict[str, Any]:
    lines = sorted(profile.cart.items(), key=lambda line: (-line[1].time, line[0]))
    return {
        "items": [{"item": item, **asdict(line)} for item, line in lines],
        "value": round(sum(line.quantity * line.price for _, line in lines), 2),
    }


def _orders(profile: Profile, now: int) -> dict[str, Any]:
    last = profile.last_purchase
    return {
        "frequency": profile.orders,
        "monetary": round(profile.monetary, 2),
        "currency": profile.currency,
        "recency_days": round(max(0, now - last) / DAY_MS, 2) if last else None,
        "first": profile.first_purchase or None,
        "last": last or None,
    }


def _named(record: Struct | None) -> dict[str, Any] | None:
    """Return a record that is packed as an array as an object with its field names."""
    return None if record is None else asdict(record)
