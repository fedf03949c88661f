"""The exported schemas take what we write, and refuse what we refuse."""

import inspect
import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.protocols import Validator
from msgspec import Struct

from contracts.codec import encode_json
from contracts.events import Event
from contracts.json_schema import DIALECT, MODULES, all_schemas, contracts, schema
from contracts.profile import Profile
from contracts.rejects import rejected
from tests.contracts.records import JSON_RECORDS, events, profiles

GOOD = {"id": "1", "type": "view", "time": 1_511_544_070_000, "user": "ada"}


def validator(type_: type[Struct]) -> Validator:
    made: Validator = jsonschema.Draft202012Validator(schema(type_))
    return made


def test_every_struct_of_the_contracts_is_exported() -> None:
    defined = {
        name
        for module in MODULES
        for name, type_ in vars(module).items()
        if inspect.isclass(type_) and issubclass(type_, Struct) and type_ is not Struct
    }
    assert set(contracts()) == defined
    assert set(all_schemas()["$defs"]) == defined


@pytest.mark.parametrize("name", contracts())
def test_each_schema_is_one_and_complete_in_itself(name: str) -> None:
    exported = schema(contracts()[name])
    assert exported["$schema"] == DIALECT
    jsonschema.Draft202012Validator.check_schema(exported)
    text = json.dumps(exported)
    references = [part.partition('"')[0] for part in text.split('"$ref": "')[1:]]
    assert all(r.removeprefix("#/$defs/") in exported["$defs"] for r in references)


def test_the_document_of_all_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(all_schemas())


@given(st.data())
@pytest.mark.parametrize("type_", JSON_RECORDS, ids=lambda type_: type_.__name__)
def test_what_we_write_is_valid(type_: type[Struct], data: Any) -> None:
    validator(type_).validate(json.loads(encode_json(data.draw(JSON_RECORDS[type_]))))


def test_a_refused_record_is_valid() -> None:
    record = rejected("invalid", "`price`: negative", "http:/v1/batch[3]", b"\xff", 7, "shop")
    validator(type(record)).validate(json.loads(encode_json(record)))


@given(profiles)
def test_a_profile_is_valid_as_the_array_that_it_is(profile: Profile) -> None:
    validator(Profile).validate(json.loads(msgspec.json.encode(profile)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": 7},
        {"id": "a" * 257},
        {"type": "glance"},
        {"time": "now"},
        {"time": 1 << 60},
        {"price": -1},
        {"currency": "eur"},
        {"position": -1},
        {"consent": ["everything"]},
        {"props": []},
        {"v": 0},
    ],
)
def test_schema_and_decoder_refuse_the_same(wrong: dict[str, Any]) -> None:
    tree = {**GOOD, **wrong}
    assert not validator(Event).is_valid(tree)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(tree, Event)


@pytest.mark.parametrize("field", ["id", "type", "time"])
def test_what_every_event_needs_is_required(field: str) -> None:
    tree = {name: value for name, value in GOOD.items() if name != field}
    assert validator(Event).is_valid(GOOD)
    assert not validator(Event).is_valid(tree)


@given(events, st.text(max_size=5))
def test_unknown_fields_are_allowed_as_the_decoder_allows_them(event: Event, name: str) -> None:
    tree = {f"x-{name}": 1, **json.loads(encode_json(event))}
    validator(Event).validate(tree)
    assert msgspec.convert(tree, Event) == event
