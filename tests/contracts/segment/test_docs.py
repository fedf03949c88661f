"""docs/events.md shows the tables that are in force."""

import re
from itertools import takewhile
from pathlib import Path

from contracts.events import CLICK_TYPES, FEEDBACK_TYPES, Event
from contracts.segment import tables

PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading."""
    section = PAGE.split(f"\n{heading}\n", 1)[1]
    lines = section[section.index("\n|") :].strip().splitlines()
    table = list(takewhile(bool, lines))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_names_of_track_calls() -> None:
    shown = {
        name: tables.Rule(names(type_)[0], by_line == "yes")  # type: ignore[arg-type]
        for heading in ("### Names of track calls", "### Google Analytics 4")
        for cell, type_, by_line in rows(heading)
        for name in names(cell)
    }
    assert {name: tables.rule_of(name) for name in shown} == shown
    own = CLICK_TYPES | FEEDBACK_TYPES
    assert {name for name in tables.NAMES if name not in own} == {n for n in shown if n not in own}


def test_properties() -> None:
    shown = {name for cell, _ in rows("### Properties") for name in names(cell)}
    read = {
        name
        for fields in (
            tables.ITEM_FIELDS,
            tables.LINK_FIELDS,
            tables.MESSAGE_FIELDS,
            *tables.TYPE_FIELDS.values(),
        )
        for sources in fields.values()
        for name in sources
    }
    assert shown >= read | {*tables.ORDER_AMOUNT, *tables.RENAMED}


def test_consent() -> None:
    shown = {
        name.casefold(): names(purpose)[0]
        for cell, purpose in rows("### Consent")
        for name in names(cell)
    }
    assert shown == tables.CONSENT


def test_fields_of_an_event() -> None:
    shown = {name for cell, *_ in rows("## The event") for name in names(cell)}

    assert shown == set(Event.__struct_fields__)
