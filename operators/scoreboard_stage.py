"""The live scoreboard of each site under one key: answers and touches in, figures out."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec

from contracts.codec import dump_json, pack
from contracts.keys import SCOREBOARD
from contracts.sampling import is_judged
from contracts.settings import FlowSettings
from online_models.touches import WEIGHTS, number_of
from operators.erased import IsGone
from operators.examples import Answered, Reached
from operators.judging import SHOWN, Judge, packed_items
from operators.messages import LIVE_ROUND, Examples, View, Views
from operators.per_site import PerSite
from operators.profile import Applied

Message = Any

_LOWER: Final = 0xFFFF_FFFF


class ReachedExamples:
    """Touches, of interest, of the people whose answers are judged; has no state to save."""

    def __init__(self, settings: FlowSettings) -> None:
        self._share = settings.score_share
        self._out: list[Reached] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        arrived, user = applied.arrived, applied.profile.id
        event = arrived.event
        if event.item is None or WEIGHTS.get(event.type, 0.0) <= 0.0:
            return
        if applied.adopted or arrived.late or not is_judged(event.site, user, self._share):
            return
        item = number_of(event.item) & _LOWER
        self._out.append(Reached(event.site, user, arrived.seq, event.time, arrived.received, item))

    def take(self, clock: int) -> Sequence[Reached]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return nothing."""
        return b""

    def load(self, parts: Sequence[bytes]) -> None:
        """Take nothing."""


class ScoreboardStage:
    """A judge a site; a `Publisher`. A replay has no answers, and publishes nothing."""

    name = SCOREBOARD

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._sites = PerSite(lambda: Judge(settings))
        self._is_replay = every
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether figures changed since they were published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Judge what can be judged now."""
        if self._is_replay:
            return []
        for message in messages:
            for item in message.items:
                if isinstance(item, Reached):
                    if self._sites.open(item.site).reached(item):
                        self._pending.add(item.site)
                elif isinstance(item, Answered):
                    self._sites.open(item.site).answered(item)
                    self._pending.add(item.site)
        return []

    def forget(self, gone: IsGone) -> list[Message]:
        """Forget people who are gone."""
        for site in self._sites:
            self._sites.open(site).forget(partial(gone, site))
        return []

    def publish(self) -> list[Message]:
        """Return the figures of the sites that were answered."""
        sites, self._pending = sorted(self._pending), set()
        views = [View("model", s, self.name, dump_json(self._sites[s].report())) for s in sites]
        return [Views(views)] if views else []

    def finish(self) -> list[Message]:
        """Return what changed."""
        return self.publish()

    def dump(self, *, full: bool) -> bytes:
        """Return the sites, or what changed of them."""
        return pack((self._sites.dump(full=full), sorted(self._pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the sites."""
        decoded = [_parts.decode(part) for part in parts]
        self._sites.load([sites for sites, _ in decoded])
        self._pending = set(decoded[-1][1]) if decoded else set()


_parts = msgspec.msgpack.Decoder(tuple[bytes, list[str]])


class _Shown(msgspec.Struct, array_like=True):
    item: str


class _Logged(msgspec.Struct):
    """Of an `Answer` what judging needs; the rest is not even read."""

    request: str
    site: str
    user: str
    time: int
    items: list[_Shown]
    lists: dict[str, list[str]] = {}
    as_of: int | None = None
    beside: str | None = None
    arm: str = ""


def answered_of(raw: bytes) -> Answered | None:
    """Return the answer of a record of the topic `answers`, if it is to be judged.

    Raises `msgspec.MsgspecError` for what is no answer. Cost: 10 us, 30 for one that is judged.
    """
    logged = _logged(raw)
    if not logged.lists:
        return None
    lists = {SHOWN: [shown.item for shown in logged.items], **logged.lists}
    return Answered(
        logged.site,
        logged.user,
        logged.request,
        logged.time,
        logged.as_of or 0,
        None if logged.beside is None else _number(logged.beside),
        logged.arm,
        {name: packed_items([_number(id_) for id_ in items]) for name, items in lists.items()},
    )


def to_scoreboard(answers: Sequence[Answered]) -> list[tuple[str, Examples]]:
    """Return answers as a message for the stage.

    >>> to_scoreboard([])
    []
    """
    name = ScoreboardStage.name
    return [(name, Examples(LIVE_ROUND, name, list(answers)))] if answers else []


def _number(id_: str) -> int:
    return number_of(id_) & _LOWER


_logged = msgspec.json.Decoder(_Logged).decode
