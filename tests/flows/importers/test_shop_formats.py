"""What the lines of shops become, field by field, on the samples and on lines at the edge."""

from pathlib import Path

import numpy as np
import pytest

from flows.importers import ImporterError, Report, WrongFormatError, catalog, detect, read
from flows.importers.instacart_orders import DAY_MS, HOUR_MS, SUNDAY_MS, times_of
from tests.flows.importers.reading import fields, sample, skipped
from tests.flows.importers.samples import lay_out, write


def test_taobao(tmp_path: Path) -> None:
    events = sample("taobao", tmp_path)
    assert [(e.id, e.type, e.user, e.item) for e in events] == [
        ("taobao-000000001", "view", "11", "501"),
        ("taobao-000000005", "view", "12", "503"),
        ("taobao-000000004", "like", "12", "501"),
        ("taobao-000000002", "add_to_cart", "11", "502"),
        ("taobao-000000003", "purchase", "11", "502"),
    ]
    assert fields(events[0]) == {
        "id": "taobao-000000001",
        "type": "view",
        "time": 1511544070000,
        "user": "11",
        "item": "501",
        "props": {"category": "9001"},
    }


def test_taobao_with_an_added_header_counts_lines_from_the_top(tmp_path: Path) -> None:
    text = "user_id,item_id,category_id,behavior_type,timestamp\n1,2,3,pv,1511544070\n"
    report = Report()
    events = list(read("taobao", write(tmp_path / "UserBehavior.csv", text), report))
    assert [event.id for event in events] == ["taobao-000000002"]
    assert report.lines == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2,3,look,1511544070", "unknown behaviour"),
        ("1,2,3,pv,now", "bad number"),
        ("1,2,3,pv,1_511_544_070", "bad number"),
        ("1,2,3,pv,١٥١١٥٤٤٠٧٠", "bad number"),
        ("1,2,3,pv,-1511544070", "bad time"),
        ("1,2,3,pv,99999999999999999999", "bad number"),
        ("1,2,3,pv,151154407000", "bad time"),
        ("1,2,3,pv", "wrong number of columns"),
        ("1,2,3,pv,1511544070,6", "wrong number of columns"),
        (",2,3,pv,1511544070", "invalid"),
        ("1,,3,pv,1511544070", "invalid"),
        ("device:1,2,3,pv,1511544070", "reserved id"),
        ("1\x00,2,3,pv,1511544070", "invalid"),
        (f"{'1' * 300},2,3,pv,1511544070", "invalid"),
        ('"1,2,3,pv,1511544070', "bad quoting"),
        ("1" * (1 << 20), "too long"),
    ],
)
def test_taobao_skips(line: str, reason: str, tmp_path: Path) -> None:
    good = "1,2,3,pv,1511544070\n"
    report = skipped("taobao", tmp_path / "UserBehavior.csv", f"{good}{line}\n{good}")
    assert report.skipped == {reason: 1}
    assert report.used == 2


def test_yoochoose_clicks_and_purchases(tmp_path: Path) -> None:
    events = sample("yoochoose", tmp_path)
    assert [event.id for event in events] == [
        "yoochoose-1-000000001",
        "yoochoose-1-000000003",
        "yoochoose-1-000000004",
        "yoochoose-1-000000002",
        "yoochoose-2-000000001",
        "yoochoose-2-000000002",
    ]
    assert [event.props for event in events[:4]] == [
        {},
        {"category": "5"},
        {"brand": "2089046"},
        {"tags": ["special offer"]},
    ]
    assert fields(events[4]) == {
        "id": "yoochoose-2-000000001",
        "type": "purchase",
        "time": 1396868100000,
        "device": "session:1",
        "session": "1",
        "item": "214536500",
        "order": "1-1396868100000",
        "price": 1046.0,
        "quantity": 2.0,
    }
    assert (events[5].order, events[5].price, events[5].quantity) == (events[4].order, None, None)


def test_yoochoose_purchases_alone(tmp_path: Path) -> None:
    lay_out(tmp_path, "yoochoose")
    events = list(read("yoochoose", tmp_path / "yoochoose-buys.dat"))
    assert [event.type for event in events] == ["purchase", "purchase"]


