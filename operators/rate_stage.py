"""How many events of which type come in, minute by minute, watched for drift."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from contracts.codec import dump_json, pack
from contracts.settings import FlowSettings
from online_models.drift import DriftWatch
from online_models.guard import Guard
from online_models.rates import WINDOW_MS, EventRates
from operators.examples import Example
from operators.messages import Examples, View, Views
from operators.profile import Applied

GOOD_EVERY: Final = 500
"""Minutes between two good snapshots of a watch."""


class RateCounts:
    """Counts one bucket's applied events by site, minute and type: an observer."""

    def __init__(self, settings: FlowSettings) -> None:
        self._counts: dict[tuple[str, int, str], int] = {}

    def __call__(self, applied: Applied) -> None:
        """Count one applied event."""
        event = applied.arrived.event
        if applied.adopted or applied.arrived.late:
            return
        key = (event.site, event.time // WINDOW_MS, event.type)
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


class RateStage:
    """Event rates of each site, and the watch over them; a `Publisher`. Scores nobody."""

    name = "rates"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._alarm = settings.drift_alarm
        self._key = key
        self._sites: dict[str, tuple[EventRates, Guard[DriftWatch]]] = {}
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether a minute ended since it was published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[Examples]) -> list[Any]:
        """Add a round's counts; look at the minutes that ended."""
        for message in messages:
            counts: dict[str, dict[tuple[int, str], int]] = {}
            for example in message.items:
                if not isinstance(example, Example):
                    continue
                own = counts.setdefault(example.site, {})
                key = (example.time, example.event)
                own[key] = own.get(key, 0) + int(example.values[0])
            for site in sorted(counts):
                rates, watch = self._of(site)
                for row in rates.learn(dict(sorted(counts[site].items()))):
                    watch.learn_one(row, rates.closed * WINDOW_MS)
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
        """Return the rates and watches."""
        saved = {s: (rates.dump(), watch.snapshot()) for s, (rates, watch) in self._sites.items()}
        return pack((saved, sorted(self._pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the rates and watches."""
        if not parts:
            return
        saved, pending = _parts.decode(parts[-1])
        self._sites, self._pending = {}, set(pending)
        for site, (counts, watched) in saved.items():
            rates, watch = self._of(site)
            rates.load(counts)
            watch.restore(watched)

    def _of(self, site: str) -> tuple[EventRates, Guard[DriftWatch]]:
        if site not in self._sites:
            watch = Guard(DriftWatch(self._alarm), self._key, GOOD_EVERY)
            self._sites[site] = EventRates(), watch
        return self._sites[site]

    def _view(self, site: str) -> View:
        watch = self._sites[site][1]
        known = {**watch.counts(), "drift": watch.model.report()}
        return View("model", site, self.name, dump_json(known))


_parts = msgspec.msgpack.Decoder(tuple[dict[str, tuple[bytes, bytes]], list[str]])
