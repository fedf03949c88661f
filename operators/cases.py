"""Complaints and suggestions as cases: opened, answered, resolved, reopened, overdue.

`Cases` is one site's: bounded, saved by what changed, and pure. Time is event time.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

import msgspec

from contracts.codec import pack
from contracts.feedback import (
    HISTORY,
    LISTED,
    MAX_TOPIC,
    STATUSES,
    WAITING,
    Case,
    CaseLine,
    follows,
)
from operators.durable import PackedMap

MAX_CASES: Final = 20_000
"""Of a site, about 600 bytes each. Beyond it the oldest resolved go, else the oldest of all."""

TIMES: Final = 500
"""First-response and resolution times that medians are of, the newest."""


MAX_EARLY: Final = 1_000
"""Changes of cases that are not known yet."""


class _Early(msgspec.Struct, array_like=True):
    status: str
    time: int
    topic: str | None
    note: str


class Changed(NamedTuple):
    """A case as it became; `was` is its status before, None if it was just opened."""

    case: Case
    was: str | None


class Cases:
    """One site's cases; `Durable`. `due_ms` is how long an answer may take.

    >>> cases = Cases(due_ms=1_000)
    >>> case = Case(1, "shop", "e1", "complaint", "ada", opened=5_000)
    >>> _ = cases.open(case)
    >>> [case.id for case in cases.pass_time(6_000)], cases.overdue_of("ada")
    (['e1'], 1)
    >>> cases.change("e1", "answered", 7_000).case.status, cases.overdue_of("ada")
    ('answered', 0)
    """

    def __init__(self, due_ms: int) -> None:
        self._due_ms = due_ms
        self._cases = PackedMap()
        self._lines: dict[str, dict[str, CaseLine]] = {status: {} for status in STATUSES}
        self._deadlines: list[tuple[int, str]] = []
        self._late: dict[str, int] = {}
        self.answer_ms: list[int] = []
        self.resolve_ms: list[int] = []
        self.opened = self.refused = self.dropped = 0
        self._early: dict[str, list[_Early]] = {}

    def __len__(self) -> int:
        return len(self._cases)

    def get(self, id_: str) -> Case | None:
        """Return a case."""
        raw = self._cases.get(id_)
        return None if raw is None else _case(raw)

    def open(self, case: Case) -> tuple[bool, list[str]]:
        """Open a case, once; return whether it was new, and the ids of those that went for it.

        What became of it may have come before it: after a crash partitions are read again side by
        side. That is made up for here.
        """
        if self._cases.get(case.id) is not None:
            return False, []
        gone = [self._drop()] if len(self._cases) >= MAX_CASES else []
        case.changed, case.due = case.opened, case.opened + self._due_ms
        self.opened += 1
        self._keep(case)
        for early in self._early.pop(case.id, ()):
            self.change(case.id, early.status, early.time, topic=early.topic, note=early.note)
        return True, gone

    def change(
        self, id_: str, status: str, time: int, *, topic: str | None = None, note: str = ""
    ) -> Changed | None:
        """Give a case another status; None if there is no such case, or it cannot have it now."""
        case = self.get(id_)
        if case is None:
            self._remember(id_, _Early(status, time, topic, note))
            return None
        if status not in STATUSES or not follows(case.status, status):
            self.refused += 1
            return None
        self._forget(case)
        was, case.status = case.status, status  # type: ignore[assignment]
        case.changed = time = max(time, case.changed)
        case.history = [*case.history, (time, status, note)][-HISTORY:]
        case.overdue, case.due = False, 0
        if status == "reopened":
            case.reopened += 1
            case.due = time + self._due_ms
        elif was in WAITING and not case.answered:
            case.answered = time
            self.answer_ms = [*self.answer_ms, time - case.opened][-TIMES:]
        if status == "resolved":
            case.resolved = time
            self.resolve_ms = [*self.resolve_ms, time - case.opened][-TIMES:]
        if topic:
            case.topic, case.certainty, case.labelled = topic[:MAX_TOPIC], 1.0, True
        self._keep(case)
        return Changed(case, was)

    def move(self, id_: str, user: str) -> Case | None:
        """Give a case to the user that its device turned out to be; None if there is no such."""
        case = self.get(id_)
        if case is None or case.user == user:
            return None
        self._forget(case)
        case.user = user
        self._keep(case)
        return case

    def forget(self, gone: Callable[[str], bool]) -> list[str]:
        """Forget the cases of people who are gone; return their ids."""
        found = [case for id_ in list(self._cases) if gone((case := _case(self._cases[id_])).user)]
        for case in found:
            self._forget(case)
            self._cases.pop(case.id)
            self.dropped += 1
        return [case.id for case in found]

    def rename(self, rare: AbstractSet[str], name_of: Callable[[int], str]) -> list[str]:
        """Give cases whose group is named by words that are forgotten its new name."""
        found = []
        for id_ in list(self._cases):
            case = _case(self._cases[id_])
            if case.group is not None and not rare.isdisjoint(case.group_name.split()):
                case.group_name = name_of(case.group)
                self._cases[id_] = pack(case)
                found.append(id_)
        return found

    def pass_time(self, clock: int) -> list[Case]:
        """Return the cases whose answer is overdue since the last time, by when they were due."""
        late = []
        while self._deadlines and self._deadlines[0][0] <= clock:
            due, id_ = heapq.heappop(self._deadlines)
            case = self.get(id_)
            if case is None or case.due != due or case.overdue:
                continue
            self._forget(case)
            case.overdue = True
            self._keep(case)
            late.append(case)
        return late

    def has_due(self, clock: int) -> bool:
        """Say whether `pass_time` may have anything to do."""
        return bool(self._deadlines) and self._deadlines[0][0] <= clock

    def overdue_of(self, user: str) -> int:
        """Return how many cases of a person are overdue."""
        return self._late.get(user, 0)

    def lines(self, status: str) -> list[CaseLine]:
        """Return the newest cases of a status, the newest first."""
        found = sorted(self._lines[status].values(), key=lambda line: (-line.opened, line.id))
        return found[:LISTED]

    def counts(self) -> dict[str, int]:
        """Return how many there are of each status, how many overdue, and what was let go."""
        found = {status: len(lines) for status, lines in self._lines.items()}
        return {
            **found,
            "overdue": sum(self._late.values()),
            "opened": self.opened,
            "refused": self.refused,
            "dropped": self.dropped,
        }

    def topics(self) -> dict[str, int]:
        """Return how many cases that wait for an answer there are of each topic."""
        found: dict[str, int] = {}
        for status in WAITING:
            for line in self._lines[status].values():
                if line.topic is not None:
                    found[line.topic] = found.get(line.topic, 0) + 1
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of all cases, in order."""
        return iter(sorted(self._cases))

    def dump(self, *, full: bool) -> bytes:
        """Return all cases, or those that changed."""
        counts = (self.opened, self.refused, self.dropped)
        times = (self.answer_ms, self.resolve_ms)
        return pack((counts, times, self._early, self._cases.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the cases by what the parts say."""
        self.__init__(self._due_ms)  # type: ignore[misc]
        decoded = [_parts(part) for part in parts]
        if decoded:
            counts, (self.answer_ms, self.resolve_ms), self._early, _ = decoded[-1]
            self.opened, self.refused, self.dropped = counts
        self._cases.load([cases for *_, cases in decoded])
        for id_ in self._cases:
            self._note(_case(self._cases[id_]))

    def _remember(self, id_: str, early: "_Early") -> None:
        """Remember a change of a case that is not known yet; of many, the newest."""
        self._early[id_] = [*self._early.pop(id_, ()), early][-HISTORY:]
        while len(self._early) > MAX_EARLY:
            del self._early[next(iter(self._early))]

    def _keep(self, case: Case) -> None:
        self._cases[case.id] = pack(case)
        self._note(case)

    def _note(self, case: Case) -> None:
        line = CaseLine(case.id, case.opened, case.topic, case.type, case.due)
        self._lines[case.status][case.id] = line
        if case.overdue:
            self._late[case.user] = self._late.get(case.user, 0) + 1
        elif case.due:
            heapq.heappush(self._deadlines, (case.due, case.id))

    def _forget(self, case: Case) -> None:
        del self._lines[case.status][case.id]
        if case.overdue:
            self._late[case.user] -= 1
            if not self._late[case.user]:
                del self._late[case.user]

    def _drop(self) -> str:
        """Let the oldest case go, one that is resolved if there is any; return its id."""
        lines = self._lines["resolved"] or {
            id_: line for lines in self._lines.values() for id_, line in lines.items()
        }
        oldest = min(lines.values(), key=lambda line: (line.opened, line.id))
        case = self.get(oldest.id)
        assert case is not None
        self._forget(case)
        self._cases.pop(case.id)
        self.dropped += 1
        return case.id


_case = msgspec.msgpack.Decoder(Case).decode
_Saved = tuple[tuple[int, int, int], tuple[list[int], list[int]], dict[str, list[_Early]], bytes]
_parts = msgspec.msgpack.Decoder(_Saved).decode