@pytest.mark.parametrize(
    "text",
    [
        "SessionId\tItemId\tTime\n1\t214536502\t1396867869.277\n",
        "SessionId\tTime\tItemId\n1\t1396867869.277\t214536502\n",
        "session_id,timestamp,item_id,category\n1,2014-04-07T10:51:09.277Z,214536502,0\n",
    ],
)
def test_yoochoose_extracts(text: str, tmp_path: Path) -> None:
    lay_out(tmp_path, "yoochoose")
    (tmp_path / "yoochoose-clicks.dat").unlink()
    file = write(tmp_path / "rsc15_train_full.txt", text)
    assert detect(file) == "yoochoose"
    (event,) = read("yoochoose", file)  # without the purchases that lie beside
    assert (event.session, event.item, event.time) == ("1", "214536502", 1396867869277)


def test_retailrocket(tmp_path: Path) -> None:
    events = sample("retailrocket", tmp_path)
    assert [(e.type, e.device, e.user, e.order) for e in events] == [
        ("view", "257597", None, None),
        ("view", "483717", None, None),
        ("add_to_cart", "111016", None, None),
        ("purchase", "111016", None, "7"),
    ]


def test_retailrocket_catalogue_has_a_record_for_each_change(tmp_path: Path) -> None:
    report = Report()
    records = list(catalog("retailrocket", lay_out(tmp_path, "retailrocket"), report))
    assert [(r.id, r.time, r.category, r.tags, r.in_stock) for r in records] == [
        ("355908", 1433041200000, "1016", ["213"], True),
        ("318965", 1433041200000, "809", ["169"], True),
        ("318965", 1433646000000, "809", ["169"], False),
    ]
    assert report.left_out == {"hashed property": 1}


def test_retailrocket_survives_a_circle_in_the_category_tree(tmp_path: Path) -> None:
    lay_out(tmp_path, "retailrocket")
    write(tmp_path / "category_tree.csv", "categoryid,parentid\n1016,213\n213,1016\n")
    records = list(catalog("retailrocket", tmp_path))
    assert records[0].tags == ["213", "1016"]


def test_online_retail(tmp_path: Path) -> None:
    report = Report()
    events = list(read("online-retail", lay_out(tmp_path, "online-retail"), report))
    assert report.left_out == {"service code": 1, "stock correction": 2, "bad debt": 1}
    assert [(e.type, e.user, e.device, e.item, e.quantity, e.price, e.order) for e in events] == [
        ("purchase", "17850", None, "85123A", 6.0, 2.55, "536365"),
        ("purchase", "17850", None, "71053", 6.0, 3.39, "536365"),
        ("cancel", "17850", None, "85123A", 2.0, 2.55, "C536379"),
        ("purchase", "17850", None, "22960", 4.0, 0.0, "536400"),
        ("purchase", None, "invoice:536544", "21773", 1.0, 2.51, "536544"),
    ]
    assert {event.currency for event in events} == {"GBP"}
    assert events[0].time == 1291191960000  # 2010-12-01 08:26 UTC
    assert [(r.id, r.title, r.price) for r in catalog("online-retail", tmp_path)] == [
        ("85123A", "LANTERN, WHITE", 2.55),
        ("71053", "METAL BOX", 3.39),
        ("21773", "ORNAMENT", 2.51),
    ]


RETAIL_HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"


@pytest.mark.parametrize(
    "date",
    [
        "2010-12-01 08:26:00",
        "2010-12-01T08:26:00",
        "12/1/2010 8:26",
        "12/1/10 8:26",
        "01-12-2010 08:26",
    ],
)
def test_online_retail_dates_and_the_second_set_s_names(date: str, tmp_path: Path) -> None:
    text = f"{RETAIL_HEADER}\n536365,85123A,LANTERN,6,{date},2.55,17850.0,United Kingdom\n"
    (event,) = read("online-retail", write(tmp_path / "online_retail_II.csv", text))
    assert (event.time, event.user) == (1291191960000, "17850")


