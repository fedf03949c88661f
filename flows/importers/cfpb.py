"""CFPB: complaints of consumers about financial companies, with what they are about.

Data set: the Consumer Complaint Database of the Consumer Financial Protection Bureau
(https://www.consumerfinance.gov/data-research/consumer-complaints/), a few million complaints since
2011, or any part of it in the same columns. A work of the US government, in the public domain.

Mapping: a line is a `complaint`. Nobody is identified, so each is its own `device`, by the
complaint's id. `text` is the narrative, which most lines lack: they are complaints without words.
`props`: `topic` (the product), `sub_topic`, `issue`, `sub_issue`, `company`, `channel` (how it was
submitted), `state`, and `response` (what the company did, which nobody knew at the time). Only the
day is told: times are its midnight, UTC. A narrative beyond 16,384 characters is cut there.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from contracts.events import Event
from flows.importers.errors import BadLineError
from flows.importers.fields import millis, told
from flows.importers.importer import EventTable, Importer, Table
from flows.importers.report import Report
from flows.importers.rows import with_header
from flows.importers.source import Source

NAME: Final = "cfpb"
MAIN: Final = ("*complaints*.csv",)
COLUMNS: Final = (
    "Date received",
    "Product",
    "Sub-product",
    "Issue",
    "Sub-issue",
    "Consumer complaint narrative",
    "Company",
    "State",
    "Submitted via",
    "Company response to consumer",
    "Complaint ID",
)
PROPS: Final = ("topic", "sub_topic", "issue", "sub_issue")
MAX_TEXT: Final = 16_384
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})$|(\d{1,2})/(\d{1,2})/(\d{4})$")


def convert(line: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make one line into one complaint.

    >>> cells = ["2019/9/24", "Debt collection", "", "", "", "Not my debt.", "ACME", "FL", "Web"]
    >>> event = convert(1, [*cells, "Closed", "3384392"])[0]
    >>> event.text, event.props["topic"], event.device
    ('Not my debt.', 'Debt collection', 'complaint:3384392')
    """
    day, *about, text, company, state, channel, response, number = cells
    if not number.strip():
        raise BadLineError("no complaint id", "Complaint ID is empty")
    described = dict(zip(PROPS, about, strict=True))
    described |= {"company": company, "channel": channel.lower(), "state": state}
    described |= {"response": response}
    event = Event(
        id=f"{NAME}-{line:09}",
        source=NAME,
        type="complaint",
        time=_time(day),
        device=f"complaint:{number}",
        text=told(text.strip().replace("\r\n", "\n")[:MAX_TEXT]),
        props={name: value for name, value in described.items() if value},
    )
    return (event,)


@lru_cache(maxsize=4_096)
def _time(text: str) -> int:
    found = _DAY.match(text)
    if found is None:
        raise BadLineError("bad time", f"Date received is {text[:40]!r}, not like 2019-09-24")
    year, month, day, month_, day_, year_ = found.groups()
    try:
        return millis(
            datetime(int(year or year_), int(month or month_), int(day or day_), 0, 0, 0, 0, UTC)
        )
    except ValueError as error:
        raise BadLineError("bad time", f"Date received is {text[:40]!r}: {error}") from None


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the complaints."""
    file = source.one(*MAIN)
    body, split = with_header(file, COLUMNS, multiline=True, progress=report.progress)
    yield Table(file, body, split, convert, "a complaint with the columns of the header")


def looks_like(head: Sequence[str]) -> bool:
    """Whether the header is that of the database."""
    names = {name.strip('" ').lower() for name in head[0].split(",")} if head else set()
    return {"complaint id", "product", "consumer complaint narrative"} <= names


IMPORTER: Final = Importer(
    name=NAME,
    description="CFPB: complaints about financial companies, with their product",
    files="a CSV file *complaints*.csv with the database's columns (Date received, Product, ...,"
    " Complaint ID)",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
)
