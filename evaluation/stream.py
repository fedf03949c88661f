"""A recording as models see it: who touched which item when, in columns, in time order.

People, visits and items are numbered by their first appearance, so a number tells nothing of what
is yet to come.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.events import Event, Item, subject_of
from evaluation.errors import EvaluationError
from online_models.touches import WEIGHTS

SESSION_GAP_MS: Final = 30 * 60 * 1000
ITEM: Final = "item"
REMEMBERED_IDS: Final = 1_000_000

TYPES: Final = tuple(WEIGHTS)
_CODES: Final = {type_: code for code, type_ in enumerate(TYPES)}


class Step(NamedTuple):
    """One touch: `user`, `session` and `item` are numbers, `time` epoch milliseconds."""

    user: int
    session: int
    item: int
    type: str
    time: int

    @property
    def is_target(self) -> bool:
        """Whether it is something to guess: a sign of interest, and not of the opposite."""
        return WEIGHTS[self.type] > 0.0


@dataclass(frozen=True)
class Stream:
    """The touches of one site in columns (n,); 21 bytes each, and the names of items.

    `left_out` counts the events that are no touches, by reason. `kinds` describes items, by number,
    as far as anything was told of them; `catalogue` is what the recording has beside, also of items
    that nobody touches in it.
    """

    users: NDArray[np.int32]
    sessions: NDArray[np.int32]
    items: NDArray[np.int32]
    types: NDArray[np.uint8]
    times: NDArray[np.int64]
    names: list[str]
    left_out: dict[str, int] = field(default_factory=dict)
    kinds: Mapping[int, Item] = field(default_factory=dict)
    catalogue: Sequence[Item] = ()

    def __len__(self) -> int:
        return len(self.items)

    def steps(self) -> Iterator[Step]:
        """Yield the touches one by one."""
        columns = (self.users, self.sessions, self.items, self.types, self.times)
        for begin in range(0, len(self), 4096):
            chunk = (column[begin : begin + 4096].tolist() for column in columns)
            for user, session, item, code, time in zip(*chunk, strict=True):
                yield Step(user, session, item, TYPES[code], time)

    def until(self, share: float) -> "Stream":
        """Return the first `share` of the touches: what settings may be chosen on.

        >>> events = [Event(id=f"{n}", type="view", user="a", item="cup", time=n) for n in range(4)]
        >>> len(stream_of(events).until(0.5))
        2
        """
        end = round(share * len(self))
        known = int(self.items[:end].max(initial=-1)) + 1
        return Stream(
            self.users[:end],
            self.sessions[:end],
            self.items[:end],
            self.types[:end],
            self.times[:end],
            self.names[:known],
            self.left_out,
            self.kinds,
            self.catalogue,
        )


def stream_of(
    events: Iterable[Event],
    by: str = ITEM,
    session_gap_ms: int = SESSION_GAP_MS,
    site: str | None = None,
) -> Stream:
    """Return the touches of events, which come in time order.

    `by` names what counts as the item: `item`, or a property such as `category`. A visit ends
    after `session_gap_ms` without a touch, or where the event's own `session` changes. Events of
    other sites than `site` (by default the first one's) are left out, and so are those that come
    again under an id of the last million.

    >>> events = [Event(id=str(n), type="view", user="ada", item="cup", time=n) for n in range(2)]
    >>> stream_of(events).sessions.tolist()
    [0, 0]
    """
    encoder = _Encoder(by, session_gap_ms, site)
    for event in events:
        encoder.add(event)
    return encoder.stream()


class _Encoder:
    def __init__(self, by: str, gap_ms: int, site: str | None) -> None:
        self._by = by
        self._gap = gap_ms
        self._site = site
        self._users: dict[str, int] = {}
        self._owners: dict[str, str] = {}
        self._items: dict[str, int] = {}
        self._visits: dict[int, tuple[int, str | None, int]] = {}
        self._sessions = 0
        self._ids: dict[tuple[str, str], None] = {}
        self._left_out: dict[str, int] = {}
        self._columns = (array("i"), array("i"), array("i"), array("B"), array("q"))

    def add(self, event: Event) -> None:
        """Take in an event that is not earlier than the last."""
        if self._site is None:
            self._site = event.site
        subject = self._subject(event)
        name = event.item if self._by == ITEM else event.props.get(self._by)
        reason = self._reason(event, name)
        if reason:
            self._left_out[reason] = self._left_out.get(reason, 0) + 1
            return
        user = self._users.setdefault(subject, len(self._users))
        item = self._items.setdefault(str(name), len(self._items))
        session = self._session(user, event)
        values = (user, session, item, _CODES[event.type], event.time)
        if self._columns[4] and event.time < self._columns[4][-1]:
            raise EvaluationError(
                f"event {event.id!r} is earlier than the one before it: sort them"
            )
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)

    def stream(self) -> Stream:
        """Return what was taken in."""
        users, sessions, items, types, times = self._columns
        return Stream(
            np.array(users, np.int32),
            np.array(sessions, np.int32),
            np.array(items, np.int32),
            np.array(types, np.uint8),
            np.array(times, np.int64),
            list(self._items),
            self._left_out,
        )

    def _subject(self, event: Event) -> str:
        """Return who acts: a device's events are its user's once it was seen with one."""
        if event.device is not None and event.user is not None:
            self._owners[event.device] = event.user
        owner = event.user or self._owners.get(event.device or "")
        return subject_of(owner, event.device)

    def _reason(self, event: Event, name: object) -> str:
        """Return why an event is no touch; nothing if it is one."""
        if event.site != self._site:
            return "of another site"
        if event.type not in WEIGHTS:
            return f"type {event.type}"
        if name is None or name == "":
            return f"without {self._by}"
        key = (event.source, event.id)
        if key in self._ids:
            return "repeated id"
        self._ids[key] = None
        if len(self._ids) > REMEMBERED_IDS:
            del self._ids[next(iter(self._ids))]
        return ""

    def _session(self, user: int, event: Event) -> int:
        number, name, last = self._visits.get(user, (-1, None, 0))
        ends = name != event.session if event.session is not None else event.time - last > self._gap
        if number < 0 or ends:
            number = self._sessions
            self._sessions += 1
        self._visits[user] = (number, event.session, event.time)
        return number
