"""Models with one key each: examples in, in order; scores and segments out, to the users' buckets.

An example without a label is scored, one with a label is learnt from: predict, then learn. What a
model knows of itself is published from time to time.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from contracts.codec import dump_json, pack
from contracts.decisions import Score
from contracts.settings import FlowSettings
from online_models.drift import LOSS, DriftWatch
from online_models.guard import Guard
from operators import routing
from operators.examples import Example
from operators.happenings import UserScore
from operators.messages import Examples, View, Views

Message = Any
M = TypeVar("M")


GOOD_EVERY: Final = 2_000
"""Values between two good snapshots of a watch, which is sturdy and larger than its models."""


class ModelStage(ABC, Generic[M]):
    """One model a site, under one key, and a watch for drift over what it sees; a `Publisher`."""

    name: str

    look_every = 16
    """One in so many examples is looked at for drift of its features."""

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._settings = settings
        self._key = key
        self._every = every
        self._sites: dict[str, Any] = {}
        self._watches: dict[str, Guard[DriftWatch]] = {}
        self._looks: dict[str, int] = {}
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether a model changed since it was published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Predict and learn in order; return the scores, addressed to the users' buckets."""
        out: list[Message] = []
        for message in messages:
            scores: list[UserScore] = []
            for example in message.items:
                if not isinstance(example, Example):
                    continue
                model = self._model(example.site)
                self._pending.add(example.site)
                scores += self._take(model, example)
            out += routing.to_facts(
                message.round, self.name, scores, self._settings.buckets, every=self._every
            )
        return out

    def publish(self) -> list[Message]:
        """Return what the changed models know of themselves; those that broke are rolled back."""
        sites, self._pending = sorted(self._pending), set()
        for site in sites:
            self._sites[site].verify()
        return [Views([view for site in sites for view in self._views(site)])] if sites else []

    def finish(self) -> list[Message]:
        """Publish all models, now with the digest of their parameters, which takes a while."""
        for site in self._sites:
            self._sites[site].verify()
        views = [view for site in sorted(self._sites) for view in self._final_views(site)]
        self._pending = set()
        return [Views(views)] if views else []

    def dump(self, *, full: bool) -> bytes:  # models are small: always whole
        """Return the models, each in an envelope that is signed."""
        models = {site: model.snapshot() for site, model in self._sites.items()}
        watches = {site: watch.snapshot() for site, watch in self._watches.items()}
        return pack(_Saved(models, sorted(self._pending), watches, self._looks, self._more()))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the models."""
        if not parts:
            return
        saved = _saved.decode(parts[-1])
        self._sites, self._watches = {}, {}
        for site, raw in saved.models.items():
            self._model(site).restore(raw)
        for site, raw in saved.watches.items():
            self._watch(site).restore(raw)
        self._looks, self._pending = saved.looks, set(saved.pending)
        for site, raw in saved.more.items():
            self._load_more(site, raw)

    def _model(self, site: str) -> Any:
        if site not in self._sites:
            self._sites[site] = self._guarded()
        return self._sites[site]

    def _guarded(self) -> Any:
        """Return a new model in its guard."""
        return Guard(self._make(), self._key)

    def _watch(self, site: str) -> Guard[DriftWatch]:
        if site not in self._watches:
            watch = DriftWatch(self._settings.drift_alarm, spreads=True)
            self._watches[site] = Guard(watch, self._key, GOOD_EVERY)
        return self._watches[site]

    def _look(
        self, site: str, x: Mapping[str, float], time: int, loss: float | None = None
    ) -> None:
        """Watch a loss, and one in some examples' features, for drift."""
        looks = self._looks[site] = self._looks.get(site, 0) + 1
        seen: Mapping[str, float] = x if looks % self.look_every == 0 else {}
        if loss is not None:
            seen = {LOSS: loss, **seen}
        if seen:
            self._watch(site).learn_one(seen, time)

    def _known(self, site: str) -> dict[str, Any]:
        model = self._sites[site]
        drift = self._watch(site).model.report()
        return {**model.counts(), "cause": model.cause, "drift": drift}

    def _digest(self, site: str) -> str:
        digested: str = self._sites[site].digest()
        return digested

    def _more(self) -> dict[str, bytes]:
        """Return what a stage keeps of each site beside its model."""
        return {}

    def _load_more(self, site: str, raw: bytes) -> None:
        """Take it back."""

    def _views(self, site: str) -> list[View]:
        return [View("model", site, self.name, dump_json(self._known(site)))]

    def _final_views(self, site: str) -> list[View]:
        known = {"digest": self._digest(site), **self._known(site)}
        digested = View("model", site, self.name, dump_json(known))
        return [digested, *self._views(site)[1:]]

    @staticmethod
    def _told(example: Example, score: Score) -> UserScore:
        return UserScore(example.site, example.user, example.seq, example.event, score)

    @abstractmethod
    def _make(self) -> M:
        """Return a new model."""

    @abstractmethod
    def _take(self, model: Any, example: Example) -> Iterable[UserScore]:
        """Score an example or learn from it."""


class _Saved(msgspec.Struct, array_like=True):
    models: dict[str, bytes]
    pending: list[str]
    watches: dict[str, bytes] = {}
    looks: dict[str, int] = {}
    more: dict[str, bytes] = {}


_saved = msgspec.msgpack.Decoder(_Saved)
