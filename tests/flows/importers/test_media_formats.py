"""What ratings and reading become, field by field, on the samples and on lines at the edge."""

from pathlib import Path

from flows.importers import catalog, detect, read
from tests.flows.importers.reading import fields, sample, skipped
from tests.flows.importers.samples import lay_out, write


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
