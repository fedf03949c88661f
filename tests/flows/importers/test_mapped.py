"""Tables of one's own by a mapping file: the same events from CSV, Parquet and JSON lines."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from flows.importers import ImporterError, Mapping, Report, importer_of
from tests.flows.importers.reading import fields
from tests.flows.importers.samples import write

MAPPING = """
separator = ";"

[event]
user = "customer"
time = { column = "when", as = "seconds" }
type = { column = "action", map = { pv = "view", buy = "purchase", tick = "skip" } }
item = "sku"
price = "price"
currency = { value = "EUR" }

[props]
category = "category"
tags = { column = "labels", split = "|" }
"""
ROWS = [
    ("ada", "1511544070", "pv", "k;1", "", "kitchen", "steel|new"),
    ("bob", "1511540000", "buy", "cup", "4.5", "", ""),
    ("bob", "1511540001", "tick", "cup", "", "", ""),
    ("bob", "1511540002", "stare", "cup", "", "", ""),
    ("bob", "yesterday", "pv", "cup", "", "", ""),
    ("", "1511540003", "pv", "cup", "", "", ""),
    ("eve", "1511540004", "buy", "cup", "cheap", "", ""),
]
NAMES = ("customer", "when", "action", "sku", "price", "category", "labels")
EXPECTED = [
    {
        "id": "shop-000000002",
        "type": "purchase",
        "time": 1511540000000,
        "user": "bob",
        "item": "cup",
        "price": 4.5,
        "currency": "EUR",
    },
    {
        "id": "shop-000000001",
        "type": "view",
        "time": 1511544070000,
        "user": "ada",
        "item": "k;1",
        "currency": "EUR",
        "props": {"category": "kitchen", "tags": ["steel", "new"]},
    },
]


def mapping(folder: Path, text: str = MAPPING) -> Mapping:
    return Mapping.read(write(folder / "shop.toml", text))


def as_csv(folder: Path) -> Path:
    quoted = [";".join(f'"{cell}"' if ";" in cell else cell for cell in row) for row in ROWS]
    return write(folder / "rows.csv", "\n".join([";".join(NAMES), *quoted]))


def as_parquet(folder: Path) -> Path:
    columns = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "rows.parquet")
    return folder / "rows.parquet"


def as_json(folder: Path) -> Path:
    rows = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    return write(folder / "rows.jsonl", "\n".join(map(json.dumps, rows)))


@pytest.mark.parametrize("made", [as_csv, as_parquet, as_json])
def test_every_kind_of_table_gives_the_same(made, tmp_path: Path) -> None:
    report = Report()
    read = importer_of(mapping(tmp_path)).read(made(tmp_path), report)
    events = [fields(event) for event in read]
    # A CSV's first line is its header.
    shift = 1 if made is as_csv else 0
    for event, expected in zip(events, EXPECTED, strict=True):
        number = int(expected["id"].rpartition("-")[2]) + shift
        assert {k: v for k, v in event.items() if v not in (None, {}, "default")} | {
            "id": f"shop-{number:09}"
        } == expected | {"id": f"shop-{number:09}"}
        assert event["id"] == f"shop-{number:09}"
    assert report.left_out == {"action tick": 1}
    assert report.skipped == {"unmapped type": 1, "bad number": 2, "no subject": 1}
    assert report.lines == len(ROWS)


def test_json_is_read_by_paths_lists_and_all(tmp_path: Path) -> None:
    text = """
    [event]
    device = "who.device"
    time = { column = "at", as = "millis" }
    type = { value = "view" }
    id = "key"
    [props]
    tags = "labels"
    new = "flags.new"
    """
    row = {"who": {"device": "d1"}, "at": 7, "key": 9, "labels": ["a", "b"], "flags": {"new": True}}
    file = write(tmp_path / "rows.jsonl", json.dumps(row | {"at": 1_511_544_070_000}))
    [event] = importer_of(mapping(tmp_path, text)).read(file)
    assert (event.id, event.device) == ("9", "d1")
    assert event.props == {"tags": ["a", "b"], "new": "true"}


ITEM = """
[item]
id = "sku"
category = "category"
price = "price"
tags = { column = "labels", split = "|" }
in_stock = { column = "action", map = { pv = "true", buy = "0" }, otherwise = "skip" }
"""


@pytest.mark.parametrize("made", [as_csv, as_parquet, as_json])
def test_what_lines_say_of_items_are_records_of_the_catalogue(made, tmp_path: Path) -> None:
    report = Report()
    found = importer_of(mapping(tmp_path, MAPPING + ITEM)).catalog(made(tmp_path), report)
    told = [(i.id, i.time, i.category, i.price, i.tags, i.in_stock) for i in found]
    assert told == [
        ("cup", 1511540000000, "", 4.5, [], False),
        ("cup", 1511540003000, "", 4.5, [], True),
        ("k;1", 1511544070000, "kitchen", None, ["steel", "new"], True),
    ]
    assert report.left_out == {"action tick": 1, "action stare": 1}
    assert report.skipped == {"bad number": 2}


def test_a_table_of_products_needs_no_events(tmp_path: Path) -> None:
    text = '[item]\nid = "sku"\ntitle = "name"\nin_stock = "there"\ntags = "kind"'
    rows = "sku,name,there,kind\ncup,Cup,0,new\ncup,Cup,0,\n,Nothing,1,\nrake,Rake,maybe,\n"
    report = Report()
    read = importer_of(mapping(tmp_path, text))
    [item] = read.catalog(write(tmp_path / "products.csv", rows), report)
    assert (item.id, item.title, item.in_stock, item.tags, item.time) == (
        *("cup", "Cup", False, ["new"]),
        0,
    )
    assert (report.left_out, report.skipped) == ({"no item": 1}, {"neither true nor false": 1})


def test_a_mapping_of_events_alone_makes_no_items(tmp_path: Path) -> None:
    assert list(importer_of(mapping(tmp_path)).catalog(as_csv(tmp_path))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[event", "shop.toml: "),
        ('[event]\nuser = "u"\ntime = "t"', "say where `type` comes from"),
        ('[event]\ntype = "a"\ntime = "t"', "say where `user` or `device` comes from"),
        ('[event]\nwho = "u"', "there is no field 'who'"),
        ('separator = ";"', "say what a line is"),
        ('[item]\ntitle = "t"', "say where `id` comes from"),
        ('[item]\nid = "i"\nv = "v"', "there is no field 'v'"),
        ('[item]\nid = "i"\n[props]\na = "b"', r"[props] are of events"),
        ('[event]\nuser = "u"\ntype = "t"\ntime = {as = "iso"}', "time: give either"),
        ('[event]\nuser = {column = "u", colour = "red"}', "colour"),
        ('[event]\ntime = {column = "t", as = "weeks"}', "weeks"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match=r"shop\.toml") as raised:
        mapping(tmp_path, text)
    assert said in str(raised.value)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.csv", "customer;when\nada;1")
    with pytest.raises(ImporterError, match="it lacks action"):
        list(importer_of(mapping(tmp_path)).read(file))
