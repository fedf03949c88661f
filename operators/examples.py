"""What the families of models are taught with: tagged structs, each with its place in a replay.

`gc=False` as in `operators.messages`, which carries them.
"""

from typing import Any, Final

from msgspec import Struct

from contracts.events import Event
from online_models.rewards import Sign, Taken


class Example(Struct, array_like=True, tag="example", gc=False):
    """Features of a person at a moment; with a label once it is known, else to be scored."""

    site: str
    user: str
    seq: int
    time: int
    event: str
    values: tuple[float, ...]
    label: float | None = None

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay: what an event teaches comes before what is asked at it."""
        return self.seq, self.label is None, self.site, self.user


class Approach(Example, array_like=True, tag="approach", gc=False):
    """Somebody is approached by a campaign, in one of its variants; `label` says who answered.

    Without a campaign it asks how the person would answer each of those that run.
    """

    campaign: str = ""
    variant: str = ""


class Touched(Struct, array_like=True, gc=False):
    """An item, as it was described when it was touched; without an item, `title` is a query."""

    item: str = ""
    title: str = ""
    category: str = ""
    brand: str = ""
    tags: list[str] = []


class Window(Struct, array_like=True, tag="window", gc=False):
    """A few items that a person touched one after another; `seq` and `time` are the last one's."""

    site: str
    user: str
    seq: int
    time: int
    touched: list[Touched]

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay."""
        return self.seq, 0, self.site, self.user


class Bought(Struct, array_like=True, tag="bought", gc=False):
    """Items that came into one order, `before` being there already."""

    site: str
    user: str
    seq: int
    time: int
    items: list[str]
    before: list[str] = []

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay: after a window that the same event closed."""
        return self.seq, 1, self.site, self.user


class Listing(Struct, array_like=True, tag="listing", gc=False):
    """An item was shown in answer to a request, or `clicked`; what was known of the person then.

    `personal` are the facts of `online_models.offers.PERSONAL`, `history` how many items the
    person touched of late; a click has neither.
    """

    site: str
    user: str
    seq: int
    time: int
    event: str
    request: str
    item: int
    position: int = -1
    personal: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    history: int = 0
    clicked: bool = False

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay."""
        return self.seq, 2, self.site, self.user


class Choice(Struct, array_like=True, tag="choice", gc=False):
    """A person touched an item, by its number; `kind` is the type of the event.

    `before` holds item, type and time of the touches before it, oldest first; `about` says how the
    item was described.
    """

    site: str
    user: str
    seq: int
    time: int
    item: int
    kind: str
    before: list[tuple[int, str, int]]
    about: Touched

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay."""
        return self.seq, 3, self.site, self.user


class Offering(Struct, array_like=True, tag="offering", gc=False):
    """An offer was made (`taken`), or something was done that may be the reward of one (`sign`)."""

    site: str
    user: str
    seq: int
    time: int
    taken: Taken | None = None
    sign: Sign | None = None

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay."""
        return self.seq, 4, self.site, self.user


class Reached(Struct, array_like=True, tag="reached", gc=False):
    """Somebody whose answers are judged touched an item, of interest; it arrived at `arrived`.

    Items are the lower 32 bits of their numbers here and in `Answered`. Times are in ms.
    """

    site: str
    user: str
    seq: int
    time: int
    arrived: int
    item: int

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay."""
        return self.seq, 5, self.site, self.user


class Answered(Struct, array_like=True, tag="answered", gc=False):
    """An answer that is to be judged, given at wall time `time` by `arm`. It comes live only.

    `since` is the newest event time that it knew of, `beside` the item it was asked beside. `lists`
    holds what was `shown`, and what each contender would have shown: packed items, best first.
    """

    site: str
    user: str
    request: str
    time: int
    since: int
    beside: int | None
    arm: str
    lists: dict[str, bytes]

    def order(self) -> tuple[Any, ...]:
        """Return a place: there is none in a replay."""
        return 0, 6, self.site, self.user


class Heard(Struct, array_like=True, tag="heard", gc=False):
    """A piece of feedback, what became of one (`status`), or something that was bought.

    `adopted`: it was heard before, of the device that turned out to be this user. `learn` is false
    of programs.
    """

    site: str
    user: str
    seq: int
    time: int
    event: Event
    category: str = ""
    late: bool = False
    adopted: bool = False
    learn: bool = True

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay."""
        return self.seq, 5, self.site, self.user


class Passed(Struct, array_like=True, tag="passed", gc=False):
    """Time has come so far (ms), for what is due: after all else of its round."""

    time: int

    def order(self) -> tuple[Any, ...]:
        """Return its place in a replay."""
        return LAST, 6, "", str(self.time)


LAST: Final = 1 << 62

AnyExample = (
    Example
    | Approach
    | Window
    | Bought
    | Listing
    | Choice
    | Offering
    | Reached
    | Answered
    | Heard
    | Passed
)
"""All that a family may be taught with: a union of tagged structs, each with a total `order`."""
