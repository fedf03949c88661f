"""YooChoose (RecSys Challenge 2015): clicks and purchases of a shop's anonymous sessions.

Data set: YOOCHOOSE GmbH (https://recsys.acm.org/recsys15/challenge/), 33,003,944 clicks and
1,150,753 purchases of 2014. Licence as stated with it: CC BY-NC-ND 4.0.

Files: `yoochoose-clicks.dat` (session, ISO time, item, category), `yoochoose-buys.dat` (session,
ISO time, item, price, quantity) if it lies beside; or the common tab-separated extracts (1/64 and
others) with a header `SessionId`, `ItemId`, `Time` (seconds or ISO), to which no purchases are
joined, since they hold a part of the sessions only.

Mapping: a click is a `view` of the item's page. A visitor is known for one session only, so
`device` is `session:NUMBER`, and `session` is the number. The category of a click says where it
happened: "1" to "12" is `props.category`, "S" a special offer (`props.tags`), "0" unknown, any
other number a brand (`props.brand`). A buy is one `purchase` line; lines of one session and one
moment are one `order`. Prices are in an unnamed currency; price 0 with quantity 0 means that both
are unknown and are left away.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from contracts.events import Event
from flows.importers.fields import iso, number, seconds, whole
from flows.importers.importer import EventTable, Importer, Table
from flows.importers.report import Report
from flows.importers.rows import Splitter, with_header, without_header
from flows.importers.source import Source, lines

NAME: Final = "yoochoose"
CLICKS: Final = ("yoochoose-clicks.dat", "yoochoose-clicks*")
EXTRACTS: Final = ("rsc15_train_full.txt", "rsc15*.txt", "yoochoose*.txt", "yoochoose*.tsv")
BUYS: Final = ("yoochoose-buys.dat", "yoochoose-buys*")
MAIN: Final = (*CLICKS, *EXTRACTS, *BUYS)
LAST_CATEGORY: Final = 12


def click(line: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make one click into a `view`.

    >>> cells = ["1", "2014-04-07T10:51:09.277Z", "214536502", "S"]
    >>> event = click(7, cells)[0]
    >>> event.device, event.props
    ('session:1', {'tags': ['special offer']})
    """
    session, time, item, context = cells
    event = Event(
        id=f"yoochoose-1-{line:09}",
        source=NAME,
        type="view",
        time=_time(time),
        device=f"session:{session}",
        session=session,
        item=item,
        props=_context(context),
    )
    return (event,)


def buy(line: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make one line of a purchase into a `purchase`."""
    session, time, item, price, quantity = cells
    moment = _time(time)
    amount, pieces = number(price, "price"), number(quantity, "quantity")
    unknown = not amount and not pieces
    event = Event(
        id=f"yoochoose-2-{line:09}",
        source=NAME,
        type="purchase",
        time=moment,
        device=f"session:{session}",
        session=session,
        item=item,
        order=f"{session}-{moment}",
        price=None if unknown else amount,
        quantity=None if unknown else pieces,
    )
    return (event,)


def _context(text: str) -> dict[str, Any]:
    if text in ("", "0"):
        return {}
    if text == "S":
        return {"tags": ["special offer"]}
    return {"category" if whole(text, "category") <= LAST_CATEGORY else "brand": text}


def _time(text: str) -> int:
    return iso(text, "time") if ":" in text else seconds(text, "time")


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the clicks, and the purchases beside the full clicks."""
    file = source.one(*MAIN)
    if _is_buys(file):
        yield _buys(file, report)
        return
    yield _clicks(file, report)
    if "yoochoose-clicks" in file.name.lower():
        for buys in source.find(*BUYS)[:1]:
            yield _buys(buys, report)


def _is_buys(file: Path) -> bool:
    _, first = next(lines(file), (0, b""))
    return first.count(b",") == 4 and b"T" in first


def _clicks(file: Path, report: Report) -> EventTable:
    _, first = next(lines(file), (0, b""))
    if b"session" in first.lower():
        sep = "\t" if b"\t" in first else ","
        columns = ("SessionId|session_id|Session ID", "Time|Timestamp", "ItemId|item_id|Item ID")
        body, split = with_header(file, columns, ("Category",), sep=sep, progress=report.progress)
        return Table(file, body, split, click, "columns SessionId, Time, ItemId")
    body = without_header(file, ",", report.progress)
    return Table(file, body, Splitter(",", 4, 3), click, "session,ISO time,item,category")


def _buys(file: Path, report: Report) -> EventTable:
    body = without_header(file, ",", report.progress)
    return Table(file, body, Splitter(",", 5), buy, "session,ISO time,item,price,quantity")


def looks_like(head: Sequence[str]) -> bool:
    """Whether the first lines are clicks or purchases, or an extract's header."""
    names = {name.lower() for name in head[0].replace(",", "\t").split("\t")} if head else set()
    if names & {"sessionid", "session_id"} and names & {"itemid", "item_id"}:
        return "user_id" not in names
    return any(
        len(cells) in (4, 5) and cells[0].isdigit() and cells[1].endswith("Z") and "T" in cells[1]
        for cells in (line.split(",") for line in islice(head, 20))
    )


IMPORTER: Final = Importer(
    name=NAME,
    description="YooChoose (RecSys 2015): clicks and purchases of anonymous shop sessions",
    files="yoochoose-clicks.dat (session,ISO time,item,category) and yoochoose-buys.dat beside it,"
    " or a TSV with SessionId, ItemId, Time",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
)
