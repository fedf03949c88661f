"""How many events of which type come in, minute by minute, watched for drift; and how far visits
get: the funnel of the last hour.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from contracts.codec import dump_json, pack
from contracts.events import Event
from contracts.settings import FlowSettings
from online_models.drift import DriftWatch
from online_models.funnel import Funnel
from online_models.guard import Guard
from online_models.rates import WINDOW_MS, EventRates
from operators.examples import Example
from operators.messages import Examples, View, Views
from operators.profile import Applied

GOOD_EVERY: Final = 500
"""Minutes between two good snapshots of a watch."""

VISIT: Final = "visit/"
"""Starts the name of a step that a visit came to, among the types of events."""


class RateCounts:
    """Counts one bucket's applied events by site, minute and type: an observer."""

    def __init__(self, settings: FlowSettings) -> None:
        self._counts: dict[tuple[str, int, str], int] = {}

    def __call__(self, applied: Applied) -> None:
        """Count one applied event."""
        event = applied.arrived.event
        if applied.adopted or applied.arrived.late:
            return
        self._count(event, event.type)
        if applied.in_session and (step := _first_step(applied)) is not None:
            self._count(event, VISIT + step)

    def _count(self, event: Event, what: str) -> None:
        key = (event.site, event.time // WINDOW_MS, what)
        self._counts[key] = self._counts.get(key, 0) + 1

    def take(self, clock: int) -> list[Example]:
        """Return the batch's counts."""
        counts, self._counts = self._counts, {}
        return [
            Example(site, "", 0, minute, type_, (float(count),))
            for (site, minute, type_), count in counts.items()
        ]

    def dump(self, *, full: bool) -> bytes:
        """Return nothing: batches are taken whole."""
        return b""

    def load(self, parts: Sequence[bytes]) -> None:
        """There is no state."""


def _first_step(applied: Applied) -> str | None:
    """Return the step of the funnel that a person's visit has come to just now, if to any."""
    session, type_ = applied.profile.session, applied.arrived.event.type
    if session is None or applied.profile.bot is not None:
        return None
    if type_ in ("view", "click"):
        return "view" if session.views == 1 else None
    if type_ == "add_to_cart":
        return type_ if session.carts == 1 else None
    return type_ if type_ == "purchase" and session.purchases == 1 else None


class RateStage:
    """Event rates of each site, and the watch over them; a `Publisher`. Scores nobody."""

    name = "rates"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._alarm = settings.drift_alarm
        self._key = key
        self._sites: dict[str, tuple[EventRates, Guard[DriftWatch], Funnel]] = {}
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether a minute ended, or a visit got further, since it was published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[Examples]) -> list[Any]:
        """Add a round's counts; look at the minutes that ended."""
        for message in messages:
            counts: dict[str, dict[tuple[int, str], int]] = {}
            steps: dict[str, dict[tuple[int, str], int]] = {}
            for example in message.items:
                if not isinstance(example, Example):
                    continue
                kind = steps if example.event.startswith(VISIT) else counts
                own = kind.setdefault(example.site, {})
                key = (example.time, example.event.removeprefix(VISIT))
                own[key] = own.get(key, 0) + int(example.values[0])
            for site in sorted(counts):
                rates, watch, funnel = self._of(site)
                for row in rates.learn(dict(sorted(counts[site].items()))):
                    watch.learn_one(row, rates.closed * WINDOW_MS)
                    self._pending.add(site)
                if site in steps:
                    funnel.learn(steps[site])
                    self._pending.add(site)
        return []

    def publish(self) -> list[Any]:
        """Return what is known of the sites where a minute ended."""
        sites, self._pending = sorted(self._pending), set()
        return [Views([self._view(site) for site in sites])] if sites else []

    def finish(self) -> list[Any]:
        """Publish all."""
        self._pending = set(self._sites)
        return self.publish()

    def dump(self, *, full: bool) -> bytes:  # small: always whole
        """Return the rates, watches and funnels."""
        saved = {
            s: (rates.dump(), watch.snapshot()) for s, (rates, watch, _) in self._sites.items()
        }
        funnels = {site: funnel.dump() for site, (_, _, funnel) in self._sites.items()}
        return pack(_Saved(saved, sorted(self._pending), funnels))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the rates, watches and funnels."""
        if not parts:
            return
        saved = _saved.decode(parts[-1])
        self._sites, self._pending = {}, set(saved.pending)
        for site, (counts, watched) in saved.sites.items():
            rates, watch, funnel = self._of(site)
            rates.load(counts)
            watch.restore(watched)
            if site in saved.funnels:
                funnel.load(saved.funnels[site])

    def _of(self, site: str) -> tuple[EventRates, Guard[DriftWatch], Funnel]:
        if site not in self._sites:
            watch = Guard(DriftWatch(self._alarm), self._key, GOOD_EVERY)
            self._sites[site] = EventRates(), watch, Funnel()
        return self._sites[site]

    def _view(self, site: str) -> View:
        _, watch, funnel = self._sites[site]
        known = {**watch.counts(), "drift": watch.model.report(), "funnel": funnel.report()}
        return View("model", site, self.name, dump_json(known))


class _Saved(msgspec.Struct, array_like=True):
    """`funnels` is missing in what was saved before there were any."""

    sites: dict[str, tuple[bytes, bytes]]
    pending: list[str]
    funnels: dict[str, bytes] = {}


_saved = msgspec.msgpack.Decoder(_Saved)
