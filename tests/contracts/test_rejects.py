"""A refused record keeps its bytes exactly, whatever they are, and says why in known words."""

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import decode_json, encode_json
from contracts.rejects import REJECT_VERSION, Rejected, RejectReason, raw_bytes, rejected
from tests.contracts.records import texts

reasons = st.sampled_from(get_args(RejectReason))


@given(reasons, texts, texts, st.binary(), st.integers(0, 1 << 53), st.none() | texts)
def test_a_refused_record_is_the_same_after_a_round_trip(
    reason: Any, detail: str, origin: str, raw: bytes, received: int, site: str | None
) -> None:
    record = rejected(reason, detail, origin, raw, received, site)
    again = decode_json(encode_json(record), Rejected)
    assert again == record
    assert raw_bytes(again) == raw
    assert (again.reason, again.detail, again.origin) == (reason, detail, origin)
    assert (again.received, again.site, again.v) == (received, site, REJECT_VERSION)


def test_bytes_that_are_no_text_are_kept() -> None:
    for raw in (b"", b"\xff\xfe", bytes(range(256)), b'{"a": "' + b"a" * 1_000_000):
        assert raw_bytes(rejected("malformed", "?", "file.jsonl:1", raw)) == raw
