"""Taobao UserBehavior: `user,item,category,behaviour,seconds`, one line an action, no header.

Data set: "User Behavior Data from Taobao for Recommendation", Alibaba, Tianchi data set 649
(https://tianchi.aliyun.com/dataset/649). About 100 million lines, 2017-11-25 to 2017-12-03, by
user. Licence: Tianchi's terms, stated to be for research; read them before other use.

Mapping: `pv` is `view`, `cart` is `add_to_cart`, `fav` is `like`, `buy` is `purchase` (no price,
no quantity, no order id: lines of one user and one second are one order). The user's number is
`user`; the category goes to `props.category`. There is no session and no catalogue. Lines from
before or after the nine days occur in the original, too, and are kept; years that no clock can
mean are skipped.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from contracts.events import Event, EventType
from flows.importers.errors import BadLineError
from flows.importers.fields import seconds
from flows.importers.importer import EventTable, Importer, Table
from flows.importers.report import Report
from flows.importers.rows import Splitter, without_header
from flows.importers.source import Source

NAME: Final = "taobao"
TYPES: Final[dict[str, EventType]] = {
    "pv": "view",
    "cart": "add_to_cart",
    "fav": "like",
    "buy": "purchase",
}


def convert(number: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make one action into one event.

    >>> convert(1, ["1", "2268318", "2520377", "pv", "1511544070"])[0].type
    'view'
    """
    user, item, category, behaviour, time = cells
    type_ = TYPES.get(behaviour)
    if type_ is None:
        raise BadLineError("unknown behaviour", f"{behaviour[:40]!r} is not pv, cart, fav or buy")
    event = Event(
        id=f"taobao-{number:09}",
        source=NAME,
        type=type_,
        time=seconds(time, "timestamp"),
        user=user,
        item=item,
        props={"category": category},
    )
    return (event,)


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the one file."""
    file = source.one(*MAIN)
    body = without_header(file, ",", report.progress)
    yield Table(file, body, Splitter(",", 5), convert, "user,item,category,behaviour,seconds")


def looks_like(lines: Sequence[str]) -> bool:
    """Whether the first lines are actions."""
    return any(
        len(cells) == 5 and cells[3] in TYPES and cells[4].isdigit()
        for cells in (line.split(",") for line in lines)
    )


MAIN: Final = ("UserBehavior.csv", "*UserBehavior*.csv")
IMPORTER: Final = Importer(
    name=NAME,
    description="Taobao UserBehavior: views, carts, favourites and purchases of a marketplace",
    files="UserBehavior.csv (user,item,category,pv|cart|fav|buy,seconds)",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
)
