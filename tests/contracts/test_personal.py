"""Personal fields are tagged, and kept out of logs."""

import importlib
import io
import logging
import pkgutil
from collections.abc import Iterator

import pytest
from msgspec import Struct

import contracts
from contracts.events import Event
from contracts.personal import NAMES, Scrubbing, is_personal, scrubbed

NOT_OF_PEOPLE = {
    ("Offer", "text"): "what a shop offers",
    ("Item", "props"): "of an item",
    ("Profile", "session"): "counts of a visit",
}


def structs() -> Iterator[type[Struct]]:
    for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
        for found in vars(importlib.import_module(module.name)).values():
            is_struct = isinstance(found, type) and issubclass(found, Struct)
            if is_struct and found.__module__ == module.name:
                yield found


def test_every_field_that_is_called_like_one_is_tagged() -> None:
    found = [(one, name) for one in structs() for name in one.__struct_fields__ if name in NAMES]
    assert len(found) > 15, "the walk found hardly any"
    untagged = [
        f"{one.__name__}.{name}"
        for one, name in found
        if not is_personal(one, name) and (one.__name__, name) not in NOT_OF_PEOPLE
    ]
    assert not untagged, "tag them (contracts/personal.py), or say here why they are not of people"


def test_every_tagged_field_is_taken_out_of_logs_by_its_name() -> None:
    unknown = [
        f"{one.__name__}.{name}"
        for one in structs()
        for name in one.__struct_fields__
        if is_personal(one, name) and name not in NAMES and name != "id"
    ]
    assert not unknown


@pytest.mark.parametrize(
    "line",
    [
        "{0!r}",
        '{{"user": "kanari", "props": {{"email": "kanari"}}, "query": "kan\\"ari kanari"}}',
        'b\'{{"userId":"kanari","anonymousId":"kanari"}}\'',
        "mail to kanari@example.com",
    ],
)
def test_a_line_says_nothing_of_a_person(line: str) -> None:
    event = Event(
        id="e1",
        type="search",
        time=1,
        user="kanari",
        device="kanari",
        session="kanari",
        query="it's kanari",
        text='say "kanari"',
        order="kanari",
        props={"name": "kanari"},
    )
    said = scrubbed(line.format(event))
    assert "kanari" not in said, said
    assert "kanari" in line.format(event)


def test_a_traceback_is_scrubbed_too() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Scrubbing("%(levelname)s %(message)s"))
    logger = logging.Logger("of this test")
    logger.addHandler(handler)
    try:
        raise ValueError("user='kanari' is not known")
    except ValueError:
        logger.exception("of %s", "kanari@example.com")
    assert "kanari" not in stream.getvalue()
    assert "Traceback" in stream.getvalue()
