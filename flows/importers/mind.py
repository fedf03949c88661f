"""MIND: which news of Microsoft News were shown to a person, and which were clicked.

Data set: Microsoft News Dataset, MIND (https://msnews.github.io/), small or large, train or dev.
Licence as stated: Microsoft Research License Terms, for non-commercial research.

Mapping of `behaviors.tsv` (impression id, user, time, history, impressions; tabs, no header): each
item of the impression list is an `impression`, each item marked `-1` also a `click`, all of `user`,
at the one time the log has, with the impression id as `request` and `position` counted from 0. In
the test split, whose items bear no marks, there are impressions only. Times have no zone and are
read as UTC.

The history column lists what the person had clicked in the weeks before, without times. It makes
no events: times would have to be invented, and every line of a person repeats it.

Catalogue: `news.tsv`: title, category, sub-category as tag, URL. Abstracts and entities are not
kept. Train and dev number their impressions alike: import them into different sites, or only one.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from contracts.events import Event, Item
from flows.importers.errors import BadLineError
from flows.importers.fields import millis
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.report import LeftOut, Report
from flows.importers.rows import Splitter
from flows.importers.source import Source, lines

NAME: Final = "mind"
MAIN: Final = ("behaviors.tsv",)
TIME_FORMAT: Final = "%m/%d/%Y %I:%M:%S %p"


def convert(line: int, cells: Sequence[str]) -> Sequence[Event] | LeftOut:
    """Make one impression log into its impressions, then its clicks.

    >>> made = convert(1, ["9", "U1", "11/12/2019 2:14:46 PM", "", "N7-0 N5-1"])
    >>> [(event.type, event.item, event.position, event.request) for event in made]
    [('impression', 'N7', 0, '9'), ('impression', 'N5', 1, '9'), ('click', 'N5', 1, '9')]
    """
    request, user, time, _, shown = cells
    base: dict[str, Any] = {
        "source": NAME,
        "user": user,
        "time": _time(time),
        "request": request,
    }
    marks = [_mark(entry) for entry in shown.split()]
    made = [
        Event(id=f"mind-{line:09}-{at:04}", type="impression", item=item, position=at, **base)
        for at, (item, _) in enumerate(marks)
    ]
    for at, (item, clicked) in enumerate(marks):
        if clicked:
            id_ = f"mind-{line:09}-{len(made):04}"
            made.append(Event(id=id_, type="click", item=item, position=at, **base))
    return made or LeftOut("nothing shown")


def _mark(entry: str) -> tuple[str, bool]:
    item, dash, mark = entry.rpartition("-")
    if not dash:
        return entry, False
    if mark not in ("0", "1"):
        raise BadLineError("bad impressions", f"{entry[:40]!r} does not end in -0 or -1")
    return item, mark == "1"


def _time(text: str) -> int:
    try:
        return millis(datetime.strptime(text, TIME_FORMAT))  # no zone is stated
    except ValueError:
        raise BadLineError("bad time", f"{text[:40]!r} is not like 11/12/2019 2:14:46 PM") from None


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the impression logs."""
    file = source.one(*MAIN)
    split = Splitter("\t", 5, quoted=False)
    expected = "impression, user, time, history, impressions, with tabs between"
    yield Table(file, lines(file, report.progress), split, convert, expected)


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the news."""
    for file in source.find("news.tsv")[:1]:
        split = Splitter("\t", 8, 5, quoted=False)
        expected = "id, category, sub-category, title, abstract, URL, with tabs between"
        yield from results(Table(file, lines(file), split, _news, expected), report)


def _news(line: int, cells: Sequence[str]) -> Sequence[Item]:
    id_, category, part, title, _, url = cells[:6]
    tags = [part] if part else []
    return (checked_item(Item(id=id_, title=title, category=category, tags=tags, url=url)),)


def looks_like(head: Sequence[str]) -> bool:
    """Whether the first lines are impression logs."""
    return any(
        len(cells) == 5 and cells[2][-2:] in ("AM", "PM") and cells[2].count("/") == 2
        for cells in (line.split("\t") for line in head)
    )


IMPORTER: Final = Importer(
    name=NAME,
    description="MIND: news shown and clicked, by impression",
    files="behaviors.tsv (impression, user, time, history, impressions); news.tsv beside it",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
