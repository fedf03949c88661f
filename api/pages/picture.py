"""What the live page shows of one moment, made of what the API has in memory: no round trip."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from api.pages.projection import projected
from api.serve.memory import Site
from api.serve.serving import Serving
from api.triggers.hub import Trigger
from contracts.cloudevents import decode_trigger
from contracts.codec import DecodeError
from contracts.keys import SCOREBOARD

TRENDING: Final = 10
TRIGGERS: Final = 8
GUARDED: Final = ("learned", "refused", "errors", "rollbacks", "restarts")


def picture(
    serving: Serving, events: Mapping[str, Any], site: Site, triggers: Sequence[Trigger]
) -> dict[str, Any]:
    """Return the moment.

    `events` says how the events ended (`status_routes.total`), `triggers` are the newest ones.
    """
    memory = serving.keeper.memory
    return {
        "time": serving.clock(),
        "namespace": memory.namespace,
        "site": site.name,
        "store": "away" if serving.store.away else "up",
        "events": events,
        "answers": serving.metrics.given,
        "lag_ms": serving.lag_ms(),
        "parts": memory.progress,
        "workers": memory.workers,
        "checkpoint": memory.checkpoint,
        "segments": _segments(site),
        "trending": _trending(site),
        "scoreboard": _scoreboard(site),
        "models": [
            _model(name, known) for name, known in sorted(site.models.items()) if name != SCOREBOARD
        ],
        "funnel": site.models.get("rates", {}).get("funnel"),
        "items": len(site.catalogue),
        "triggers": _triggers([serving.names.revealed(site.name, one.event) for one in triggers]),
    }


def _scoreboard(site: Site) -> dict[str, Any]:
    """Return how good the answers of the last day were: by who would have made, and by who did."""
    known = site.models.get(SCOREBOARD, {})
    return {"models": known.get("models", {}), "arms": known.get("arms", {})}


def _segments(site: Site) -> list[dict[str, Any]]:
    segments = site.segments
    return [
        {
            "id": s.id,
            "name": s.name,
            "telling": s.telling,
            "size": s.size,
            "share": s.share,
            "x": x,
            "y": y,
        }
        for s, (x, y) in zip(segments, projected(segments), strict=True)
    ]


def _trending(site: Site) -> list[dict[str, Any]]:
    top = site.top("trending")
    if top is None or not len(top.weights):
        return []
    found = []
    scale = float(top.weights[0]) or 1.0
    for number, weight in zip(top.keys.tolist(), top.weights.tolist(), strict=True):
        item = site.catalogue.by_number(number)
        if item is not None:
            title = item.title or item.id
            found.append({"item": item.id, "title": title, "score": round(weight / scale, 4)})
        if len(found) == TRENDING:
            break
    return found


def _triggers(events: Sequence[bytes]) -> list[dict[str, Any]]:
    found = []
    for event in events:
        with suppress(DecodeError):
            said = decode_trigger(event)
            shown = {"campaign": said.campaign, "user": said.user, "time": said.time}
            found.append({"id": said.id, **shown, "holdout": said.holdout})
    return found


def _model(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model knows of itself, without the means of all that is watched for drift."""
    drift = known.get("drift") or {}
    counts = {
        each: value
        for each, value in known.items()
        if isinstance(value, int) and each not in GUARDED and each != "screened"
    }
    return {
        "name": name,
        **{each: known.get(each) for each in GUARDED},
        "cause": known.get("cause") or None,
        "drifts": drift.get("drifts"),
        "drifted": drift.get("recent", []),
        "loss": drift.get("series", {}).get("loss", {}).get("mean"),
        "contest": known.get("contest"),
        "counts": counts,
    }
