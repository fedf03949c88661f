"""Batches of records, as they cross processes."""

import pickle
import pickletools

from hypothesis import given
from hypothesis import strategies as st

from flows.records import Raw, RawBatch

records = st.builds(
    Raw,
    st.binary(max_size=40),
    st.integers(0, 1 << 53),
    st.sampled_from(["events.click/0/", "a b.jsonl:"]),
    st.integers(0, 1 << 53),
    st.integers(0, 1 << 53),
)
batches = st.builds(
    RawBatch,
    st.text(max_size=10),
    st.none() | st.integers(0, 1 << 53),
    st.none() | st.integers(0, 1 << 53),
    st.lists(records, max_size=5),
    st.booleans(),
)


@given(batches)
def test_a_batch_survives_a_pickle(batch: RawBatch) -> None:
    assert pickle.loads(pickle.dumps(batch)) == batch


def test_a_batch_is_pickled_as_one_string_of_bytes() -> None:
    counts = [
        len(list(pickletools.genops(pickle.dumps(RawBatch("p", 0, 0, [record] * count)))))
        for record in [Raw(b"x" * 10, 0, "p/", 7)]
        for count in (1, 1_000)
    ]
    assert counts[0] == counts[1]


def test_an_origin_names_the_place_of_a_record() -> None:
    assert Raw(b"", 0, "events.click/3/", 12).origin == "events.click/3/12"
    assert Raw(b"", 0, "a.jsonl:", 12).origin == "a.jsonl:12"
