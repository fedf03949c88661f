import os
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.disk import Disk
from flows.segment_files import (
    SegmentError,
    SegmentStore,
    decode_rows,
    encode_rows,
    pack_handles,
    tag_of,
    unpack_handles,
)
from flows.segments import Bucket, Segments
from flows.sweeping import referenced_files, sweep

rows = st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=50)))


def files(root: Path) -> set[str]:
    return {path.stem for path in root.glob("*.seg")}


def contents(bucket: Bucket) -> dict[str, bytes]:
    return dict(bucket.items())


def recovery_partition(folder: Path, *states: object) -> Path:
    """A recovery partition as the engine writes it: one pickle a row."""
    folder.mkdir(exist_ok=True)
    with sqlite3.connect(folder / "part-0.sqlite3") as db:
        db.execute("CREATE TABLE snaps (snap_epoch INTEGER, ser_change BLOB)")
        db.executemany("INSERT INTO snaps VALUES (1, ?)", [(pickle.dumps(s),) for s in states])
    db.close()
    return folder


@given(rows)
def test_rows_survive_encoding(original: list[tuple[str, bytes | None]]) -> None:
    assert list(decode_rows(encode_rows(original))) == original


def test_handles_survive_packing(tmp_path: Path) -> None:
    store = SegmentStore(tmp_path)
    handles = [store.write(b"one"), store.write(b"two")]
    assert unpack_handles(pack_handles(handles)) == handles
    assert unpack_handles(pack_handles([])) == []
    store.close()


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(SegmentError, match="written by something else"):
        unpack_handles(b"\x80\x04N.")


class TestStore:
    def test_reads_what_was_written_before_and_after_a_sync(self, tmp_path: Path) -> None:
        store = SegmentStore(tmp_path)
        first = store.write(b"first")
        assert store.read(first) == b"first"
        store.sync()
        second = store.write(b"second")
        assert [store.read(first), store.read(second)] == [b"first", b"second"]
        assert store.written == 11
        store.close()

    def test_another_process_reads_it(self, tmp_path: Path) -> None:
        writer = SegmentStore(tmp_path)
        handle = writer.write(b"rows")
        writer.sync()
        assert SegmentStore(tmp_path).read(handle) == b"rows"
        writer.close()

    def test_a_new_run_never_appends_to_an_old_file(self, tmp_path: Path) -> None:
        for _ in range(3):
            store = SegmentStore(tmp_path)
            store.write(b"rows")
            store.close()
        assert len(files(tmp_path)) == 3

    def test_damage_is_noticed(self, tmp_path: Path) -> None:
        store = SegmentStore(tmp_path)
        handle = store.write(b"rows")
        store.close()
        path = tmp_path / f"{handle.file}.seg"
        path.write_bytes(b"r0ws")
        with pytest.raises(SegmentError, match="damaged"):
            store.read(handle)
        path.write_bytes(b"ro")
        with pytest.raises(SegmentError, match="damaged"):
            store.read(handle)
        path.unlink()
        with pytest.raises(SegmentError, match="missing"):
            store.read(handle)

    def test_a_released_file_goes_late_and_only_when_all_of_it_is_released(
        self, tmp_path: Path
    ) -> None:
        store = SegmentStore(tmp_path, roll_bytes=8, keep_syncs=2)
        first, second = store.write(b"1234"), store.write(b"5678")
        store.write(b"a second file")
        store.release([first])
        for _ in range(3):
            store.sync()
        assert first.file in files(tmp_path)
        store.release([second])
        store.sync()
        store.sync()
        assert first.file in files(tmp_path)
        store.sync()
        assert first.file not in files(tmp_path)
        store.close()

    def test_a_file_that_died_while_open_goes_when_it_is_closed(self, tmp_path: Path) -> None:
        store = SegmentStore(tmp_path, roll_bytes=4, keep_syncs=0)
        handle = store.write(b"1234")
        store.release([handle])
        store.sync()
        assert handle.file in files(tmp_path)
        store.write(b"next file")
        assert handle.file not in files(tmp_path)
        store.close()

    def test_files_of_an_earlier_run_are_left_alone(self, tmp_path: Path) -> None:
        old = SegmentStore(tmp_path)
        handle = old.write(b"rows of a bucket that has another owner")
        old.close()
        store = SegmentStore(tmp_path, keep_syncs=0)
        store.release([handle])
        store.sync()
        assert files(tmp_path) == {handle.file}


