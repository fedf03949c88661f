"""A recording as lists that were shown: what stood in each, in which order, and what was clicked.

Lists are put together ahead, so that each can be asked about when its first item is shown; what a
competitor learns from still comes to it event by event, in time order.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contracts.events import Event, subject_of
from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import FlowSettings
from operators.messages import Arrived
from operators.profile import apply

SHOWN_TYPES: Final = ("impression", "click")


class Offered(NamedTuple):
    """One item of a list; `position` as it was logged, or else its place in the log."""

    item: str
    position: int
    category: str
    price: float | None


@dataclass
class Listed:
    """One list, in logged order, and which of its items were clicked."""

    offered: dict[str, Offered] = field(default_factory=dict)
    clicked: set[str] = field(default_factory=set)

    def ordered(self) -> list[Offered]:
        """Return the items in the order in which they stood."""
        return sorted(self.offered.values(), key=lambda one: one.position)

    @property
    def asks(self) -> bool:
        """Whether the list tells one order from another: some of it was clicked, and some not."""
        return 0 < len(self.clicked) < len(self.offered)


class Step(NamedTuple):
    """One event, the profile before it, and the list to be asked about if it is its first."""

    event: Event
    profile: Profile
    asked: Listed | None


def lists_of(events: Iterable[Event]) -> dict[str, Listed]:
    """Return the lists by request, in the order in which they were shown.

    >>> shown = {"type": "impression", "user": "ada", "request": "r", "time": 5}
    >>> events = [Event(id=str(n), item=f"i{n}", position=n, **shown) for n in range(2)]
    >>> [one.item for one in lists_of(events)["r"].ordered()]
    ['i0', 'i1']
    """
    lists: dict[str, Listed] = {}
    for event in events:
        if event.request is None or event.item is None or event.type not in SHOWN_TYPES:
            continue
        if event.type == "impression":
            listed = lists.setdefault(event.request, Listed())
            at = event.position if event.position is not None else len(listed.offered)
            listed.offered.setdefault(
                event.item, Offered(event.item, at, category_of(event), event.price)
            )
        elif (found := lists.get(event.request)) is not None and event.item in found.offered:
            found.clicked.add(event.item)
    return lists


def steps_of(events: Iterable[Event], lists: dict[str, Listed]) -> Iterator[Step]:
    """Yield the events, each with the profile as it was before, and apply each after that."""
    settings = FlowSettings()
    people: dict[str, Profile] = {}
    begun: set[str] = set()
    for event in events:
        subject = subject_of(event.user, event.device)
        profile = people.get(subject)
        if profile is None:
            profile = people[subject] = Profile(PROFILE_VERSION, event.site, subject)
        asked = None
        if event.type == "impression" and event.request in lists and event.request not in begun:
            begun.add(event.request)
            asked = lists[event.request]
        yield Step(event, profile, asked)
        arrived = Arrived(event, event.time, 0, category=category_of(event))
        apply(profile, arrived, settings)


def category_of(event: Event) -> str:
    """Return the category that the event itself tells, or an empty text."""
    category = event.props.get("category")
    return category if isinstance(category, str) else ""
