"""Online Retail: the invoice lines of a British gift shop, December 2009 to December 2011.

Data sets: UCI 352 "Online Retail" (https://archive.ics.uci.edu/dataset/352/online+retail, 541,909
lines) and UCI 502 "Online Retail II" (both years); D. Chen and others, doi:10.1057/dbm.2012.17.
Licence as stated by UCI: CC BY 4.0. The two years overlap in December 2010: import one of them.

Files: CSV or Parquet with the columns `InvoiceNo`, `StockCode`, `Description`, `Quantity`,
`InvoiceDate`, `UnitPrice`, `CustomerID`, `Country`, under these names or those of the second set.
UCI's workbook is to be saved as CSV first. Dates are ISO, `12/1/2010 8:26` (month first) or
`01-12-2010 08:26` (day first); they have no zone and are read as UTC.

Mapping: a line is a `purchase` of `quantity` pieces at `price` GBP; `order` is the invoice. On an
invoice `C...` it is a `cancel` of so many pieces, `order` being the cancelling invoice, since the
set does not say which one it cancels. A line without a customer belongs to the device
`invoice:NUMBER`: a basket without a person. `props.country` keeps the country.

Left out on purpose, counted by reason: service codes, which are not goods (postage, carriage,
fees, discounts, samples, manual and test entries: `SERVICES`); corrections of stock (quantity below
zero on no cancellation, or no price and no customer); the accounting of bad debts (invoices
`A...`). A price of 0 with a customer is a gift and stays. Codes are kept as written: `85123a` is
not made `85123A`.

Catalogue: the goods sold: the description that a code was most often sold under, its last price.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from contracts.events import Event, Item
from flows.importers.errors import BadLineError
from flows.importers.fields import iso, millis, number
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.parquet import is_parquet, parquet_rows
from flows.importers.report import LeftOut, Report
from flows.importers.rows import with_header
from flows.importers.source import Source

NAME: Final = "online-retail"
MAIN: Final = ("online*retail*.parquet", "online*retail*.csv", "data.csv")
COLUMNS: Final = (
    "InvoiceNo|Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice|Price",
    "CustomerID|Customer ID",
    "Country",
)
SERVICES: Final = frozenset(
    (
        *("POST", "DOT", "C2", "C3", "M", "D", "S", "B", "CRUK"),
        *("BANK CHARGES", "AMAZONFEE", "ADJUST", "ADJUST2", "TEST001", "TEST002"),
    )
)
SERVICE: Final = LeftOut("service code")
CORRECTION: Final = LeftOut("stock correction")
BAD_DEBT: Final = LeftOut("bad debt")
_DAY = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{2,4}) (\d{1,2}):(\d{2})(?::(\d{2}))?$")


def convert(line: int, cells: Sequence[str]) -> Sequence[Event] | LeftOut:
    """Make one invoice line into one event, or say why it is none.

    >>> cells = ["C1", "22423", "CAKESTAND", "-2", "2010-12-01 09:41:00", "12.75", "14527.0", ""]
    >>> event = convert(1, cells)[0]
    >>> event.type, event.quantity, event.user
    ('cancel', 2.0, '14527')
    """
    invoice, code, _, quantity, date, price, customer, country = cells
    pieces, amount = number(quantity, "quantity"), number(price, "price")
    time = _time(date)
    reason = _left_out(invoice, code, pieces, amount, customer)
    if reason is not None:
        return reason
    event = Event(
        id=f"online-retail-{line:09}",
        source=NAME,
        type="cancel" if invoice[:1] in "Cc" else "purchase",
        time=time,
        user=customer.removesuffix(".0") or None,
        device=None if customer else f"invoice:{invoice}",
        item=code,
        price=amount,
        currency="GBP",
        quantity=abs(pieces),
        order=invoice,
        props={"country": country} if country else {},
    )
    return (event,)


def _left_out(
    invoice: str, code: str, pieces: float, amount: float, customer: str
) -> LeftOut | None:
    if invoice[:1] in "Aa":
        return BAD_DEBT
    if code.upper() in SERVICES:
        return SERVICE
    if pieces <= 0 and invoice[:1] not in "Cc":
        return CORRECTION
    if not amount and not customer:
        return CORRECTION
    return None


@lru_cache(maxsize=4096)
def _time(text: str) -> int:
    day = _DAY.match(text)
    if day is None:
        return iso(text, "InvoiceDate")
    first, sep, second, year, hour, minute, second_ = day.groups()
    month, of_month = (first, second) if sep == "/" else (second, first)
    century = 2000 if len(year) == 2 else 0
    try:
        return millis(
            datetime(
                int(year) + century,
                int(month),
                int(of_month),
                int(hour),
                int(minute),
                int(second_ or 0),
                tzinfo=UTC,
            )
        )
    except ValueError as error:
        raise BadLineError("bad time", f"InvoiceDate is {text[:40]!r}: {error}") from None


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the invoice lines."""
    file = source.one(*MAIN)
    if is_parquet(file):
        rows = parquet_rows(file, COLUMNS, report.progress)
        yield Table(file, rows, tuple, convert, "invoice lines")
        return
    body, split = with_header(file, COLUMNS, encoding="cp1252", progress=report.progress)
    yield Table(file, body, split, convert, "invoice lines")


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the goods, in the order they were first sold."""
    titles: dict[str, Counter[str]] = {}
    prices: dict[str, float] = {}
    for table in tables(source, report):
        named = Table(table.file, table.lines, table.split, _sale, table.expected)
        for code, title, price in results(named, report):
            titles.setdefault(code, Counter())[title] += 1
            prices[code] = price
    for code, seen in titles.items():
        title = min(seen, key=lambda text: (-seen[text], text))
        yield checked_item(Item(id=code, title=title, price=prices[code], currency="GBP"))


def _sale(line: int, cells: Sequence[str]) -> Sequence[tuple[str, str, float]] | LeftOut:
    made = convert(line, cells)
    if isinstance(made, LeftOut):
        return made
    event = made[0]
    record = Item(id=cells[1], title=cells[2].strip(), price=event.price)
    if event.type == "cancel" or not event.price:
        return LeftOut("no sale")
    checked_item(record)
    return ((record.id, record.title, event.price),)


def looks_like(head: Sequence[str]) -> bool:
    """Whether the header is that of the invoice lines, in CSV or Parquet."""
    names = {name.strip('" ').lower() for name in head[0].split(",")} if head else set()
    if {"stockcode", "invoicedate", "country"} <= names:
        return True
    return bool(head) and head[0].startswith("PAR1")


IMPORTER: Final = Importer(
    name=NAME,
    description="Online Retail (UCI): purchases and cancellations of a gift shop",
    files="a CSV or Parquet file with InvoiceNo, StockCode, Description, Quantity, InvoiceDate,"
    " UnitPrice, CustomerID, Country",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
