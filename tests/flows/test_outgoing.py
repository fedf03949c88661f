"""What the sinks send of refused events and of facts."""

from contracts.codec import decode_json
from contracts.decisions import Fact
from contracts.rejects import Rejected, raw_bytes, rejected
from flows.outgoing import fact_records, refused_records
from operators.messages import Ends, Facts, Refused


def refused(raw: bytes) -> Refused:
    record = rejected("malformed", "not JSON", "events.click/0/7", raw, received=5)
    return Refused("events.click/0", [record], Ends())


def test_a_refused_event_is_sent_with_its_bytes() -> None:
    (sent,) = refused_records(refused(b"{\xff"))
    assert (sent.topic, sent.key, sent.timestamp) == ("events.rejected", b"events.click/0/7", 5)
    assert sent.value is not None
    assert raw_bytes(decode_json(sent.value, Rejected)) == b"{\xff"


def test_a_giant_is_cut_so_that_kafka_takes_it() -> None:
    giant = bytes(range(256)) * 8_000
    (sent,) = refused_records(refused(giant))
    assert sent.value is not None
    assert len(sent.value) < 1_000_000
    record = decode_json(sent.value, Rejected)
    assert giant.startswith(raw_bytes(record))
    assert "the first 525,000 bytes of about 2,048,0" in record.detail


def test_facts_of_a_user_share_a_key() -> None:
    facts = [Fact(id=str(n), site="shop", user="ada", name="stage", time=n) for n in range(2)]
    first, second = fact_records(Facts(facts))
    assert first.key == second.key == b"shop/u/ada"
    assert (first.topic, second.timestamp) == ("facts", 1)
