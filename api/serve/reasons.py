"""Why an item is shown, in words that may stand beside it."""

from collections.abc import Callable, Mapping
from typing import Final

from api.serve.shape import Pick
from contracts.profile import Recent
from online_models.rows import NeighbourRow

DONE: Final[dict[str, str]] = {
    "view": "viewed",
    "click": "looked at",
    "share": "shared",
    "like": "liked",
    "rating": "rated",
    "add_to_cart": "put into the cart",
    "purchase": "bought",
}
"""Type of event to what somebody did."""

WORDS: Final[dict[str, str]] = {
    "popular": "popular of late",
    "short": "popular in the last hours",
    "medium": "popular today",
    "long": "popular this month",
    "trending": "trending now",
    "catalogue": "from the catalogue",
    "new": "hardly anybody knows it yet",
    "pinned": "chosen by the shop",
    "given": "nothing is known about it yet",
    "explored": "for a change",
    "ranked": "by what people click where it is shown",
}
"""Strategy to what it says of an item without saying anything about the person."""

UNITS: Final = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"))


def links(rows: Mapping[int, NeighbourRow], names: Mapping[int, Recent]) -> dict[int, Recent]:
    """Return which touch leads to each neighbour: the newest one whose row has it."""
    found: dict[int, Recent] = {}
    for number, touched in reversed(list(names.items())):
        row = rows.get(number)
        if row is not None:
            found.update(dict.fromkeys(row.keys.tolist(), touched))
    return found


def reasons(
    pick: Pick, because: Recent | None, title: Callable[[str], str], now: int, *, here: bool
) -> list[str]:
    """Return the reasons of one pick, the strongest first.

    `because` is the touch that led to it; `here` says that this is the page's own item, so that
    nobody is told when they looked at what they are looking at.
    """
    said = []
    if pick.rule is not None:
        said.append(WORDS["pinned"] if pick.strategy == "pinned" else "promoted by the shop")
    personal = pick.strategy not in WORDS
    if because is not None and personal:
        name = title(because.item)
        done = DONE.get(because.type, "touched")
        if pick.strategy == "next":
            said.append(f"often comes right after {name}")
        elif because.item == pick.item.id:
            said.append("you may want it again")
        else:
            said.append(f"viewed by people who viewed {name}")
        if not here:
            said.append(f"you {done} {name} {ago(because.time, now)}")
    elif personal:
        said.append("it fits what you did")
    elif pick.strategy != "pinned":
        said.append(WORDS[pick.strategy])
    return said


def ago(time: int, now: int) -> str:
    """Return how long ago something was.

    >>> ago(0, 185_000), ago(0, 59_000), ago(0, 90_000_000)
    ('3 minutes ago', 'just now', '1 day ago')
    """
    for size, name in UNITS:
        count = (now - time) // size
        if count >= 1:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def others(pick: Pick) -> list[str]:
    """Return what else speaks for a pick, apart from its strategy; the loudest first."""
    spoken = sorted((-part, name) for name, part in pick.parts.items() if part > 0)
    return [WORDS[name] for _, name in spoken if name in WORDS and name != pick.strategy]
