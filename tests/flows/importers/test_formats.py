"""What each format's lines become, field by field, on the samples and on lines at the edge."""

import gzip
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from contracts.events import Event
from flows.importers import ImporterError, Report, WrongFormatError, catalog, detect, read
from flows.importers.instacart_orders import DAY_MS, HOUR_MS, SUNDAY_MS, times_of
from tests.flows.importers.samples import SAMPLES, lay_out, write


def fields(event: Event, *but: str) -> dict[str, Any]:
    """The fields that are set, without those that every event of a format has."""
    tree: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in tree.items() if name not in ("source", *but)}


def sample(name: str, folder: Path) -> list[Event]:
    return list(read(name, lay_out(folder, name)))


def skipped(name: str, file: Path, text: str | bytes) -> Report:
    report = Report()
    list(read(name, write(file, text), report))
    return report


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


def test_movielens_csv(tmp_path: Path) -> None:
    events = sample("movielens", tmp_path)
    assert fields(events[0]) == {
        "id": "movielens-000000004",
        "type": "rating",
        "time": 835355493000,
        "user": "2",
        "item": "31",
        "value": 5.0,
    }
    records = {record.id: record for record in catalog("movielens", tmp_path)}
    assert records["31"].title == "Clockmaker, The (1995)"
    assert (records["31"].category, records["31"].tags) == ("Drama", ["Drama", "Mystery"])
    assert records["31"].props == {"year": 1995}
    assert (records["1029"].category, records["1029"].tags) == ("", [])


def test_movielens_1m_in_latin_1(tmp_path: Path) -> None:
    write(tmp_path / "ratings.dat", "1::1193::5::978300760\n1::661::3::978302109\n")
    movies = "661::Les Misérables (1995)::Drama|Musical\n".encode("latin-1")
    write(tmp_path / "movies.dat", movies)
    assert detect(tmp_path) == "movielens"
    events = list(read("movielens", tmp_path))
    assert [(e.user, e.item, e.value) for e in events] == [("1", "1193", 5.0), ("1", "661", 3.0)]
    assert [record.title for record in catalog("movielens", tmp_path)] == ["Les Misérables (1995)"]


def test_movielens_100k(tmp_path: Path) -> None:
    write(tmp_path / "u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n")
    flags = "|".join("1" if at in (5, 14) else "0" for at in range(19))
    film = f"242|Kolya (1996)|24-Jan-1997||http://films.example/?{'Kolya'}|{flags}\n"
    write(tmp_path / "u.item", film)
    assert detect(tmp_path) == "movielens"
    events = list(read("movielens", tmp_path))
    assert [event.time for event in events] == [881250949000, 891717742000]
    (record,) = catalog("movielens", tmp_path)
    assert (record.id, record.tags) == ("242", ["Comedy", "Romance"])


def test_movietweetings(tmp_path: Path) -> None:
    events = sample("movietweetings", tmp_path)
    assert [(e.user, e.item, e.value) for e in events] == [
        ("2", "0104257", 0.0),
        ("1", "1074638", 7.0),
        ("1", "1853728", 8.0),
    ]
    records = list(catalog("movietweetings", tmp_path))
    assert [record.tags for record in records] == [["Drama", "War"], []]


def test_movietweetings_keeps_to_its_scale(tmp_path: Path) -> None:
    text = "1::1074638::11::1365029107\n1::1074638::-1::1365029107\n1::1074638::10::1365029107\n"
    report = skipped("movietweetings", tmp_path / "ratings.dat", text)
    assert report.skipped == {"bad rating": 2}


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


def test_deskdrop(tmp_path: Path) -> None:
    events = sample("deskdrop", tmp_path)
    assert [event.type for event in events] == [
        "share",
        "view",
        "view",
        "click",
        "like",
        "like",
        "like",
    ]
    assert events[0].user == "4340306774493623681"
    assert events[2].props == {
        "action": "VIEW",
        "agent": "Browser, 1.0",
        "region": "NY",
        "country": "US",
    }
    assert events[5].props == {"action": "BOOKMARK"}
    gone, shared = catalog("deskdrop", tmp_path)
    assert (gone.in_stock, shared.in_stock) == (False, True)
    assert (shared.title, shared.tags) == ('News, with "quotes"', ["pt"])


def test_deskdrop_without_its_articles(tmp_path: Path) -> None:
    lay_out(tmp_path, "deskdrop")
    (tmp_path / "shared_articles.csv").unlink()
    assert len(list(read("deskdrop", tmp_path))) == 6
    assert list(catalog("deskdrop", tmp_path)) == []


