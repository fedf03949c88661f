"""What every implementation of the views must do, whatever it is kept in."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import pytest

from contracts.keys import Keys, alias_value
from storage.errors import Fenced, StoreRefused
from storage.views import LogState, Value, ViewReader, canonical
from storage.writes import AddMembers, Append, DeleteView, SetFields, SetView, Write

T = TypeVar("T")
KEYS = Keys("live")
ODD_IDS = ("ada", "a:b/c d", "日本*?[x]", "100%", "@home", "x" * 256)


class Views(Protocol):
    """A writer and a lister."""

    def write(self, writes: Sequence[Write]) -> None: ...
    def iterate(self, namespace: str) -> Iterator[tuple[str, Value]]: ...
    def delete_namespace(self, namespace: str) -> int: ...
    def issue_run(self, namespace: str) -> int: ...


class Subject(Protocol):
    """An implementation under test, on an empty store."""

    def views(self, namespace: str = "live", run: int = 0) -> Views: ...
    def reader(self) -> ViewReader: ...
    def advance(self, milliseconds: int) -> None: ...
    def wipe(self) -> None: ...


def read(subject: Subject, action: Callable[[ViewReader], Awaitable[T]]) -> T:
    async def run() -> T:
        reader = subject.reader()
        try:
            return await action(reader)
        finally:
            await reader.close()

    return asyncio.run(run())


def get(subject: Subject, *keys: str) -> list[bytes | None]:
    return read(subject, lambda reader: reader.get_many(keys))


def dump(views: Views, namespace: str = "live") -> dict[str, Any]:
    return dict(views.iterate(namespace))


class ViewContract:
    """Inherit it, and provide a fixture `subject`."""

    def test_a_set_view_is_read_back_byte_for_byte(self, subject: Subject) -> None:
        every_byte = bytes(range(256))
        keys = [KEYS.profile("shop", id_) for id_ in ODD_IDS]
        subject.views().write([SetView(key, every_byte + key.encode()) for key in keys])
        assert get(subject, *keys) == [every_byte + key.encode() for key in keys]

    def test_what_is_not_there_is_none(self, subject: Subject) -> None:
        subject.views().write([SetView("v:a", b"1")])
        assert get(subject, "v:no", "v:a", "v:neither") == [None, b"1", None]
        assert get(subject) == []

    def test_writes_apply_in_order(self, subject: Subject) -> None:
        views = subject.views()
        views.write([SetView("v:a", b"1"), DeleteView("v:a"), SetView("v:a", b"2", 60_000)])
        views.write([SetView("v:b", b"1"), DeleteView("v:b"), DeleteView("v:never")])
        assert get(subject, "v:a", "v:b") == [b"2", None]

    def test_an_empty_batch_and_empty_parts_are_nothing(self, subject: Subject) -> None:
        views = subject.views()
        views.write([])
        views.write([SetFields("v:h", {}), AddMembers("v:m", []), Append("v:x", {}, 5)])
        assert read(subject, lambda r: r.find("v:")) == []

    def test_a_view_ends_with_its_lifetime_and_a_rewrite_renews_it(self, subject: Subject) -> None:
        views = subject.views()
        views.write([SetView("v:short", b"1", 200), SetView("v:long", b"1", 600_000)])
        views.write([SetView("v:again", b"1", 200), SetView("v:again", b"2")])
        subject.advance(400)
        assert get(subject, "v:short", "v:long", "v:again") == [None, b"1", b"2"]

    def test_a_hash_grows_by_fields(self, subject: Subject) -> None:
        views = subject.views()
        many = {f"item-{i}": b"%d" % i for i in range(5_000)}
        views.write([SetFields("v:h", many), SetFields("v:h", {"item-1": b"new", "ü": b"\xff"})])
        whole, nothing = read(subject, lambda r: r.get_hashes(["v:h", "v:none"]))
        assert len(whole) == 5_001
        assert whole["ü".encode()] == b"\xff"
        assert nothing == {}
        asked = {"v:h": ["item-1", "no", "item-4999"], "v:none": ["a"], "v:empty": []}
        some = read(subject, lambda r: r.get_fields(asked))
        assert some == {"v:h": [b"new", None, b"4999"], "v:none": [None], "v:empty": []}
        assert read(subject, lambda r: r.get_hashes([])) == []
        assert read(subject, lambda r: r.get_fields({})) == {}

    def test_a_set_holds_each_member_once(self, subject: Subject) -> None:
        many = [f"site {i}" for i in range(4_500)]
        subject.views().write([AddMembers("v:m", many), AddMembers("v:m", ["site 1", "日本"])])
        assert read(subject, lambda r: r.get_members("v:m")) == {*many, "日本"}
        assert read(subject, lambda r: r.get_members("v:none")) == set()

    def test_a_stream_is_followed_from_an_id(self, subject: Subject) -> None:
        views = subject.views()
        views.write([Append("v:x", {"item": b"%d" % i}, 1_000) for i in range(5)])

        async def action(reader: ViewReader) -> None:
            first = await reader.follow({"v:x": "0-0", "v:y": "0-0"}, 50, 3)
            assert [dict(e.fields) for e in first] == [{b"item": b"%d" % i} for i in range(3)]
            rest = await reader.follow({"v:x": first[-1].id}, 50, 10)
            assert [e.fields[b"item"] for e in rest] == [b"3", b"4"]
            assert await reader.follow({"v:x": rest[-1].id}, 20, 10) == []
            (state, nothing) = await reader.get_logs(["v:x", "v:y"])
            assert state == LogState(first[0].id, rest[-1].id, 5, 5)
            assert nothing == LogState()

        read(subject, action)

    def test_following_wakes_up_for_a_new_entry(self, subject: Subject) -> None:
        async def action(reader: ViewReader) -> None:
            task = asyncio.create_task(reader.follow({"v:x": "0-0"}, 4_000, 10))
            await asyncio.sleep(0.05)
            subject.views().write([Append("v:x", {"item": b"kettle"}, 100)])
            (entry,) = await task
            assert (entry.key, entry.fields) == ("v:x", {b"item": b"kettle"})

        read(subject, action)

    def test_a_stream_keeps_about_its_length(self, subject: Subject) -> None:
        views = subject.views()
        views.write([Append("v:x", {"i": b"%d" % i}, 100) for i in range(3_000)])
        (state,) = read(subject, lambda r: r.get_logs(["v:x"]))
        kept = read(subject, lambda r: r.follow({"v:x": "0-0"}, 10, 5_000))
        assert state.added == 3_000
        assert 100 <= len(kept) == state.length <= 300
        assert kept[-1].fields == {b"i": b"2999"}
        assert kept[0].id == state.first

    def test_a_person_is_profile_and_standing(self, subject: Subject) -> None:
        writes = []
        for id_ in ODD_IDS:
            writes.append(SetView(KEYS.profile("shop", id_), b"P" + id_.encode()))
            writes.append(SetView(KEYS.standing("shop", id_), b"S" + id_.encode()))
        subject.views().write([*writes, SetView("v:extra", b"E")])
        ids = [*ODD_IDS, "stranger"]
        people, extra = read(
            subject, lambda r: r.get_people(KEYS, "shop", ids, ["v:extra", "v:none"])
        )
        assert [p.user for p in people] == ids
        assert [p.profile for p in people] == [*(b"P" + i.encode() for i in ODD_IDS), None]
        assert [p.standing for p in people] == [*(b"S" + i.encode() for i in ODD_IDS), None]
        assert extra == [b"E", None]

    def test_an_identified_device_is_its_user(self, subject: Subject) -> None:
        writes: list[Write] = []
        for number, user in enumerate(ODD_IDS):
            alias = SetView(KEYS.profile("shop", f"device:{number}"), alias_value(user))
            profile = SetView(KEYS.profile("shop", user), b"\x9fP" + user.encode())
            writes += [alias, profile, SetView(KEYS.standing("shop", user), b"S" + user.encode())]
        writes.append(SetView(KEYS.profile("shop", "device:new"), b"\x9fanonymous"))
        writes.append(SetView(KEYS.standing("shop", "device:new"), b"standing"))
        subject.views().write([*writes, SetView("v:extra", b"E")])
        ids = [*(f"device:{n}" for n in range(len(ODD_IDS))), "ada", "device:new", "device:no"]
        people, extra = read(subject, lambda r: r.get_people(KEYS, "shop", ids, ["v:extra"]))
        assert [p.user for p in people] == [*ODD_IDS, "ada", "device:new", "device:no"]
        wanted = [*(b"\x9fP" + u.encode() for u in (*ODD_IDS, "ada")), b"\x9fanonymous", None]
        assert [p.profile for p in people] == wanted
        assert [p.standing for p in people][-3:] == [b"Sada", b"standing", None]
        assert extra == [b"E"]

    def test_an_alias_of_a_forgotten_user_is_a_stranger(self, subject: Subject) -> None:
        subject.views().write([SetView(KEYS.profile("shop", "device:d"), alias_value("gone"))])
        people, _ = read(subject, lambda r: r.get_people(KEYS, "shop", ["device:d"]))
        assert [(p.user, p.profile, p.standing) for p in people] == [("gone", None, None)]

    def test_an_older_run_writes_nothing(self, subject: Subject) -> None:
        older = subject.views(run=subject.views().issue_run("live"))
        older.write([SetView("v:a", b"older")])
        newer = subject.views(run=subject.views().issue_run("live"))
        with pytest.raises(Fenced) as caught:
            older.write([SetView("v:a", b"late"), SetView("v:b", b"late")])
        assert (caught.value.run, caught.value.current) == (1, 2)
        newer.write([SetView("v:c", b"newer")])
        assert get(subject, "v:a", "v:b", "v:c") == [b"older", None, b"newer"]

    def test_the_fence_of_one_namespace_is_not_that_of_another(self, subject: Subject) -> None:
        live = subject.views("live", run=1)
        live.write([SetView("v:live:-:x:y", b"1")])
        assert subject.views().issue_run("replay a:b") == 1
        assert subject.views().issue_run("replay a:b") == 2
        live.write([SetView("v:live:-:x:y", b"2")])
        assert get(subject, "v:live:-:x:y") == [b"2"]

    def test_a_wiped_store_learns_its_fence_again(self, subject: Subject) -> None:
        subject.views(run=5).write([SetView("v:a", b"5")])
        subject.wipe()
        subject.views(run=5).write([SetView("v:a", b"5 again")])
        with pytest.raises(Fenced):
            subject.views(run=4).write([SetView("v:a", b"4")])
        assert subject.views().issue_run("live") == 6

    def test_a_namespace_is_listed_in_order_and_whole(self, subject: Subject) -> None:
        views = subject.views("live")
        keys = [KEYS.profile("shop", f"user {number}") for number in range(1_700)]
        views.write([SetView(key, b"p") for key in keys])
        views.write([SetFields(KEYS.catalog_page("shop", 3), {"kettle": b"k", "cup": b"c"})])
        views.write([AddMembers(KEYS.sites(), ["shop", "other"])])
        views.write([Append(KEYS.catalog_log("shop"), {"item": b"kettle"}, 100)])
        other = Keys("live2")
        subject.views("live2").write([SetView(other.profile("shop", "eve"), b"e")])
        listed = list(views.iterate("live"))
        assert [key for key, _ in listed] == sorted(
            [*keys, KEYS.catalog_page("shop", 3), KEYS.sites(), KEYS.catalog_log("shop")]
        )
        found = dict(listed)
        assert found[KEYS.catalog_page("shop", 3)] == {b"kettle": b"k", b"cup": b"c"}
        assert found[KEYS.sites()] == frozenset([b"shop", b"other"])
        assert found[KEYS.catalog_log("shop")] == [{b"item": b"kettle"}]
        assert dump(views, "live2") == {other.profile("shop", "eve"): b"e"}
        assert dump(views, "nowhere") == {}
        assert len({canonical(value) for value in found.values()}) == 4

    def test_a_deleted_namespace_takes_no_other_with_it(self, subject: Subject) -> None:
        for namespace in ("live", "live2", "li*", "[l]ive"):
            keys = Keys(namespace)
            views = subject.views(namespace)
            views.write([SetView(keys.profile("s", f"u{n}"), b"1") for n in range(600)])
        run = subject.views().issue_run("li*")
        assert subject.views().delete_namespace("li*") == 600
        assert subject.views().delete_namespace("li*") == 0
        views = subject.views()
        sizes = [len(dump(views, name)) for name in ("live", "live2", "li*", "[l]ive")]
        assert sizes == [600, 600, 0, 600]
        assert subject.views().issue_run("li*") == run + 1

    def test_keys_are_found_by_their_start(self, subject: Subject) -> None:
        keys = [KEYS.progress(f"events.click/{n}") for n in range(3)]
        subject.views().write([SetView(k, b"1") for k in (*keys, KEYS.profile("-x", "progress"))])
        assert read(subject, lambda r: r.find(KEYS.progress(""))) == sorted(keys)

    def test_a_write_of_another_type_is_refused(self, subject: Subject) -> None:
        views = subject.views()
        views.write([AddMembers("v:m", ["a"])])
        with pytest.raises(StoreRefused):
            views.write([SetFields("v:m", {"a": b"1"})])

    def test_a_large_batch_keeps_its_order(self, subject: Subject) -> None:
        writes: list[Write] = [SetView(f"v:{n % 5_000}", b"%d" % n, 600_000) for n in range(12_000)]
        subject.views().write(writes)
        assert get(subject, "v:0", "v:1999", "v:2000", "v:4999") == [
            b"10000",
            b"11999",
            b"7000",
            b"9999",
        ]