class TestBucket:
    def test_resumes_from_base_and_deltas(self, tmp_path: Path) -> None:
        bucket = Segments(tmp_path).bucket()
        bucket.put("a", b"1" * 100)
        bucket.put("b", b"2")
        bucket.snapshot()
        bucket.put("b", b"3")
        bucket.put("c", b"4")
        bucket.delete("c")
        bucket.delete("never there")
        state = bucket.snapshot()
        assert len(unpack_handles(state)) == 2
        resumed = Segments(tmp_path).bucket(state)
        assert contents(resumed) == {"a": b"1" * 100, "b": b"3"}
        assert len(resumed) == 2
        assert resumed.get("c") is None

    def test_an_old_state_is_not_changed_by_later_writes(self, tmp_path: Path) -> None:
        bucket = Segments(tmp_path).bucket()
        bucket.put("a", b"old")
        state = bucket.snapshot()
        bucket.put("a", b"new")
        bucket.snapshot()
        assert contents(Segments(tmp_path).bucket(state)) == {"a": b"old"}

    def test_a_clean_bucket_writes_nothing(self, tmp_path: Path) -> None:
        segments = Segments(tmp_path)
        bucket = segments.bucket()
        bucket.put("a", b"1")
        state = bucket.snapshot()
        size = sum(path.stat().st_size for path in tmp_path.iterdir())
        assert bucket.snapshot() == state
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) == size

    def test_all_dirty_buckets_share_one_fsync(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        segments = Segments(tmp_path)
        buckets = [segments.bucket() for _ in range(100)]
        buckets[0].put("warm", b"up")
        buckets[0].snapshot()
        calls = counted(monkeypatch)
        for bucket in buckets:
            bucket.put("a", b"1")
        for bucket in buckets:
            bucket.snapshot()
        assert len(calls) == 1

    def test_a_change_after_the_shared_flush_is_in_the_snapshot(self, tmp_path: Path) -> None:
        segments = Segments(tmp_path)
        one, two = segments.bucket(), segments.bucket()
        one.put("a", b"1")
        two.put("a", b"1")
        one.snapshot()
        two.put("a", b"2")
        assert contents(Segments(tmp_path).bucket(two.snapshot())) == {"a": b"2"}

    def test_no_state_is_shown_that_is_not_on_the_disk(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError("no space")

        bucket = Segments(tmp_path).bucket()
        bucket.put("a", b"1")
        monkeypatch.setattr(os, "fdatasync", full)
        with pytest.raises(OSError, match="no space"):
            bucket.snapshot()

    def test_many_small_deltas_are_compacted(self, tmp_path: Path) -> None:
        bucket = Segments(tmp_path, max_deltas=4).bucket()
        bucket.put("big", b"x" * 10_000)
        counts = []
        for number in range(12):
            bucket.put("small", b"%d" % number)
            counts.append(len(unpack_handles(bucket.snapshot())))
        assert max(counts) <= 6
        assert min(counts[5:]) == 1

    def test_compaction_of_many_buckets_is_spread_over_epochs(self, tmp_path: Path) -> None:
        segments = Segments(tmp_path, max_deltas=8, compact_bytes=1)
        buckets = [segments.bucket() for _ in range(5)]
        compacted = []
        for epoch in range(16):
            for bucket in buckets:
                bucket.put("big" if epoch == 0 else "small", b"x" * (1_000 if epoch == 0 else 1))
            states = [unpack_handles(bucket.snapshot()) for bucket in buckets]
            compacted.append(sum(len(handles) == 1 for handles in states))
        assert max(compacted[1:]) == 1
        assert sum(compacted[1:]) == 5

    def test_disk_use_stays_bounded(self, tmp_path: Path) -> None:
        bucket = Segments(tmp_path, max_deltas=4, store=small_files).bucket()
        for number in range(500):
            bucket.put(f"row {number % 10}", b"x" * 100)
            bucket.snapshot()
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 20_000


class TestRecovery:
    def test_a_crash_before_the_commit_and_a_second_one(self, tmp_path: Path) -> None:
        root = tmp_path / "segments"
        bucket = Segments(root).bucket()
        bucket.put("a", b"committed")
        committed = bucket.snapshot()
        recovery = recovery_partition(tmp_path / "recovery", committed)
        for _ in range(2):
            assert sweep(root, recovery) in {0, 1}
            resumed = Segments(root).bucket(committed)
            assert contents(resumed) == {"a": b"committed"}
            resumed.put("a", b"written, never committed")
            resumed.snapshot()
        assert len(files(root)) == 2
        assert sweep(root, recovery) == 1
        assert contents(Segments(root).bucket(committed)) == {"a": b"committed"}

    def test_another_number_of_workers(self, tmp_path: Path) -> None:
        workers = [Segments(tmp_path), Segments(tmp_path)]
        buckets = [workers[number % 2].bucket() for number in range(6)]
        for number, bucket in enumerate(buckets):
            bucket.put("number", b"%d" % number)
        states = [bucket.snapshot() for bucket in buckets]
        rescaled = [Segments(tmp_path) for _ in range(3)]
        moved = [rescaled[number % 3].bucket(state) for number, state in enumerate(states)]
        for bucket in moved:
            bucket.put("moved", b"yes")
        again = [bucket.snapshot() for bucket in moved]
        one = Segments(tmp_path)
        assert [contents(one.bucket(state)) for state in again] == [
            {"number": b"%d" % number, "moved": b"yes"} for number in range(6)
        ]

    def test_references_are_found_inside_other_state_without_unpickling(
        self, tmp_path: Path
    ) -> None:
        root = tmp_path / "segments"
        states = []
        for _ in range(3):
            bucket = Segments(root).bucket()
            bucket.put("a", b"1")
            states.append(bucket.snapshot())
        chance = b"a row that holds " + pack_handles([])[:8] + b"\xff\xff and little more"
        hostile = (Hostile(), chance, {"deep": [states[0]]})
        recovery = recovery_partition(tmp_path / "recovery", hostile, (states[1], None), None)
        kept = {handle.file for state in states[:2] for handle in unpack_handles(state)}
        assert referenced_files(recovery) >= kept
        assert sweep(root, recovery) == 1
        assert files(root) == kept


class TestSigned:
    """What is loaded is what a holder of the key wrote: checked before anything is decoded."""

    KEY = b"k" * 32

    @pytest.fixture
    def state(self, tmp_path: Path) -> bytes:
        bucket = Segments(tmp_path, key=self.KEY).bucket()
        bucket.put("ada", b"rows of ada")
        return bucket.snapshot()

    def test_the_key_opens_it(self, tmp_path: Path, state: bytes) -> None:
        assert contents(Segments(tmp_path, key=self.KEY).bucket(state)) == {"ada": b"rows of ada"}

    @pytest.mark.parametrize("at", [0, 20, 30, -1])
    def test_a_changed_list_of_segments_is_refused(
        self, tmp_path: Path, state: bytes, at: int
    ) -> None:
        changed = bytearray(state)
        changed[at] ^= 1
        with pytest.raises(SegmentError, match=r"not signed with this key|something else"):
            Segments(tmp_path, key=self.KEY).bucket(bytes(changed))

    def test_a_changed_segment_is_refused_whatever_the_forger_can_compute(
        self, tmp_path: Path, state: bytes
    ) -> None:
        (name,) = files(tmp_path)
        file = tmp_path / f"{name}.seg"
        forged = file.read_bytes().replace(b"ada", b"bob")
        file.write_bytes(forged)
        with pytest.raises(SegmentError, match=f"segment {name} at 0 .* not what was signed"):
            Segments(tmp_path, key=self.KEY).bucket(state)
        # With hashes of its own, but without the key.
        (handle,) = unpack_handles(state, self.KEY)
        own = pack_handles([handle._replace(tag=tag_of(forged, b""))])
        with pytest.raises(SegmentError, match="not signed with this key"):
            Segments(tmp_path, key=self.KEY).bucket(own)

    def test_another_key_and_an_older_release_are_told_apart(
        self, tmp_path: Path, state: bytes
    ) -> None:
        with pytest.raises(SegmentError, match="snapshot_key"):
            Segments(tmp_path, key=b"another").bucket(state)
        with pytest.raises(SegmentError, match="older release"):
            Segments(tmp_path, key=self.KEY).bucket(b"\x93HRSEG1\n\x00\x00")


class Hostile:
    """Fails the test when somebody unpickles it."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return pytest.fail, ("a recovery row was unpickled",)


def small_files(root: Path, key: bytes, disk: Disk | None) -> SegmentStore:
    return SegmentStore(root, roll_bytes=2_000, keep_syncs=2, key=key, disk=disk)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The descriptors that fsync and fdatasync are called with from now on."""
    calls: list[int] = []
    for name in ("fsync", "fdatasync"):
        original: Callable[[int], None] = getattr(os, name)

        def call(descriptor: int, original: Callable[[int], None] = original) -> None:
            calls.append(descriptor)
            original(descriptor)

        monkeypatch.setattr(os, name, call)
    return calls
