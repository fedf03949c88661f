"""How content people are with each item, category and channel of a site, and with the whole."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from contracts.codec import pack
from contracts.events import Event
from contracts.feedback import Contentment
from online_models.contentment import Gauge, nps_of, trend_of
from online_models.drift import DriftWatch
from online_models.guard import Guard
from operators.satisfaction import opinion_of

ALL: Final = "all/"
MAX_GAUGES: Final = 20_000
"""Things that opinions are kept of, 150 bytes each; beyond it those quiet longest go."""

SERIES: Final = 64
"""The whole, and channels and categories, whose opinions are watched for change points."""

KEPT_CHANGES: Final = 5
GOOD_EVERY: Final = 500


class Opinions:
    """One site's gauges by `KIND/NAME`, and a watch over the larger ones; `Durable`."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._gauges: dict[str, Gauge] = {}
        self._dirty: set[str] = set()
        self.changed: set[str] = set()
        self._watch = self._new_watch()
        self._watched = False

    def _new_watch(self) -> Guard[DriftWatch]:
        return Guard(DriftWatch(max_series=SERIES, bounds=(-1.0, 1.0)), self._key, GOOD_EVERY)

    def hear(self, event: Event, category: str, channel: str) -> None:
        """Take a piece of feedback, or something bought."""
        names = [ALL, f"channel/{channel}"]
        if category:
            names.append(f"category/{category}")
        watched = list(names)
        if event.item is not None:
            names.append(f"item/{event.item}")
        opinion = opinion_of(event)
        if opinion is None and event.type not in ("complaint", "purchase"):
            return
        for name in names:
            self._take(self._open(name), event, opinion)
        if opinion is not None:
            self._watch.learn_one(dict.fromkeys(watched, opinion), event.time)
            self._watched = True

    @staticmethod
    def _take(gauge: Gauge, event: Event, opinion: float | None) -> None:
        if event.type == "purchase":
            gauge.buy(event.time)
        if opinion is None:
            return
        gauge.hear(opinion, event.time)
        if event.type == "csat":
            gauge.hear_csat(opinion, event.time)
        elif event.type == "nps" and event.value is not None:
            gauge.hear_nps(event.value, event.time)
        elif event.type == "complaint":
            gauge.complain(event.time)

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind, those heard of most first."""
        gauges = self._gauges
        found = [name for name in gauges if name.startswith(f"{kind}/") and gauges[name].answers]
        return sorted(found, key=lambda name: (-gauges[name].weight, name))

    def worst(self, kind: str, least: float, limit: int) -> list[str]:
        """Return the names of a kind that people are least content with, of `least` weight."""
        found = [name for name in self.names(kind) if self._gauges[name].weight >= least]
        gauges = self._gauges
        found.sort(key=lambda name: (gauges[name].opinions / gauges[name].weight, name))
        return found[:limit]

    def all_names(self) -> list[str]:
        """Return everything that opinions are kept of."""
        return sorted(self._gauges)

    def told(self, name: str) -> Contentment:
        """Return how content people are with something."""
        gauge = self._gauges.get(name) or Gauge()
        nps = nps_of(gauge)
        rate = gauge.complaints / gauge.bought if gauge.bought > 0.0 else None
        mean = gauge.opinions / gauge.weight if gauge.weight > 0.0 else None
        csat = gauge.satisfied / gauge.csat_weight if gauge.csat_weight > 0.0 else None
        return Contentment(
            as_of=gauge.time,
            answers=gauge.answers,
            weight=round(gauge.weight, 3),
            score=_rounded(mean),
            trend=_rounded(trend_of(gauge)),
            csat=_rounded(csat),
            csat_weight=round(gauge.csat_weight, 3),
            nps=None if nps is None else round(nps.value, 1),
            nps_low=None if nps is None else round(nps.low, 1),
            nps_high=None if nps is None else round(nps.high, 1),
            nps_weight=round(gauge.nps_weight, 3),
            complaints=round(gauge.complaints, 3),
            bought=round(gauge.bought, 3),
            complaint_rate=_rounded(rate),
            changes=self._changes(name),
        )

    def verify(self) -> None:
        """Roll the watch back if it is broken."""
        self._watch.verify()

    def dump(self, *, full: bool) -> bytes:
        """Return all gauges, or those that changed, and the watch."""
        names = sorted(self._gauges if full else self._dirty)
        self._dirty = set()
        gauges = {name: self._gauges.get(name) for name in names}
        watch = self._watch.snapshot() if full or self._watched else b""
        self._watched = False
        return pack((gauges, sorted(self.changed), watch))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the gauges by what the parts say."""
        self._gauges, self._dirty, self.changed = {}, set(), set()
        self._watch = self._new_watch()
        for part in parts:
            gauges, changed, watch = _parts(part)
            self.changed = set(changed)
            for name, gauge in gauges.items():
                if gauge is None:
                    self._gauges.pop(name, None)
                else:
                    self._gauges[name] = gauge
            if watch:
                self._watch.restore(watch)

    def _open(self, name: str) -> Gauge:
        gauge = self._gauges.get(name)
        if gauge is None:
            if len(self._gauges) >= MAX_GAUGES:
                self._make_room()
            gauge = self._gauges[name] = Gauge()
        self._dirty.add(name)
        self.changed.add(name)
        return gauge

    def _make_room(self) -> None:
        """Let a hundredth of the gauges go: those that were heard of least lately."""
        items = [name for name in self._gauges if name.startswith("item/")]
        items = items or [name for name in self._gauges if name != ALL]
        gauges = self._gauges
        items.sort(key=lambda name: (gauges[name].time, name))
        for name in items[: MAX_GAUGES // 100]:
            del gauges[name]
            self._dirty.add(name)
            self.changed.discard(name)

    def _changes(self, name: str) -> list[dict[str, Any]]:
        found = [drift for drift in self._watch.model.recent if drift.series == name]
        return [
            {"time": drift.time, "before": drift.before, "after": drift.after}
            for drift in found[-KEPT_CHANGES:]
        ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


_parts = msgspec.msgpack.Decoder(tuple[dict[str, Gauge | None], list[str], bytes]).decode
