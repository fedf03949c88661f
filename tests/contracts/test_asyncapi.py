"""The AsyncAPI document against the official schema, and against what really lies on the topics."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings

from contracts.asyncapi import CHANNELS, KAFKA, PAYLOADS, document
from contracts.campaigns import CampaignVersion, encode_version
from contracts.clock_records import clock_record
from contracts.cloudevents import encode_trigger
from contracts.codec import encode_json
from contracts.decisions import Trigger
from contracts.erasures import Erasure, encode_erasure
from contracts.keys import TOPICS
from tests.contracts.records import JSON_RECORDS

OFFICIAL = json.loads((Path(__file__).with_name("asyncapi") / "3.0.0.json").read_text())
DOCUMENT = document()


def faults(found: Any) -> list[str]:
    validator = jsonschema.Draft7Validator(OFFICIAL)
    return [
        f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(found)
    ]


def payload(name: str) -> Any:
    """A validator of one message's payload."""
    whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return jsonschema.Draft7Validator(whole)


def test_it_is_an_asyncapi_document() -> None:
    assert faults(DOCUMENT) == []


def test_the_official_schema_would_notice_a_mistake() -> None:
    broken = document()
    broken["operations"]["clicks"]["action"] = "takes"
    assert faults(broken)
    broken = document()
    del broken["channels"]["clicks"]["address"]
    broken["channels"]["clicks"]["adress"] = "events.click"
    assert faults(broken)


def test_every_topic_has_a_channel_and_every_reference_leads_somewhere() -> None:
    assert sorted(str(one.address) for one in CHANNELS if one.server == KAFKA) == sorted(TOPICS)
    assert DOCUMENT["operations"].keys() == DOCUMENT["channels"].keys()
    for part in json.dumps(DOCUMENT).split('"$ref": "#/')[1:]:
        found: Any = DOCUMENT
        for step in part.partition('"')[0].split("/"):
            found = found[step]


def test_examples_are_messages() -> None:
    messages = DOCUMENT["components"]["messages"]
    shown = {name: one["examples"] for name, one in messages.items() if "examples" in one}
    assert {"Event", "Item", "CloudEvent"} <= shown.keys()
    for name, examples in shown.items():
        for example in examples:
            payload(name).validate(example["payload"])


@pytest.mark.parametrize("name", sorted(PAYLOADS.keys() & {t.__name__ for t in JSON_RECORDS}))
def test_whatever_we_write_is_as_described(name: str) -> None:
    described = payload(name)
    [made] = [made for type_, made in JSON_RECORDS.items() if type_.__name__ == name]

    @settings(max_examples=30)
    @given(made)
    def check(record: msgspec.Struct) -> None:
        described.validate(json.loads(encode_json(record)))

    check()


def test_what_lies_on_control_and_between_events_is_as_described() -> None:
    version = CampaignVersion(site="shop", id="cart", version=1, time=7, campaign={"name": "x"})
    payload("CampaignVersion").validate(json.loads(encode_version(version)))
    gone = Erasure(site="shop", who="w", time=7, until=9)
    payload("Erasure").validate(json.loads(encode_erasure(gone)))
    payload("ClockRecord").validate(json.loads(clock_record(7)))


@settings(max_examples=30)
@given(JSON_RECORDS[Trigger])
def test_triggers_are_cloud_events_as_described(trigger: Trigger) -> None:
    payload("CloudEvent").validate(json.loads(encode_trigger(trigger)))


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(jsonschema.ValidationError):
        payload("Event").validate({"id": "1", "type": "stare", "time": 1})
    with pytest.raises(jsonschema.ValidationError):
        payload("CloudEvent").validate({"id": "1"})