def test_trivago(tmp_path: Path) -> None:
    report = Report()
    events = list(read("trivago", lay_out(tmp_path, "trivago"), report))
    assert report.left_out == {"unknown hotel": 1}
    assert [(e.type, e.item, e.query, e.request, e.position, e.price) for e in events] == [
        ("search", None, "Newtown", None, None, None),
        ("view", "666856", None, None, None, None),
        ("search", None, None, None, None, None),
        ("impression", "666856", None, "s1-4", 0, 95.0),
        ("impression", "109038", None, "s1-4", 1, 66.0),
        ("click", "109038", None, "s1-4", 1, 66.0),
        ("search", "109038", None, None, None, None),
        ("search", None, None, None, None, None),
    ]
    assert events[1].props["category"] == "Sydney, Australia"
    assert events[2].props["filter"] == "Free WiFi"
    assert events[5].props["filters"] == ["Free WiFi", "Pool"]
    assert events[7].props["sort"] == "price only"
    assert [record.tags for record in catalog("trivago", tmp_path)] == [
        ["Pool", "Free WiFi", "4 Star"],
        [],
    ]


HEADER = SAMPLES["trivago"]["train.csv"].partition("\n")[0]


def test_trivago_test_set_hides_the_click(tmp_path: Path) -> None:
    line = 'U1,s1,1541037542,4,clickout item,,AU,"Sydney, Australia",mobile,,7|8,1|2'
    file = write(tmp_path / "test.csv", f"{HEADER}\n{line}\n")
    assert [event.type for event in read("trivago", file)] == ["impression", "impression"]


def test_trivago_click_outside_the_list_has_no_position(tmp_path: Path) -> None:
    line = 'U1,s1,1541037542,4,clickout item,9,AU,"Sydney, Australia",mobile,,7|8,1|2'
    file = write(tmp_path / "train.csv", f"{HEADER}\n{line}\n")
    click = list(read("trivago", file))[-1]
    assert (click.type, click.item, click.position, click.price) == ("click", "9", None, None)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("U1,s1,1541037542,4,clickout item,7,AU,X,mobile,,7|8,1", "bad impressions"),
        ("U1,s1,1541037542,4,dance,7,AU,X,mobile,,,", "unknown action"),
        ("U1,s1,1541037542,4,interaction item image,,AU,X,mobile,,,", "invalid"),
    ],
)
def test_trivago_skips(line: str, reason: str, tmp_path: Path) -> None:
    good = "U1,s1,1541037542,3,search for poi,Newtown,AU,X,mobile,,,"
    report = skipped("trivago", tmp_path / "train.csv", f"{HEADER}\n{good}\n{line}\n")
    assert report.skipped == {reason: 1}


def test_mind(tmp_path: Path) -> None:
    events = sample("mind", tmp_path)
    assert [(e.id, e.type, e.user, e.item, e.request, e.position) for e in events] == [
        ("mind-000000003-0000", "impression", "U91", "N54", "3", 0),
        ("mind-000000001-0000", "impression", "U13", "N50", "1", 0),
        ("mind-000000001-0001", "impression", "U13", "N51", "1", 1),
        ("mind-000000001-0002", "impression", "U13", "N52", "1", 2),
        ("mind-000000001-0003", "click", "U13", "N51", "1", 1),
        ("mind-000000002-0000", "impression", "U91", "N50", "2", 0),
        ("mind-000000002-0001", "impression", "U91", "N53", "2", 1),
        ("mind-000000002-0002", "click", "U91", "N50", "2", 0),
        ("mind-000000002-0003", "click", "U91", "N53", "2", 1),
    ]
    assert events[0].time == 1573430400000  # 2019-11-11 00:00:00 UTC
    record = next(catalog("mind", tmp_path))
    assert (record.title, record.category, record.tags, record.url) == (
        'The "Brands" They Like',
        "lifestyle",
        ["lifestyleroyals"],
        "https://n.example/50",
    )


def test_mind_test_split_bears_no_marks(tmp_path: Path) -> None:
    file = write(tmp_path / "behaviors.tsv", "1\tU1\t11/11/2019 9:05:58 AM\tN1\tN50 N51\n")
    assert [event.type for event in read("mind", file)] == ["impression", "impression"]


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


