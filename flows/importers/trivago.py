"""trivago (RecSys Challenge 2019): what people did in sessions of a hotel search.

Data set: trivago N.V. (https://recsys.trivago.cloud/challenge/dataset/), 15,932,992 actions of
November 2018. Licence: the challenge's terms; read them before use.

Mapping of `train.csv` (`user_id` is `user`, `session_id` is `session`, seconds):
* `clickout item` shows a list and a click on it: each hotel of `impressions` is an `impression`
  with its price, `request` is `SESSION-STEP`, `position` counts from 0; the hotel of `reference` is
  a `click` with the same request, position and price. One that is not in the list has no position.
  In `test.csv`, the clicks to be predicted have no reference: their impressions are kept.
* `interaction item image|info|rating|deals` is a `view`.
* `search for item` is a `search` with the hotel as `item`; `search for destination` and
  `search for poi` are a `search` with `query`; `filter selection` and `change of sort order` are
  a `search` with `props.filter` and `props.sort`.
`props.action` keeps the original words; `props` also platform, kind of device, city and filters.
The city is `props.category` of views and clicks, too. A reference `unknown` names no hotel: on a
view or click that line is left out. The currency of the prices is not stated.

Catalogue: `item_metadata.csv` (`item_id`, `properties`): the properties are `tags`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from contracts.events import Event, Item
from flows.importers.errors import BadLineError
from flows.importers.fields import number, seconds, told
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.report import LeftOut, Report
from flows.importers.rows import with_header
from flows.importers.source import Source

NAME: Final = "trivago"
MAIN: Final = ("train.csv", "test.csv")
COLUMNS: Final = ("user_id", "session_id", "timestamp", "step", "action_type", "reference")
OPTIONAL: Final = ("platform", "city", "device", "current_filters", "impressions", "prices")
CLICKOUT: Final = "clickout item"
SEARCHES: Final = {
    "search for item": "item",
    "search for destination": "query",
    "search for poi": "query",
    "filter selection": "filter",
    "change of sort order": "sort",
}
UNKNOWN: Final = "unknown"
NO_HOTEL: Final = LeftOut("unknown hotel")


def convert(line: int, cells: Sequence[str]) -> Sequence[Event] | LeftOut:
    """Make one action into one event, or a clickout into its impressions and its click."""
    action, reference = cells[4], cells[5]
    if action == CLICKOUT:
        return _clickout(line, cells)
    base = _base(cells)
    if action.startswith("interaction item "):
        if reference == UNKNOWN:
            return NO_HOTEL
        base["props"]["category"] = cells[7]
        return (Event(id=_id(line, 0), type="view", item=reference, **base),)
    field = SEARCHES.get(action)
    if field is None:
        raise BadLineError("unknown action", f"{action[:40]!r} is no action of the data set")
    if field in ("item", "query"):
        base[field] = None if reference == UNKNOWN else told(reference)
    else:
        base["props"][field] = reference
    return (Event(id=_id(line, 0), type="search", **base),)


def _clickout(line: int, cells: Sequence[str]) -> Sequence[Event] | LeftOut:
    reference = cells[5]
    shown = cells[10].split("|") if cells[10] else []
    prices = [number(price, "price") for price in cells[11].split("|")] if cells[11] else []
    if prices and len(prices) != len(shown):
        raise BadLineError("bad impressions", f"{len(shown)} hotels with {len(prices)} prices")
    base = _base(cells)
    props = base.pop("props")
    base["request"] = f"{cells[1]}-{cells[3]}"
    price_of = dict(zip(range(len(prices)), prices, strict=True))
    made = [
        Event(
            id=_id(line, at),
            type="impression",
            item=item,
            position=at,
            price=price_of.get(at),
            **base,
        )
        for at, item in enumerate(shown)
    ]
    if reference and reference != UNKNOWN:
        at = shown.index(reference) if reference in shown else -1
        made.append(
            Event(
                id=_id(line, len(shown)),
                type="click",
                item=reference,
                position=at if at >= 0 else None,
                price=price_of.get(at),
                props={**props, "category": cells[7]},
                **base,
            )
        )
    return made or NO_HOTEL


def _base(cells: Sequence[str]) -> dict[str, Any]:
    props = {
        "action": cells[4],
        "platform": cells[6],
        "city": cells[7],
        "device": cells[8],
        "filters": cells[9].split("|") if cells[9] else None,
    }
    return {
        "source": NAME,
        "user": cells[0],
        "session": cells[1],
        "time": seconds(cells[2], "timestamp"),
        "props": {name: value for name, value in props.items() if value},
    }


def _id(line: int, at: int) -> str:
    return f"trivago-{line:09}-{at:02}"


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the actions."""
    file = source.one(*MAIN)
    body, split = with_header(file, COLUMNS, OPTIONAL, progress=report.progress)
    yield Table(file, body, split, convert, ",".join(COLUMNS))


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the hotels with their properties."""
    for file in source.find("item_metadata.csv")[:1]:
        body, split = with_header(file, ("item_id", "properties"))
        yield from results(Table(file, body, split, _hotel, "item_id,properties"), report)


def _hotel(line: int, cells: Sequence[str]) -> Sequence[Item]:
    tags = [tag for tag in cells[1].split("|") if tag]
    return (checked_item(Item(id=cells[0], tags=tags)),)


def looks_like(head: Sequence[str]) -> bool:
    """Whether the header is that of the actions."""
    return bool(head) and head[0].startswith(",".join(COLUMNS))


IMPORTER: Final = Importer(
    name=NAME,
    description="trivago (RecSys 2019): searches, views, impressions and clickouts of hotels",
    files="train.csv (user_id,session_id,timestamp,step,action_type,reference,...);"
    " item_metadata.csv beside it",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
