"""The rules of an event that its types cannot say."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import MAX_DEPTH, decode_event, encode_json, pack
from contracts.events import Event
from contracts.validation import EARLIEST_MS, LATEST_MS, MAX_PROPS, check

TIME = 1_511_544_070_000


def event(**fields: Any) -> Event:
    return Event(**{"id": "1", "type": "view", "time": TIME, "user": "ada", **fields})


def nested(levels: int) -> Any:
    tree: Any = 1
    for _ in range(levels):
        tree = {"a": tree}
    return tree


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user": None, "device": "d1"},
        {"device": "device:1"},
        {"type": "identify", "device": "d1"},
        {"type": "identify", "props": {"plan": "gold"}},
        {"type": "identify", "user": None, "device": "d", "props": {"plan": "gold"}},
        {"time": EARLIEST_MS},
        {"time": LATEST_MS - 1},
        {"user": "ada lovelace, née Byron 🙂 \u3000"},
        {"text": "two\nlines\tand a bell \x07"},
        {"value": -5.0},
        {"type": "rating", "value": 0.0},
        {"type": "rating", "value": 87.0},
        {"type": "nps", "value": 0.0},
        {"type": "nps", "value": 10.0},
        {"type": "csat", "value": 5.0},
        {"type": "csat", "value": 7.0, "props": {"scale": 7}},
        {"type": "csat", "value": 0.0, "props": {"scale": 100}},
        {"type": "like"},
        {"price": 0.0, "quantity": 0.5},
        {"props": nested(MAX_DEPTH)},
        {"props": {"a": [1, 1.5, None, True, "x", {"b": []}], "big": 2**64 - 1}},
    ],
)
def test_good_events_pass(fields: dict[str, Any]) -> None:
    assert check(event(**fields)) is None


@pytest.mark.parametrize(
    ("fields", "reason", "words"),
    [
        ({"user": None}, "no_subject", "`user`, `device`"),
        ({"type": "rating"}, "invalid", "`value`: is missing; `rating` needs a number from 0"),
        ({"type": "csat"}, "invalid", "`value`: is missing; `csat` needs a number from 1 to 5"),
        ({"type": "nps"}, "invalid", "`value`: is missing; `nps` needs a number from 0 to 10"),
        ({"type": "nps", "value": -5.0}, "invalid", "`value`: -5 is out of range; `nps`"),
        ({"type": "nps", "value": 10.5}, "invalid", "from 0 to 10"),
        ({"type": "rating", "value": -0.5}, "invalid", "`value`: -0.5 is out of range"),
        ({"type": "rating", "value": math.nan}, "invalid", "`value`"),
        ({"type": "csat", "value": 6.0}, "invalid", "`csat` needs a number from 1 to 5"),
        ({"type": "csat", "value": 8.0, "props": {"scale": 7}}, "invalid", "from 1 to 7"),
        ({"type": "csat", "value": 1.0, "props": {"scale": "7"}}, "invalid", "`props.scale`"),
        ({"user": "device:d1"}, "reserved_id", "`user`"),
        ({"type": "identify"}, "invalid", "`device`: `identify` joins"),
        ({"type": "identify", "user": None, "device": "d"}, "invalid", "`user`: `identify` joins"),
        ({"time": TIME // 1000}, "bad_time", "are these seconds?"),
        ({"time": TIME * 1000}, "bad_time", "are these microseconds?"),
        ({"time": 0}, "bad_time", "1970-01-01"),
        ({"time": LATEST_MS}, "bad_time", "2100-01-01"),
        ({"time": 253_402_300_799_000}, "bad_time", "9999-12-31"),
        ({"time": 1 << 53}, "bad_time", "`time`"),
        ({"time": -(1 << 53)}, "bad_time", "`time`"),
        ({"user": "a\x00b"}, "invalid", "`user`"),
        ({"item": "a\nb"}, "invalid", "`item`"),
        ({"site": "\ud800"}, "invalid", "`site`"),
        ({"request": "\x7f"}, "invalid", "`request`"),
        ({"text": "half \udc00"}, "invalid", "`text`"),
        ({"price": -0.01}, "invalid", "`price`"),
        ({"price": math.nan}, "invalid", "`price`"),
        ({"quantity": math.inf}, "invalid", "`quantity`"),
        ({"value": -math.inf}, "invalid", "`value`"),
        ({"props": nested(MAX_DEPTH + 1)}, "too_deep", "`props`"),
        ({"props": nested(100_000)}, "too_deep", "`props`"),
        ({"props": {"a": [0, math.nan]}}, "invalid", "`props.a[1]`: nan"),
        ({"props": {"a": {"b": math.inf}}}, "invalid", "`props.a.b`: inf"),
        ({"props": {"n": 2**64}}, "invalid", "`props.n`: an integer"),
        ({"props": {"n": -(2**63) - 1}}, "invalid", "`props.n`: an integer"),
        ({"props": {"s": "\ud83d"}}, "invalid", "`props.s`: half"),
        ({"props": {"\ud83d": [1]}}, "invalid", "`props`: the key '\\ud83d'"),
        ({"props": {7: 1}}, "invalid", "`props`: the key 7"),
        ({"props": {"t": (1, 2)}}, "invalid", "`props.t`: a tuple"),
        ({"props": {"a": [0] * MAX_PROPS}}, "invalid", "`props` holds more than"),
    ],
)
def test_bad_events_name_the_field(fields: dict[str, Any], reason: str, words: str) -> None:
    fault = check(event(**fields))
    assert fault is not None
    assert fault[0] == reason
    assert words in fault[1]
    fault[1].encode()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    user=st.none() | st.text(st.characters(), max_size=9),
    device=st.none() | st.text(st.characters(), max_size=9),
    price=st.none() | st.floats(),
    time=st.integers(-(1 << 60), 1 << 60) | st.just(TIME),
    props=st.dictionaries(st.text(st.characters()), values, max_size=4),
)
def test_what_passes_can_be_written_and_read_again(**fields: Any) -> None:
    candidate = event(**fields)
    if check(candidate) is None and candidate.user and candidate.device:
        assert decode_event(encode_json(candidate)) == candidate
        assert pack(candidate)
