"""The real recordings, where they lie beside the checkout, against what is known of them."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as arrow
import pyarrow.compute as compute
import pyarrow.parquet as parquet
import pytest

from contracts.events import Event
from flows.importers import Report, catalog, detect, read
from flows.importers.online_retail import SERVICES

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

if not DATA.is_dir():
    pytest.skip(f"no recordings in {DATA}", allow_module_level=True)


class Facts(NamedTuple):
    """What the notes beside a recording say of it, as its importer is to find it."""

    format: str
    lines: int
    types: dict[str, int]
    users: int
    devices: int
    items: int
    first: str
    last: str
    left_out: dict[str, int]
    records: int


FACTS = {
    "taobao-userbehavior-multiday": Facts(
        "taobao",
        84_475,
        {"view": 75_872, "add_to_cart": 4_497, "like": 2_356, "purchase": 1_750},
        users=815,
        devices=0,
        items=55_368,
        first="2017-09-11 08:16:39",
        last="2017-12-03 15:59:23",
        left_out={},
        records=0,
    ),
    "movietweetings-100k": Facts(
        "movietweetings",
        100_000,
        {"rating": 100_000},
        users=16_554,
        devices=0,
        items=10_506,
        first="2013-02-28 14:38:27",
        last="2013-09-01 20:27:45",
        left_out={},
        records=10_506,
    ),
    "mind-small-5k": Facts(
        "mind",
        5_000,
        {"impression": 189_359, "click": 7_542},
        users=4_637,
        devices=0,
        items=7_457,
        first="2019-11-09 00:01:13",
        last="2019-11-14 23:50:13",
        left_out={},
        records=2_000,
    ),
    "open-bandit": Facts(
        "open-bandit",
        10_000,
        {"impression": 10_000, "click": 38},
        users=0,
        devices=10_000,
        items=80,
        first="2019-11-24 00:00:34",
        last="2019-11-30 23:59:47",
        left_out={},
        records=80,
    ),
    # 4,372 customers and 4,070 codes in all lines; 9 and 143 of them in lines left out only.
    "online-retail": Facts(
        "online-retail",
        541_909,
        {"purchase": 527_826, "cancel": 8_704},
        users=4_363,
        devices=1_410,
        items=3_927,
        first="2010-12-01 08:26:00",
        last="2011-12-09 12:50:00",
        left_out={"service code": 2_909, "stock correction": 2_467, "bad debt": 3},
        records=3_913,
    ),
}


class Seen:
    """What a pass over events finds."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.types: Counter[str] = Counter()
        self.users: set[str | None] = set()
        self.devices: set[str | None] = set()
        self.items: set[str | None] = set()
        self.times: list[int] = []
        self.in_order = True
        before = (-(1 << 60), "")
        for event in events:
            self.types[event.type] += 1
            self.users.add(event.user)
            self.devices.add(event.device)
            self.items.add(event.item)
            self.times.append(event.time)
            # Also says that no id comes twice.
            self.in_order &= before < (event.time, event.id)
            before = (event.time, event.id)


def moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def folder_of(name: str) -> Path:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"no recording in {folder}")
    return folder


@pytest.mark.parametrize("name", FACTS)
def test_every_line_is_accounted_for(name: str) -> None:
    facts, folder, report = FACTS[name], folder_of(name), Report()
    assert detect(folder) == facts.format
    seen = Seen(read(facts.format, folder, report))
    assert seen.in_order
    assert seen.types == facts.types
    assert report.events == sum(facts.types.values())
    assert report.lines == facts.lines == report.used + report.left_out.total()
    assert report.left_out == facts.left_out
    assert not report.skipped
    assert len(seen.users - {None}) == facts.users
    assert len(seen.devices - {None}) == facts.devices
    assert len(seen.items) == facts.items
    assert (moment(seen.times[0]), moment(seen.times[-1])) == (facts.first, facts.last)


@pytest.mark.parametrize("name", FACTS)
def test_the_catalogue(name: str) -> None:
    facts, folder, report = FACTS[name], folder_of(name), Report()
    records = list(catalog(facts.format, folder, report))
    assert len(records) == len({record.id for record in records}) == facts.records
    assert report.lines == report.used + report.left_out.total()


def test_taobao_s_stray_times_are_kept() -> None:
    start = 1_511_539_200_000  # 2017-11-25 00:00 in Beijing
    times = [event.time for event in read("taobao", folder_of("taobao-userbehavior-multiday"))]
    assert sum(time < start for time in times) == 35


def test_open_bandit_keeps_the_propensities_of_the_random_policy() -> None:
    events = read("open-bandit", folder_of("open-bandit"))
    first: dict[str, Any] = next(events).props
    assert (first["propensity"], first["policy"], first["campaign"]) == (1 / 80, "random", "all")
    assert {event.props["propensity"] for event in events} == {1 / 80}


def test_online_retail_agrees_with_a_count_by_columns() -> None:
    (file,) = folder_of("online-retail").glob("*.parquet")
    rows = parquet.read_table(file)
    first = compute.utf8_slice_codeunits(rows["InvoiceNo"], 0, 1)
    cancelled = compute.equal(first, "C")
    known = compute.is_valid(rows["CustomerID"])
    services = compute.is_in(
        compute.utf8_upper(rows["StockCode"]), value_set=arrow.array(sorted(SERVICES))
    )
    goods = compute.and_(compute.invert(services), compute.not_equal(first, "A"))
    sold = compute.and_(
        compute.greater(rows["Quantity"], 0),
        compute.or_(known, compute.not_equal(rows["UnitPrice"], 0.0)),
    )
    kept = rows.filter(compute.and_(goods, compute.or_(cancelled, sold)))
    facts = FACTS["online-retail"]
    assert (rows.num_rows, compute.sum(cancelled).as_py()) == (facts.lines, 9_288)
    assert compute.sum(compute.and_(cancelled, goods)).as_py() == facts.types["cancel"]
    assert kept.num_rows == sum(facts.types.values())
    assert compute.count_distinct(kept["CustomerID"]).as_py() == facts.users
    assert compute.count_distinct(kept["StockCode"]).as_py() == facts.items
    anonymous = kept.filter(compute.is_null(kept["CustomerID"]))
    assert compute.count_distinct(anonymous["InvoiceNo"]).as_py() == facts.devices
