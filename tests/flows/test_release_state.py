"""State of the last release is read; of another one, and what cannot be read, refused in words."""

import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from flows.failures import HOPELESS, explained
from flows.segment_files import MAGIC, MARK, SegmentError, unpack_handles
from operators.profile import Profiles
from tests.flows.writing_state import AFTER, BEFORE, run

RELEASES = sorted(Path(__file__).with_name("releases").glob("*.zip"))


def unpacked(release: Path, folder: Path) -> Path:
    with ZipFile(release) as archive:
        archive.extractall(folder)
    return folder


def people(views: dict[tuple[str, str, str], bytes | None]) -> dict[str, bytes | None]:
    return {id_: value for (kind, _, id_), value in views.items() if kind == "profile"}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_the_state_of_a_release_goes_on_as_if_nothing_had_been(
    release: Path, tmp_path: Path
) -> None:
    resumed = people(run(unpacked(release, tmp_path / "old"), AFTER))
    run(tmp_path / "new", BEFORE)
    unbroken = people(run(tmp_path / "new", AFTER))
    assert len(resumed) > 10
    assert resumed == unbroken


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever the engine makes of it
        action()
    known = explained(caught.value)
    assert known is not None, repr(caught.value)
    assert known[1] == HOPELESS, "trying again is useless"
    return known[0]


@pytest.mark.parametrize("cluster", [False, True])
def test_what_this_release_cannot_read_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: bool
) -> None:
    old = unpacked(RELEASES[-1], tmp_path / "old")
    shutil.copytree(old, tmp_path / "damaged")
    for file in (tmp_path / "damaged" / "state" / "profile").iterdir():
        file.write_bytes(file.read_bytes()[:-1] + b"!")
    told = refusal(lambda: run(tmp_path / "damaged", AFTER, cluster))
    assert "is damaged, or was changed by something else" in told

    def other(self: object, parts: list[bytes]) -> None:
        raise ValueError("expected 3 fields, got 2")

    monkeypatch.setattr(Profiles, "load", other)
    told = refusal(lambda: run(old, AFTER, cluster))
    assert "holds what this release cannot read (ValueError('expected 3 fields, got 2'))" in told
    assert "go back to the release that wrote it" in told


def test_the_state_of_a_newer_release_is_refused_in_words() -> None:
    newer = MARK + bytes([MAGIC[len(MARK)] + 1]) + b"\n" + b"something"
    with pytest.raises(SegmentError, match="of a newer release; go back to the release"):
        unpack_handles(newer)
