"""Answers judged by what the person touched next: first the wait, then the count.

Both come at their own pace: an answer may be read before or after the touch that judges it. So
answers wait for a touch that arrived after they were given, at most half an hour, and the last
touches of people wait for answers.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.codec import pack
from contracts.settings import FlowSettings
from online_models.contenders import BLEND
from online_models.live_figures import NAMES, LiveFigures, gains
from online_models.trial import Trial
from operators.durable import PackedMap
from operators.examples import Answered, Reached

WITHIN_MS: Final = 30 * 60 * 1000
PERSON_MS: Final = 24 * 3_600_000
"""What a person did within so long of their first answer is the person's outcome in a trial."""

MAX_WAITING: Final = 10_000
"""Answers that wait, 8 MB; while there are so many no further ones are judged."""
MAX_PEOPLE: Final = 50_000
"""Of one trial, 8 MB; then it takes no more."""
TOUCHES: Final = 20
TOUCHED_PEOPLE: Final = 10_000

SHOWN: Final = "shown"


class Judge:
    """The live figures of one site; `Durable`, but for touches that wait for their answers.

    Cost: 5 us a touch, 40 an answer.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self.models = LiveFigures()
        self.arms = LiveFigures()
        self.unjudged = 0
        self._settings = settings
        self._trial = self._new_trial()
        self._waiting = PackedMap()
        self._of_person: dict[str, list[str]] = {}
        self._due: dict[str, int] = {}
        self._touches: OrderedDict[str, list[tuple[int, int, int]]] = OrderedDict()
        self._people = PackedMap()
        self._open: dict[str, int] = {}
        self._clock = 0

    def answered(self, answer: Answered) -> None:
        """Take an answer in, and judge it if what came next is already known."""
        if answer.request in self._due:
            return
        self._trial.join(answer.arm)
        known = self._touches.get(answer.user, [])
        if len(known) == TOUCHES and known[0][1] > answer.time:
            self.unjudged += 1  # what came first is not known any more
            return
        for time, arrived, item in known:
            if _is_next(answer, time, arrived, item):
                in_time = arrived <= answer.time + WITHIN_MS
                self._settle(answer, item if in_time else None)
                return
        if len(self._waiting) >= MAX_WAITING:
            self.unjudged += 1
            return
        self._waiting[answer.request] = pack(answer)
        self._wait(answer)

    def reached(self, touch: Reached) -> bool:
        """Take a touch in, and judge the answers that waited for it; say whether there were any."""
        waited = len(self._waiting)
        self._clock = max(self._clock, touch.arrived)
        known = self._touches.pop(touch.user, [])
        self._touches[touch.user] = [*known[1 - TOUCHES :], (touch.time, touch.arrived, touch.item)]
        if len(self._touches) > TOUCHED_PEOPLE:
            self._touches.popitem(last=False)
        for request in list(self._of_person.get(touch.user, ())):
            answer = _answer(self._waiting[request])
            if _is_next(answer, touch.time, touch.arrived, touch.item):
                self._leave(answer)
                in_time = touch.arrived <= answer.time + WITHIN_MS
                self._settle(answer, touch.item if in_time else None)
        self._expire()
        return len(self._waiting) < waited

    def forget(self, gone: Callable[[str], bool]) -> None:
        """Forget people who are gone; what was counted stays."""
        for request in list(self._waiting):
            answer = _answer(self._waiting[request])
            if gone(answer.user):
                self._leave(answer)
        for user in [one for one in self._touches if gone(one)]:
            del self._touches[user]
        for user in [one for one in self._people if gone(one)]:
            self._people.pop(user)
            self._open.pop(user, None)

    def report(self) -> dict[str, Any]:
        """Return the figures for a view.

        Of models over the answers after which something was touched, of arms over all.
        """
        window = self.arms.window
        told: dict[str, Any] = {
            "learned": 0,  # it is no model that learns
            "window": None if window is None else {"from": window[0], "until": window[1]},
            "models": _of_models(self.models.means()),
            "arms": _of_arms(self.arms.means()),
            "sums": {
                "models": _of_models(self.models.sums()),
                "arms": _of_arms(self.arms.sums()),
            },
            "waiting": len(self._waiting),
            "unjudged": self.unjudged,
        }
        if self._trial.has_challengers:
            told["contest"] = self._trial.report()
            told["people"] = {"counted": len(self._people), "of": MAX_PEOPLE}
        return told

    def dump(self, *, full: bool) -> bytes:
        """Return the state, or what changed of it."""
        saved = _Saved(
            self._waiting.dump(full=full),
            self._people.dump(full=full),
            self.models.pack(),
            self.arms.pack(),
            self._trial.pack(),
            self.unjudged,
            self._clock,
        )
        return pack(saved)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the state."""
        saved = [_saved(part) for part in parts]
        last = saved[-1]
        self._waiting.load([part.waiting for part in saved])
        self._people.load([part.people for part in saved])
        self.models = LiveFigures.unpack(last.models)
        self.arms = LiveFigures.unpack(last.arms)
        self._trial.restore(last.trial)
        self.unjudged, self._clock = last.unjudged, last.clock
        answers = [_answer(self._waiting[request]) for request in self._waiting]
        for answer in sorted(answers, key=lambda answer: (answer.time, answer.request)):
            self._wait(answer)
        people = [(_person(self._people[user]).first, user) for user in self._people]
        self._open = {user: first for first, user in sorted(people) if first}

    def _wait(self, answer: Answered) -> None:
        self._of_person.setdefault(answer.user, []).append(answer.request)
        self._due[answer.request] = answer.time + WITHIN_MS

    def _leave(self, answer: Answered) -> None:
        self._waiting.pop(answer.request)
        del self._due[answer.request]
        of_person = self._of_person[answer.user]
        of_person.remove(answer.request)
        if not of_person:
            del self._of_person[answer.user]

    def _expire(self) -> None:
        """Judge answers after which nothing came, and people whose time is over."""
        while self._due:
            request, due = next(iter(self._due.items()))
            if due >= self._clock:
                break
            answer = _answer(self._waiting[request])
            self._leave(answer)
            self._settle(answer, None)
        while self._open:
            user, first = next(iter(self._open.items()))
            if first + PERSON_MS >= self._clock:
                break
            self._conclude(user)

    def _settle(self, answer: Answered, item: int | None) -> None:
        ranks = {name: rank_of(listed, item) for name, listed in answer.lists.items()}
        if item is not None:
            for name, rank in ranks.items():
                self.models.add(name, answer.time, rank)
        rank = ranks.get(SHOWN, 0)
        self.arms.add(answer.arm, answer.time, rank, touched=item is not None)
        if self._trial.has_challengers:
            self._count(answer, gains(rank)[-1])

    def _count(self, answer: Answered, gain: float) -> None:
        """Add to a person's outcome: a person belongs to the arm of the first answer."""
        known = self._people.get(answer.user)
        if known is None:
            if len(self._people) >= MAX_PEOPLE:
                return
            person = _Person(answer.arm, answer.time)
            self._open[answer.user] = answer.time
        else:
            person = _person(known)
        if person.first and person.arm == answer.arm:
            person.count += 1
            person.total += gain
            self._people[answer.user] = pack(person)

    def _conclude(self, user: str) -> None:
        first = self._open.pop(user)
        person = _person(self._people[user])
        self._people[user] = pack(_Person(person.arm))
        if self._trial.outcome(person.arm, person.total / max(person.count, 1), first):
            for other in list(self._people):
                self._people.pop(other)
            self._open = {}

    def _new_trial(self) -> Trial:
        settings = self._settings
        return Trial("recommender", BLEND, promote=settings.promote, alpha=settings.promote_alpha)


