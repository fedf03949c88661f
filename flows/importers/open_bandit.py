"""Open Bandit: fashion items shown at random or by a bandit, and whether they were clicked.

Data set: Open Bandit Dataset, ZOZO, Inc. (https://research.zozo.com/data.html), 26 million
impressions of November 2019; Saito and others, arXiv:2008.07146. The small version comes with the
Python package `obp`. Licence: CC BY 4.0 for the data, Apache-2.0 for the package.

Files: `POLICY/CAMPAIGN/CAMPAIGN.csv` or `POLICY/CAMPAIGN.csv`, with the policies `random` and `bts`
and the campaigns `all`, `men` and `women`: one of these files, or a folder above any of them.

Mapping: one line is one `impression`, and a `click` of the same moment if it was clicked. Nobody
is identified, and the hashed features are shared by hundreds of people: so each impression is its
own `device` and its own `request`. `position` counts from 0 (the data set: 1 left, 2 middle, 3
right). Item numbers start anew in each campaign, so `item` is `CAMPAIGN-NUMBER`. `props` holds
`campaign`, `policy`, `propensity`, the hashed `user_features`, and `affinity`: item to the number
of earlier clicks, where it is not 0.

Catalogue: `item_context.csv`: the hashed features as `tags`, the number as `props.feature`.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from contracts.events import Event, Item
from flows.importers.errors import BadLineError
from flows.importers.fields import iso, number, whole
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.report import Report
from flows.importers.rows import with_header
from flows.importers.source import Source, lines

NAME: Final = "open-bandit"
CAMPAIGNS: Final = ("all", "men", "women")
POLICIES: Final = ("random", "bts")
MAIN: Final = tuple(f"{campaign}.csv" for campaign in CAMPAIGNS)
COLUMNS: Final = ("timestamp", "item_id", "position", "click", "propensity_score")
AFFINITY: Final = "user-item_affinity_"
USER_FEATURE: Final = "user_feature_"


def converter(
    policy: str, campaign: str, features: int, items: int
) -> Callable[[int, Sequence[str]], Sequence[Event]]:
    """Return how a line of a file becomes events, given how many columns of each kind it has."""
    prefix = f"{NAME}-{policy}-{campaign}"
    first = len(COLUMNS) + features
    never = ["0.0"] * items

    def convert(line: int, cells: Sequence[str]) -> Sequence[Event]:
        time, item, position, click, propensity = cells[: len(COLUMNS)]
        if click not in ("0", "1"):
            raise BadLineError("bad number", f"click is {click[:40]!r}, not 0 or 1")
        name = f"{prefix}-{line:09}"
        base: dict[str, Any] = {
            "source": NAME,
            "time": iso(time, "timestamp"),
            "device": name,
            "request": name,
            "item": f"{campaign}-{whole(item, 'item_id')}",
            "position": whole(position, "position") - 1,
            "props": {
                "campaign": campaign,
                "policy": policy,
                "propensity": number(propensity, "propensity_score"),
                "user_features": list(cells[len(COLUMNS) : first]),
            },
        }
        affinity = list(cells[first:])
        if affinity != never:
            counts = {
                f"{campaign}-{at}": number(cell, AFFINITY)
                for at, cell in enumerate(affinity)
                if cell != "0.0"
            }
            base["props"]["affinity"] = counts
        made = [Event(id=f"{name}-0", type="impression", **base)]
        if click == "1":
            made.append(Event(id=f"{name}-1", type="click", **base))
        return made

    return convert


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open every policy's and campaign's file."""
    for file in source.main(*MAIN):
        policy, campaign = _policy(file), _stem(file)
        names = _names(file)
        features = [name for name in names if name.startswith(USER_FEATURE)]
        affinity = [name for name in names if name.startswith(AFFINITY)]
        body, split = with_header(file, (*COLUMNS, *features, *affinity), progress=report.progress)
        convert = converter(policy, campaign, len(features), len(affinity))
        yield Table(file, body, split, convert, ",".join(COLUMNS))


def _names(file: Path) -> list[str]:
    _, first = next(lines(file), (0, b""))
    return [name.strip().lower() for name in first.decode("utf-8", "replace").split(",")]


def _stem(file: Path) -> str:
    return file.name.lower().removesuffix(".gz").removesuffix(".csv")


def _policy(file: Path) -> str:
    above = [part.lower() for part in file.resolve().parts[-3:-1]]
    return next((part for part in above if part in POLICIES), "unknown")


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the items of every campaign, once."""
    seen: set[str] = set()
    for file in source.main(*MAIN):
        campaign = _stem(file)
        for context in Source(file).find("item_context.csv"):
            for item in results(_context(context, campaign), report):
                if item.id not in seen:
                    seen.add(item.id)
                    yield item


def _context(file: Path, campaign: str) -> Table[Sequence[str], Item]:
    columns = ("item_id", *(f"item_feature_{at}" for at in range(4)))

    def convert(line: int, cells: Sequence[str]) -> Sequence[Item]:
        id_ = f"{campaign}-{whole(cells[0], 'item_id')}"
        props = {"feature": number(cells[1], "item_feature_0")}
        return (checked_item(Item(id=id_, tags=[*filter(None, cells[2:])], props=props)),)

    body, split = with_header(file, columns)
    return Table(file, body, split, convert, ",".join(columns))


def looks_like(head: Sequence[str]) -> bool:
    """Whether the header is that of logged impressions."""
    names = head[0].split(",") if head else []
    return set(COLUMNS) <= set(names)


IMPORTER: Final = Importer(
    name=NAME,
    description="Open Bandit: impressions and clicks with the propensities of two policies",
    files="POLICY/CAMPAIGN/CAMPAIGN.csv (timestamp,item_id,position,click,propensity_score,...),"
    " item_context.csv beside it",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
