"""Bytes to contracts and back: nothing is lost, nothing is guessed, nothing else is raised."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct

from contracts import json_schema
from contracts.codec import (
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    UPGRADES,
    VERSIONS,
    DecodeError,
    decode_event,
    decode_json,
    depth,
    dump_json,
    encode_json,
    load_json,
    pack,
    unpack_profile,
    unpack_standing,
)
from contracts.decisions import DECISION_VERSION, Score, Standing
from contracts.events import Event, Item
from contracts.profile import PROFILE_VERSION, Profile
from contracts.rejects import Rejected, rejected
from tests.contracts.records import JSON_RECORDS, events, ids, profiles, trees

EVENT = b'{"id":"1","type":"view","time":1511544070000,"user":"ada"'


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


# --- round trips


@given(events)
def test_an_event_is_the_same_after_a_round_trip(event: Event) -> None:
    raw = encode_json(event)
    assert b"\n" not in raw
    assert decode_event(raw) == event


@given(st.data())
@pytest.mark.parametrize("type_", JSON_RECORDS, ids=lambda type_: type_.__name__)
def test_every_record_is_the_same_after_a_round_trip(type_: type[Struct], data: Any) -> None:
    record = data.draw(JSON_RECORDS[type_])
    assert decode_json(encode_json(record), type_) == record


@given(profiles)
def test_a_packed_profile_is_the_same_after_a_round_trip(profile: Profile) -> None:
    assert unpack_profile(pack(profile)) == profile


@given(ids, st.floats(allow_nan=False))
def test_a_packed_standing_is_the_same_after_a_round_trip(id_: str, value: float) -> None:
    scores = {"intent": Score("intent", value, 7, 2)}
    standing = Standing(DECISION_VERSION, "shop", id_, 5, scores, "s1", 4, {"stage": "new"})
    assert unpack_standing(pack(standing)) == standing


@given(trees)
def test_a_tree_is_the_same_after_a_round_trip(tree: Any) -> None:
    assert load_json(dump_json(tree)) == tree


# --- what is refused


@pytest.mark.parametrize(
    ("raw", "reason", "words"),
    [
        (b"", "malformed", "not valid JSON"),
        (b"{", "malformed", "not valid JSON"),
        (EVENT, "malformed", "not valid JSON"),
        (EVENT + b"}}", "malformed", "not valid JSON"),
        (EVENT + b',"user":"\xff"}', "malformed", f"not UTF-8: byte {len(EVENT) + 10} is 0xff"),
        (EVENT + b',"price":NaN}', "malformed", "`price`: NaN is no number in JSON"),
        (EVENT + b',"price":1e999}', "invalid", "price"),
        (EVENT + b',"price":-1}', "invalid", "`price`: expected a number of at least 0"),
        (EVENT + b',"time":"now"}', "invalid", "`time`: expected a whole number, got text"),
        (EVENT + b',"type":"glance"}', "invalid", "`type`: there is no such value as 'glance'"),
        (EVENT + b',"item":""}', "invalid", "`item`: expected text of at least 1 character"),
        (EVENT + b',"consent":["all"]}', "invalid", "`consent[0]`: there is no such value"),
        (b'{"type":"view","time":1}', "invalid", "`id`: is missing"),
        (b"[]", "invalid", "expected an object, got a list"),
        (b"null", "invalid", "expected an object, got null"),
        (b'{"id":7,"user":"\xff"}', "invalid", "`id`: expected text"),
        (EVENT + b',"v":0}', "invalid", "`v`: expected a whole number of at least 1"),
        (EVENT + b',"v":"1"}', "invalid", "`v`: expected a whole number, got text"),
        (EVENT + b',"v":null}', "invalid", "`v`: expected a whole number, got null"),
        (EVENT + b',"text":"' + b"a" * MAX_EVENT_BYTES + b'"}', "too_large", "at most 32,768"),
        (EVENT + b',"text":"' + b"a" * 1_000_000 + b'"}', "too_large", "1,000,0"),
        (EVENT + b',"props":' + nested(MAX_DEPTH + 1) + b"}", "too_deep", "16 levels"),
        (EVENT + b',"props":' + nested(5_000) + b"}", "too_deep", "16 levels"),
        (EVENT + b',"other":' + nested(5_000) + b"}", "too_deep", "16 levels"),
        (b'{"id":7,"other":' + nested(5_000) + b"}", "too_deep", "16 levels"),
        (b'{"v":2,"other":' + nested(5_000) + b"}", "too_deep", "16 levels"),
    ],
)
def test_a_bad_event_is_refused_with_a_reason_in_words(raw: bytes, reason: str, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_event(raw)
    assert caught.value.reason == reason
    assert words in caught.value.detail
    assert str(caught.value) == caught.value.detail


def test_the_limits_themselves_are_taken() -> None:
    deepest = EVENT + b',"props":' + nested(MAX_DEPTH) + b"}"
    assert depth(decode_event(deepest).props) == MAX_DEPTH
    room = MAX_EVENT_BYTES - len(EVENT) - len(b',"props":{"a":""}}')
    longest = EVENT + b',"props":{"a":"' + b"a" * room + b'"}}'
    assert len(longest) == MAX_EVENT_BYTES
    assert len(decode_event(longest).props["a"]) == room


pieces = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"-", b"\xff", b"\x00", b"\\ud800"),
        *(b"1e999", b"NaN", b"null", b"9" * 400, b'"v":2', b'"id":', EVENT),
        *(b"[" * 3_000, b'{"a":' * 2_000),
    ]
)


@given(st.binary(max_size=60) | st.lists(pieces, max_size=12).map(b"".join))
@example(b'{"id":7,"x":' + b"[" * 5_000)
def test_bytes_become_an_event_or_a_reason_and_nothing_else(raw: bytes) -> None:
    for decode in (decode_event, lambda r: decode_json(r, Item), load_json):
        reason = _refusal(decode, raw)
        assert reason is None or reason.detail.encode()


@given(st.binary(max_size=60), profiles, st.integers(0, 200))
def test_packed_bytes_become_a_profile_or_a_reason(
    noise: bytes, profile: Profile, cut: int
) -> None:
    for raw in (noise, pack(profile)[:cut], noise + pack(profile)):
        for unpack in (unpack_profile, unpack_standing):
            reason = _refusal(unpack, raw)
            assert reason is None or reason.reason in {"invalid", "newer_version"}


@given(st.integers(0, 40), st.booleans())
def test_depth_counts_what_nests_and_stops_beyond_the_limit(levels: int, lists: bool) -> None:
    tree: Any = 1
    for _ in range(levels):
        tree = [tree, 2] if lists else {"a": tree, "b": 2}
    assert depth(tree) == min(levels, MAX_DEPTH + 1)
    assert depth(tree, limit=40) == levels


def test_a_trait_has_one_spelling_in_bytes() -> None:
    traits: dict[str, str | float | bool] = {"visits": 2, "spent": 2.0, "vip": True, "name": "Ada"}
    packed = pack(Profile(PROFILE_VERSION, "shop", "ada", traits=traits))
    assert pack(unpack_profile(packed)) == packed, "a flow that resumes writes other bytes"


# --- versions


def test_every_record_that_names_its_version_is_known() -> None:
    versioned = {t for t in json_schema.contracts().values() if "v" in t.__struct_fields__}
    packed = {t for t in versioned if t.__struct_config__.array_like}
    assert versioned - packed == set(VERSIONS)
    for type_ in versioned - packed:
        (field,) = [f for f in msgspec.structs.fields(type_) if f.name == "v"]
        assert field.default == VERSIONS[type_]


def test_every_older_version_has_an_upgrade() -> None:
    steps = {(type_, v) for type_, newest in VERSIONS.items() for v in range(1, newest)}
    assert set(UPGRADES) == steps


@pytest.mark.parametrize("type_", VERSIONS, ids=lambda type_: type_.__name__)
@pytest.mark.parametrize("readable", [True, False])
def test_a_newer_version_is_refused_and_says_what_to_do(
    type_: type[Struct], readable: bool
) -> None:
    # Whether or not this version could make sense of its fields: they may mean something else.
    fields = msgspec.to_builtins(_example(type_)) if readable else {"id": ["of", "the", "future"]}
    raw = dump_json({**fields, "v": VERSIONS[type_] + 1})
    with pytest.raises(DecodeError, match=r"reads up to 1\. Upgrade Headrace") as caught:
        decode_event(raw) if type_ is Event else decode_json(raw, type_)
    assert caught.value.reason == "newer_version"


@pytest.mark.parametrize(
    ("unpack", "record"),
    [
        (unpack_profile, Profile(PROFILE_VERSION + 1, "shop", "ada")),
        (unpack_standing, Standing(DECISION_VERSION + 1, "shop", "ada")),
    ],
)
def test_a_newer_packed_record_is_refused(unpack: Any, record: Struct) -> None:
    with pytest.raises(DecodeError, match="schema version 2; this Headrace reads up to 1"):
        unpack(pack(record))


def test_a_packed_record_of_an_older_version_reads_with_defaults() -> None:
    older = [PROFILE_VERSION, "shop", "ada", 5]
    assert unpack_profile(pack(older)) == Profile(PROFILE_VERSION, "shop", "ada", first_seen=5)
    longer = [*msgspec.to_builtins(Profile(PROFILE_VERSION, "shop", "ada")), "appended later"]
    assert unpack_profile(pack(longer)) == Profile(PROFILE_VERSION, "shop", "ada")


@pytest.fixture(params=[Event, Item])
def third_version(request: Any, monkeypatch: pytest.MonkeyPatch) -> type[Struct]:
    """A type that is in its third version: `who` became `name`, and `name` became `id`."""
    type_: type[Struct] = request.param
    monkeypatch.setitem(VERSIONS, type_, 3)
    monkeypatch.setitem(UPGRADES, (type_, 1), lambda t: _renamed(t, "who", "name"))
    monkeypatch.setitem(UPGRADES, (type_, 2), lambda t: _renamed(t, "name", "id"))
    return type_


@pytest.mark.parametrize("written", [1, 2, 3])
def test_an_older_record_is_upgraded_step_by_step(third_version: Any, written: int) -> None:
    fields = {"type": "view", "time": 7, "user": "ada", "props": {"kept": [1]}}
    named = {1: "who", 2: "name", 3: "id"}[written]
    raw = dump_json({**fields, named: "e1", "v": written})
    record = decode_event(raw) if third_version is Event else decode_json(raw, Item)
    assert (record.id, record.time, record.props, record.v) == ("e1", 7, {"kept": [1]}, 3)


def test_a_record_without_a_version_is_of_the_first(third_version: Any) -> None:
    raw = dump_json({"who": "e1", "type": "view", "time": 7})
    assert decode_json(raw, third_version).v == 3


def test_an_upgrade_that_leaves_a_field_wrong_is_a_reason(third_version: Any) -> None:
    raw = dump_json({"who": 7, "type": "view", "time": 7})
    with pytest.raises(DecodeError, match="`id`: expected text, got a whole number"):
        decode_json(raw, third_version)


def test_an_upgraded_event_keeps_to_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERSIONS, Event, 2)
    monkeypatch.setitem(UPGRADES, (Event, 1), dict)
    with pytest.raises(DecodeError, match="`props` is nested deeper"):
        decode_event(EVENT + b',"props":' + nested(MAX_DEPTH + 1) + b"}")


def _refusal(decode: Callable[[bytes], Any], raw: bytes) -> DecodeError | None:
    try:
        decode(raw)
    except DecodeError as error:
        return error
    return None


def _renamed(tree: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in tree.items()}


def _example(type_: type[Struct]) -> Struct:
    if type_ is Rejected:
        return rejected("malformed", "not JSON", "events.click/0/7", b"{")
    tree = {"event": "1", "id": "1", "type": "view", "time": 1, "site": "s", "user": "u"}
    names = {"name": "n", "request": "r", "kind": "k", "campaign": "c"}
    rest = {"items": [], "size": 1, "share": 0.5, "version": 1}
    known = {**tree, **names, **rest}
    made = msgspec.convert({n: v for n, v in known.items() if n in type_.__struct_fields__}, type_)
    assert decode_json(encode_json(made), type_) == made
    return made