@pytest.mark.parametrize("date", ["13/13/2010 8:26", "yesterday", "12/1/2010", ""])
def test_online_retail_skips_dates_that_are_none(date: str, tmp_path: Path) -> None:
    good = "536365,85123A,LANTERN,6,12/1/2010 8:26,2.55,17850,United Kingdom"
    text = f"{RETAIL_HEADER}\n{good}\n536365,85123A,LANTERN,6,{date},2.55,17850,France\n"
    report = skipped("online-retail", tmp_path / "online_retail.csv", text)
    assert report.skipped == {"bad time": 1}


def test_online_retail_in_latin_1(tmp_path: Path) -> None:
    line = "536365,85123A,CAFÉ £1,6,12/1/2010 8:26,2.55,17850,EIRE".encode("cp1252")
    write(tmp_path / "data.csv", f"{RETAIL_HEADER}\n".encode() + line)
    (record,) = catalog("online-retail", tmp_path)
    assert record.title == "CAFÉ £1"


def test_online_retail_refuses_to_guess_between_two_years(tmp_path: Path) -> None:
    for year in ("2009", "2010"):
        write(tmp_path / f"online_retail_{year}.csv", f"{RETAIL_HEADER}\n")
    with pytest.raises(ImporterError, match=r"holds several: .*2009.csv, .*2010.csv; name one"):
        list(read("online-retail", tmp_path))


def test_instacart(tmp_path: Path) -> None:
    events = sample("instacart", tmp_path)
    assert [(e.id, e.user, e.order, e.item) for e in events] == [
        ("instacart-1-000000005", "2", "904", "77"),
        ("instacart-1-000000002", "1", "901", "196"),
        ("instacart-1-000000003", "1", "901", "141"),
        ("instacart-1-000000004", "1", "902", "196"),
        ("instacart-2-000000002", "1", "903", "141"),
    ]
    assert events[1].props == {
        "cart_position": 1,
        "reordered": False,
        "category": "beverages",
        "tags": ["soft drinks"],
    }
    assert events[0].props == {"cart_position": 1, "reordered": False}  # an unlisted product
    records = list(catalog("instacart", tmp_path))
    assert [(r.id, r.title, r.category, r.tags) for r in records] == [
        ("196", "Soda, Sweet", "beverages", ["soft drinks"]),
        ("141", "Pistachios", "snacks", ["nuts"]),
    ]


def test_instacart_times_keep_weekdays_hours_and_gaps(tmp_path: Path) -> None:
    events = sample("instacart", tmp_path)
    time_of = {event.order: event.time - SUNDAY_MS for event in events}
    assert time_of == {
        "901": 2 * DAY_MS + 8 * HOUR_MS + 1000,
        "902": 17 * DAY_MS + 7 * HOUR_MS + 2000,  # 15 days on, weekday 3
        "903": 50 * DAY_MS + 12 * HOUR_MS + 3000,  # 30 or more days on, to the next weekday 1
        "904": 1000,
    }


def test_instacart_orders_may_be_in_any_order_and_never_run_backwards() -> None:
    rows = np.array([[1, 7, 1, 3, 20, 0], [2, 7, 2, 3, 9, 0], [3, 8, 1, 0, 0, 0]])
    first, second, other = times_of(rows).tolist()
    assert second == first + 1000  # the hour says earlier, the number later
    assert other == SUNDAY_MS + 1000


def test_instacart_order_lines_named_alone(tmp_path: Path) -> None:
    lay_out(tmp_path, "instacart")
    events = list(read("instacart", tmp_path / "order_products__train.csv"))
    assert [event.order for event in events] == ["903"]


def test_instacart_lines_of_unknown_orders_are_skipped(tmp_path: Path) -> None:
    lay_out(tmp_path, "instacart")
    with (tmp_path / "order_products__prior.csv").open("a") as file:
        file.write("999,196,1,0\nx,196,1,0\n")
    report = Report()
    list(read("instacart", tmp_path, report))
    assert report.skipped == {"unknown order": 1, "bad number": 1}


def test_instacart_without_orders_says_so(tmp_path: Path) -> None:
    lay_out(tmp_path, "instacart")
    (tmp_path / "orders.csv").unlink()
    with pytest.raises(WrongFormatError, match=r"the folder holds no orders\.csv"):
        list(read("instacart", tmp_path / "order_products__prior.csv"))