def test_open_bandit(tmp_path: Path) -> None:
    events = sample("open-bandit", tmp_path)
    assert [(e.id, e.type, e.item, e.position) for e in events] == [
        ("open-bandit-bts-men-000000002-0", "impression", "men-1", 1),
        ("open-bandit-bts-men-000000002-1", "click", "men-1", 1),
        ("open-bandit-random-all-000000002-0", "impression", "all-1", 2),
        ("open-bandit-random-all-000000003-0", "impression", "all-0", 0),
        ("open-bandit-random-all-000000003-1", "click", "all-0", 0),
    ]
    click = events[-1]
    assert click.device == click.request == "open-bandit-random-all-000000003"
    assert click.props == {
        "campaign": "all",
        "policy": "random",
        "propensity": 0.5,
        "user_features": ["f0", "f2"],
        "affinity": {"all-1": 2.0},
    }
    records = list(catalog("open-bandit", tmp_path))
    assert [(r.id, r.tags, r.props) for r in records] == [
        ("all-0", ["aa", "bb", "cc"], {"feature": -0.5}),
        ("all-1", ["aa", "bb", "dd"], {"feature": 0.25}),
    ]


def test_open_bandit_one_policy_or_one_file(tmp_path: Path) -> None:
    lay_out(tmp_path, "open-bandit")
    whole = list(read("open-bandit", tmp_path))
    assert list(read("open-bandit", tmp_path / "bts")) == whole[:2]
    assert list(read("open-bandit", tmp_path / "random" / "all" / "all.csv")) == whole[2:]


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


def test_events_pass_as_they_are(tmp_path: Path) -> None:
    events = sample("events", tmp_path)
    assert [event.id for event in events] == ["a", "b"]
    assert events[0].source == "web"
    assert [record.time for record in catalog("events", tmp_path)] == [10, 20]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id":"c","type":"view","time":1700000002000}', "no subject"),
        ('{"id":"c","type":"look","time":1700000002000,"user":"ada"}', "invalid"),
        ('{"id":"c","type":"view","time":1700000002,"user":"ada"}', "bad time"),
        ('{"id":"c","type":"view","time":1700000002000,"user":"ada","v":99}', "newer version"),
        ('{"id":"c"', "malformed"),
        ("[" * 30_000, "invalid"),
        (
            '{"id":"c","type":"view","time":1700000002000,"user":"a","props":{"a":'
            f"{'[' * 20}{']' * 20}}}}}",
            "too deep",
        ),
        ('{"id":"c","type":"view","time":1700000002000,"user":"' + "a" * 40_000, "too large"),
    ],
)
def test_events_are_refused_for_what_the_flow_would_refuse(
    line: str, reason: str, tmp_path: Path
) -> None:
    good = SAMPLES["events"]["events.jsonl"]
    report = skipped("events", tmp_path / "x.jsonl", f"{good}{line}\n")
    assert report.skipped == {reason: 1}


def test_segment(tmp_path: Path) -> None:
    events = sample("segment", tmp_path)
    assert [(e.id, e.type, e.user, e.device, e.item, e.order) for e in events] == [
        ("m1", "identify", "ada", "a1", None, None),
        ("m2", "view", None, "a1", "kettle", None),
        ("m3:0", "purchase", "ada", None, "kettle", "o1"),
        ("m3:1", "purchase", "ada", None, "cup", "o1"),
    ]
    assert events[2].time == 1714824005000  # when the batch was sent


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"type":"track","event":"X","userId":"u","messageId":"m"}', "no time"),
        ('{"type":"dance","userId":"u","timestamp":"2024-05-04T12:00:00Z"}', "invalid"),
        ('{"type":"track","event":"X","timestamp":"2024-05-04T12:00:00Z"}', "no subject"),
        ('{"batch":"none"}', "not a message"),
        ("[1]", "not a message"),
        ("{", "malformed"),
    ],
)
def test_segment_skips(line: str, reason: str, tmp_path: Path) -> None:
    good = SAMPLES["segment"]["segment_log.jsonl"]
    report = skipped("segment", tmp_path / "x.jsonl", f"{good}{line}\n")
    assert report.skipped == {reason: 1}


def test_segment_messages_without_id_get_the_same_one_in_every_run(tmp_path: Path) -> None:
    line = '{"type":"page","userId":"u","timestamp":"2024-05-04T12:00:00Z"}\n'
    file = write(tmp_path / "segment.jsonl", line)
    (first,), (second,) = read("segment", file), read("segment", file)
    assert first.id == second.id


def test_segment_archives_are_read_from_a_folder_of_packed_files(tmp_path: Path) -> None:
    for hour in (1, 2):
        line = f'{{"type":"page","userId":"u","messageId":"m{hour}","sentAt":"2024-05-0{hour}"}}\n'
        write(tmp_path / f"segment-{hour}.json.gz", gzip.compress(line.encode()))
    assert detect(tmp_path) == "segment"
    assert [event.id for event in read("segment", tmp_path)] == ["m1", "m2"]
