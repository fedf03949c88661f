"""Triggers travel as CloudEvents that others can read."""

import json
from datetime import datetime

import pytest
from hypothesis import given

from contracts.cloudevents import HOLDOUT_TYPE, TRIGGER_TYPE, decode_trigger, encode_trigger
from contracts.codec import DecodeError
from contracts.decisions import Trigger
from tests.contracts.records import triggers


@given(triggers)
def test_a_trigger_comes_back_as_it_was(trigger: Trigger) -> None:
    assert decode_trigger(encode_trigger(trigger)) == trigger


@given(triggers)
def test_what_we_write_has_what_the_specification_asks_for(trigger: Trigger) -> None:
    event = json.loads(encode_trigger(trigger))
    assert event["specversion"] == "1.0"
    assert event["id"] == trigger.id
    assert event["type"] == (HOLDOUT_TYPE if trigger.holdout else TRIGGER_TYPE)
    assert event["subject"] == trigger.user
    assert event["source"].isascii()
    assert datetime.fromisoformat(event["time"]).tzinfo is not None


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[]", b'{"id": "1"}'])
def test_what_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError, match="no CloudEvent with a trigger"):
        decode_trigger(raw)


@given(triggers)
def test_another_type_is_refused(trigger: Trigger) -> None:
    raw = encode_trigger(trigger)
    other = raw.replace(b'"headrace.', b'"other.', 1)
    with pytest.raises(DecodeError, match=r"type 'other\."):
        decode_trigger(other)
