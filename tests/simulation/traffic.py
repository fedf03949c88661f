"""A few people's visits, with all that goes wrong on the way, from one seed."""

import random
from typing import Any, Final

from contracts.codec import encode_json
from contracts.events import Event
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND

KINDS: Final = (
    *("view", "view", "view", "click", "search", "add_to_cart", "remove_from_cart", "purchase"),
    *("cancel", "return", "impression", "share", "like", "dislike", "rating", "nps", "csat"),
    *("complaint", "identify"),
)
RUBBISH: Final = (b"{", b'{"id": 7}', b"\xff", b"[]", b"", b'{"id":"x","type":"view","time":5}')

Line = tuple[int, bytes]
"""When it arrived (ms), and what did."""


class Person:
    """Somebody who writes to one partition only: on one device, or as one user.

    Live, nothing is promised of the order of what one person does on several devices.
    """

    def __init__(self, number: int, dice: random.Random) -> None:
        self.user: str | None = f"u{number}"
        self.device: str | None = f"d{number}"
        kind = dice.randrange(4)
        if kind == 0:
            self.device = None  # a server sends what the user does
        elif kind == 1:
            self.user = None  # never signs in
        self.anonymous = kind == 2
        """Comes without a name, and signs in some time."""

    def names(self, dice: random.Random) -> dict[str, str | None]:
        """Return how the next event names the person."""
        if self.anonymous and dice.random() < 0.1:
            self.anonymous = False
        user = None if self.anonymous else self.user
        if user and self.device and dice.random() < 0.3:
            return {"user": None, "device": self.device}
        return {"user": user, "device": self.device}


def lines(dice: random.Random, count: int, longest_gap: int) -> list[Line]:
    """Return what arrived, in order: events, late and early ones, refusals, and rubbish."""
    people = [Person(number, dice) for number in range(dice.randint(2, 7))]
    now, made = NOON, []
    for number in range(count):
        now += dice.choice((SECOND, SECOND, MINUTE, dice.randrange(longest_gap)))
        if dice.random() < 0.03:
            made.append((now, dice.choice(RUBBISH)))
            continue
        made.append((now, encode_json(_event(number, now, dice.choice(people), dice))))
    return made


def with_repeats(made: list[Line], dice: random.Random, share: float = 0.2) -> list[Line]:
    """Return lines, some of which are sent again within an hour."""
    again = [
        (at + dice.randrange(HOUR), raw)
        for at, raw in made
        if dice.random() < share and raw not in RUBBISH
    ]
    return sorted([*made, *again], key=lambda line: line[0])


def _event(number: int, now: int, person: Person, dice: random.Random) -> Event:
    kind = dice.choice(KINDS)
    names = person.names(dice)
    if kind == "identify" and None in names.values():
        kind = "view"
    fields: dict[str, Any] = {"id": f"e{number}", "type": kind, **names}
    if kind not in ("search", "nps", "csat", "complaint", "identify"):
        fields["item"] = f"i{dice.randrange(6)}"
    if kind in ("rating", "nps", "csat"):
        fields["value"] = float(dice.randint(1, 5))
    if kind in ("add_to_cart", "purchase", "cancel", "return"):
        fields |= {"price": float(dice.randrange(50)), "order": f"o{number // 3}"}
    if dice.random() < 0.05:
        fields["consent"] = dice.choice(([], ["personalization"]))
    if dice.random() < 0.3:
        fields["props"] = {"category": f"c{dice.randrange(3)}"}
    time = now + dice.choice((0, 0, 0, 0, -MINUTE, -HOUR, -DAY, HOUR, DAY))
    return Event(time=time, **fields)