def _of_models(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return figures that are over the answers after which something was touched."""
    return {
        name: {"predictions": told["count"], **{figure: told[figure] for figure in NAMES}}
        for name, told in figures.items()
    }


def _of_arms(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return figures that are over all answers."""
    return {
        name: {
            "answers": told["count"],
            "touched": told["touched"],
            **{figure: told[figure] for figure in NAMES},
        }
        for name, told in figures.items()
    }


class _Person(Struct, array_like=True):
    """Somebody in a trial: the arm, when it began (0: it is over), and the gains of answers."""

    arm: str
    first: int = 0
    count: int = 0
    total: float = 0.0


class _Saved(Struct, array_like=True):
    waiting: bytes
    people: bytes
    models: bytes
    arms: bytes
    trial: bytes
    unjudged: int
    clock: int


def packed_items(numbers: Sequence[int]) -> bytes:
    """Return items as bytes, 4 each.

    >>> rank_of(packed_items([7, 9]), 9), rank_of(packed_items([7, 9]), 8)
    (2, 0)
    """
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def rank_of(listed: bytes, item: int | None) -> int:
    """Return the place of an item among packed ones, from 1; 0 if it is not there."""
    if item is None:
        return 0
    wanted = item.to_bytes(4, "little")
    places = (at for at in range(0, len(listed), 4) if listed[at : at + 4] == wanted)
    return next((at // 4 + 1 for at in places), 0)


def _is_next(answer: Answered, time: int, arrived: int, item: int) -> bool:
    """Say whether a touch came after the answer, and is a choice."""
    return arrived > answer.time and time > answer.since and item != answer.beside


_answer = msgspec.msgpack.Decoder(Answered).decode
_person = msgspec.msgpack.Decoder(_Person).decode
_saved = msgspec.msgpack.Decoder(_Saved).decode
