"""What the simulated world tells its driver, and what it is told in return."""

from typing import NamedTuple

from contracts.events import Event


class Did(NamedTuple):
    """A shopper did something. `shopper` numbers the person, whatever ids the event carries."""

    event: Event
    shopper: int


class Asked(NamedTuple):
    """A shopper opens a page that shows recommendations; the visit waits for `World.answer`."""

    number: int
    user: str | None
    device: str
    item: str | None


class Trending(NamedTuple):
    """An item becomes hot: from now on many visits are about it, fewer as time goes by."""

    item: str
    title: str


class Shown(NamedTuple):
    """The recommendations that a shopper got to see: item ids in order, and the answer's id."""

    request: str
    items: list[str]


Output = Did | Asked | Trending
