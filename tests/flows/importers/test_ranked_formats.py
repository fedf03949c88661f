"""What lists that were shown become, field by field, on the samples and on lines at the edge."""

from pathlib import Path

import pytest

from flows.importers import Report, catalog, read
from tests.flows.importers.reading import sample, skipped
from tests.flows.importers.samples import SAMPLES, lay_out, write


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
