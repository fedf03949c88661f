"""RetailRocket: views, carts and transactions of a shop's visitors, with item properties.

Data set: Retailrocket recommender system dataset
(https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset), 2,756,101 events of 1,407,580
visitors over 4.5 months of 2015. Licence as stated there: CC BY-NC-SA 4.0.

Mapping of `events.csv` (`timestamp` in ms, `visitorid`, `event`, `itemid`, `transactionid`):
`view` is `view`, `addtocart` is `add_to_cart`, `transaction` is `purchase` with the transaction
as `order`. A visitor is a cookie and not an account, so it is the `device`. There are no sessions
and no prices (all values are hashed).

Catalogue: `item_properties*.csv` (weekly snapshots: `timestamp,itemid,property,value`) tell two
properties in the clear: `categoryid` is `category`, `available` is `in_stock`. `category_tree.csv`
gives the ancestors of the category, nearest first, as `tags`. A record is made whenever one of an
item's two properties changes, at the time of the snapshot.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

from contracts.events import Event, EventType, Item
from flows.importers.errors import BadLineError
from flows.importers.fields import told, whole
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.report import LeftOut, Report
from flows.importers.rows import with_header
from flows.importers.sorting import Record, in_order
from flows.importers.source import Source

NAME: Final = "retailrocket"
MAIN: Final = ("events.csv",)
COLUMNS: Final = ("timestamp", "visitorid", "event", "itemid")
TYPES: Final[dict[str, EventType]] = {
    "view": "view",
    "addtocart": "add_to_cart",
    "transaction": "purchase",
}
HASHED: Final = LeftOut("hashed property")
MAX_ANCESTORS: Final = 16


def convert(line: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make one action into one event.

    >>> convert(2, ["1433221332117", "257597", "view", "355908", ""])[0].device
    '257597'
    """
    time, visitor, action, item, transaction = cells
    type_ = TYPES.get(action)
    if type_ is None:
        known = ", ".join(TYPES)
        raise BadLineError("unknown event", f"{action[:40]!r} is none of {known}")
    event = Event(
        id=f"retailrocket-{line:09}",
        source=NAME,
        type=type_,
        time=whole(time, "timestamp"),
        device=visitor,
        item=item,
        order=told(transaction),
    )
    return (event,)


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the events."""
    file = source.one(*MAIN)
    body, split = with_header(file, COLUMNS, ("transactionid",), progress=report.progress)
    yield Table(file, body, split, convert, ",".join(COLUMNS))


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield a record at each change of an item's category or stock, in time order."""
    parents = _parents(source, report)
    category: dict[str, str] = {}
    in_stock: dict[str, bool] = {}
    for time, changes in groupby(in_order(_told_properties(source, report)), itemgetter(0)):
        changed: dict[str, None] = {}
        for _, raw in changes:
            item, name, value = raw.decode().split("\t")
            known = category.get(item) if name == "categoryid" else in_stock.get(item)
            new = value if name == "categoryid" else value != "0"
            if known == new:
                continue
            changed[item] = None
            if isinstance(new, bool):
                in_stock[item] = new
            else:
                category[item] = new
        for item in changed:
            leaf = category.get(item, "")
            yield Item(
                id=item,
                time=time,
                category=leaf,
                tags=_ancestors(leaf, parents),
                in_stock=in_stock.get(item, True),
            )


def _told_properties(source: Source, report: Report) -> Iterator[Record]:
    def convert_property(line: int, cells: Sequence[str]) -> Sequence[Record] | LeftOut:
        time, item, name, value = cells
        if name not in ("categoryid", "available"):
            return HASHED
        checked_item(Item(id=item, time=whole(time, "timestamp"), category=value))
        return ((int(time), f"{item}\t{name}\t{value}".encode()),)

    columns = ("timestamp", "itemid", "property", "value")
    for file in source.find("item_properties*.csv"):
        body, split = with_header(file, columns, progress=report.progress)
        yield from results(Table(file, body, split, convert_property, ",".join(columns)), report)


def _parents(source: Source, report: Report) -> dict[str, str]:
    parents: dict[str, str] = {}
    for file in source.find("category_tree.csv")[:1]:
        body, split = with_header(file, ("categoryid", "parentid"))
        table = Table(file, body, split, _edge, "categoryid,parentid")
        parents.update(results(table, report))
    return parents


def _edge(line: int, cells: Sequence[str]) -> Sequence[tuple[str, str]]:
    child, parent = cells
    # Some copies hold the parent as a float.
    return ((child, parent.removesuffix(".0")),)


def _ancestors(category: str, parents: dict[str, str]) -> list[str]:
    """Return the categories above one, nearest first; a circle in the tree ends the walk."""
    found: list[str] = []
    while (category := parents.get(category, "")) and category not in found:
        if len(found) == MAX_ANCESTORS:
            break
        found.append(category)
    return found


def looks_like(head: Sequence[str]) -> bool:
    """Whether the header is that of `events.csv`."""
    names = head[0].lower().split(",") if head else []
    return {"timestamp", "visitorid", "event", "itemid"} <= set(names)


IMPORTER: Final = Importer(
    name=NAME,
    description="RetailRocket: views, carts and transactions of a shop, with categories and stock",
    files="events.csv (timestamp,visitorid,event,itemid,transactionid); item_properties*.csv and"
    " category_tree.csv beside it",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
