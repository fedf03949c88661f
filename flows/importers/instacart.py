"""Instacart: three million grocery orders, with what was bought in which order.

Data set: "The Instacart Online Grocery Shopping Dataset 2017"
(https://www.kaggle.com/c/instacart-market-basket-analysis/data), 3,421,083 orders of 206,209
people, 33.8 million lines. Licence: Instacart's Dataset Usage Terms of 15 May 2017,
non-commercial.

Files: `orders.csv`, `order_products__prior.csv` and, if it is there, `order_products__train.csv`;
`products.csv`, `aisles.csv`, `departments.csv` for names. All must lie in one folder.

Mapping: a line of an order is a `purchase` of one `item` by `user`; `order` is the order's number.
All lines of an order bear its time, in the order they went into the basket (`props.cart_position`).
The department is `props.category`, the aisle a tag, `props.reordered` whether it was bought before.
There are no prices, no quantities, no sessions. Orders of the test set have no lines.

Times are synthetic: the data set tells weekday, hour, and days since the order before (30 stands
for 30 or more), but no date. `times_of` sets them so: weekday 0 is a Sunday; everybody's first
order lies in the week of 2017-01-01; each next one so many days later, where 30 days go on to the
next fitting weekday; the minute and second are the order's number as seconds, so that two orders
of one hour keep their order. Weekdays, hours and gaps are true; dates and what happened at the
same time are not.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from contracts.events import Event, Item
from flows.importers.errors import BadLineError
from flows.importers.fields import whole
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.instacart_orders import Orders, read_orders
from flows.importers.report import Report
from flows.importers.rows import with_header
from flows.importers.source import Source

NAME: Final = "instacart"
ORDERS: Final = "orders.csv"
LINES: Final = ("order_products__prior.csv", "order_products__train.csv")
COLUMNS: Final = ("order_id", "product_id", "add_to_cart_order", "reordered")

Product = tuple[str, str, str]
"""Title, department, aisle."""


def converter(
    part: int, orders: Orders, products: dict[str, Product]
) -> Callable[[int, Sequence[str]], Sequence[Event]]:
    """Return how a line of an order becomes an event."""

    def convert(line: int, cells: Sequence[str]) -> Sequence[Event]:
        order, product, place, reordered = cells
        found = orders.get(whole(order, "order_id"))
        if found is None:
            raise BadLineError("unknown order", f"order {order} is not in {ORDERS}")
        user, time = found
        props: dict[str, Any] = {
            "cart_position": whole(place, "add_to_cart_order"),
            "reordered": reordered == "1",
        }
        if product in products:
            _, props["category"], aisle = products[product]
            props["tags"] = [aisle] if aisle else []
        event = Event(
            id=f"instacart-{part}-{line:09}",
            source=NAME,
            type="purchase",
            time=time,
            user=str(user),
            item=product,
            order=order,
            props=props,
        )
        return (event,)

    return convert


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Read orders and products, then open the lines of the orders."""
    folder = Source(source.path if source.is_folder else source.path.parent)
    orders = read_orders(folder.one(ORDERS), report)
    products = _products(folder, report)
    asked = [source.path] if not source.is_folder and "products__" in source.path.name else []
    for part, file in enumerate(asked or folder.main(*LINES), 1):
        body, split = with_header(file, COLUMNS, progress=report.progress)
        yield Table(file, body, split, converter(part, orders, products), ",".join(COLUMNS))


def _products(folder: Source, report: Report) -> dict[str, Product]:
    aisles = dict(_pairs(folder, "aisles.csv", ("aisle_id", "aisle"), report))
    departments = dict(_pairs(folder, "departments.csv", ("department_id", "department"), report))

    def convert(line: int, cells: Sequence[str]) -> Sequence[tuple[str, Product]]:
        id_, title, aisle, department = cells
        product = title, departments.get(department, department), aisles.get(aisle, aisle)
        checked_item(_item(id_, product))
        return ((id_, product),)

    columns = ("product_id", "product_name", "aisle_id", "department_id")
    found: dict[str, Product] = {}
    for file in folder.find("products.csv")[:1]:
        body, split = with_header(file, columns)
        found.update(results(Table(file, body, split, convert, ",".join(columns)), report))
    return found


def _pairs(
    folder: Source, name: str, columns: tuple[str, str], report: Report
) -> Iterator[tuple[str, str]]:
    for file in folder.find(name)[:1]:
        body, split = with_header(file, columns)
        table = Table(file, body, split, _pair, ",".join(columns))
        yield from results(table, report)


def _pair(line: int, cells: Sequence[str]) -> Sequence[tuple[str, str]]:
    return ((cells[0], cells[1]),)


def _item(id_: str, product: Product) -> Item:
    title, department, aisle = product
    return Item(id=id_, title=title, category=department, tags=[aisle] if aisle else [])


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the products."""
    folder = Source(source.path if source.is_folder else source.path.parent)
    for id_, product in _products(folder, report).items():
        yield _item(id_, product)


def looks_like(head: Sequence[str]) -> bool:
    """Whether the header is that of the orders or of their lines."""
    return bool(head) and head[0].startswith(
        ("order_id,user_id,eval_set", "order_id,product_id,add_to_cart_order")
    )


IMPORTER: Final = Importer(
    name=NAME,
    description="Instacart: grocery orders, with synthetic times",
    files="a folder with orders.csv, order_products__prior.csv, products.csv, aisles.csv and"
    " departments.csv",
    main=(ORDERS,),
    tables=tables,
    looks_like=looks_like,
    items=items,
)
