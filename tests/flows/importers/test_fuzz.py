"""No content of a file makes an importer fail with anything but its own error."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.validation import check
from flows.importers import FORMATS, ImporterError, Report, catalog, detect, read
from tests.flows.importers.samples import SAMPLES, lay_out

SPECIAL = [
    *(b"", b"\x00", b"\xff", b'"', b",", b"\t", b"::", b"|", b"\n", b"\r", b"-", b"nan", b"inf"),
    *(b"1e999", b"-1", b"9" * 30, b"{", b"[" * 2_000, b"null", b"0", b"true", b"1970-01-01"),
    *(
        "\u2028\u0661\u00b2".encode(),
        b"\xed\xa0\x80",
        b"9999-12-31T23:59:59Z",
        b"0001-01-01",
        b"PAR1",
    ),
]
pieces = st.lists(st.sampled_from(SPECIAL) | st.binary(max_size=8), max_size=6).map(b"".join)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file of which a few parts were replaced, cut out, or doubled."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(whole)))
        end = min(len(whole), start + draw(st.integers(0, 30)))
        whole = whole[:start] + draw(pieces) + whole[end:]
    return whole


def survives(name: str, folder: Path) -> None:
    detect(folder)
    report = Report()
    try:
        events = list(read(name, folder, report))
    except ImporterError:
        return
    assert [check(event) for event in events] == [None] * len(events)
    assert report.lines == report.used + report.left_out.total() + report.skipped.total()
    with suppress(ImporterError):
        list(catalog(name, folder))


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60)
@given(data=st.data())
def test_damaged_samples(name: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        root = lay_out(Path(folder), name)
        file = root / data.draw(st.sampled_from(sorted(SAMPLES[name])))
        file.write_bytes(data.draw(damaged(file.read_bytes())))
        survives(name, root)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40)
@given(content=pieces)
def test_arbitrary_bytes(name: str, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        root = lay_out(Path(folder), name)
        for file in SAMPLES[name]:
            (root / file).write_bytes(content)
        survives(name, root)
        for file in SAMPLES[name]:
            detect(root / file)
