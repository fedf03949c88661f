"""Campaigns are checked field by field."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.campaigns import (
    Campaign,
    CampaignError,
    CampaignVersion,
    decode_version,
    encode_version,
    millis,
    read_campaign,
)
from contracts.codec import DecodeError
from contracts.templates import TEMPLATES

GOOD = {"id": "c", "name": "C", "condition": "profile.orders >= 1"}


def fault(**changes):
    with pytest.raises(CampaignError) as caught:
        read_campaign({**GOOD, **changes})
    return caught.value.faults[0]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_makes_a_campaign_that_is_written_as_it_was(name):
    given = {"id": name, "name": name, "template": name}
    campaign = read_campaign(given)
    assert campaign.type == name
    assert read_campaign(campaign.as_dict()) == campaign
    assert "condition" not in campaign.as_dict()


def test_what_was_said_is_not_undone_by_a_template_s_defaults():
    given = {"id": "c", "name": "C", "template": "complaint", "cooldown": "1d"}
    campaign = read_campaign({**given, "consent": ["marketing"]})
    again = read_campaign(campaign.as_dict())
    assert again == campaign
    assert (again.consent, again.cooldown) == (["marketing"], "1d")


def test_a_template_takes_its_own_parameters_and_no_others():
    given = {"id": "v", "name": "V", "template": "vip"}
    assert read_campaign({**given, "with": {"value": 5}}).conditions == ["profile.monetary >= 5.0"]
    for parameters, field in (
        ({"valu": 5}, "with.valu"),
        ({"value": "5' || true || 'x"}, "with.value"),
        ({"value": True}, "with.value"),
        ({"value": float("nan")}, "with.value"),
        ("x", "with"),
    ):
        with pytest.raises(CampaignError) as caught:
            read_campaign({**given, "with": parameters})
        assert caught.value.faults[0]["field"] == field
    quoted = {"id": "v", "name": "V", "template": "cart_abandoned", "with": {"after": "1h') ||"}}
    with pytest.raises(CampaignError, match=r"with.after: .* is no duration"):
        read_campaign(quoted)


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("id", "a b", r"expected 1 to 64 letters, digits, .* got 'a b'"),
        ("name", "", "expected at least 1 character, got 0"),
        ("condition", "profile.order > 1", "line 1, column 1: .*did you mean `profile.orders`"),
        ("condition", [], "at least 1 value"),
        ("condition", ["profile.orders > 1"] * 101, "at most 100 values"),
        ("audience", "event.type == 'view'", "of one moment only"),
        ("template", "cart_abandon", "did you mean `cart_abandoned`"),
        ("cooldown", "soon", "no duration"),
        ("cooldown", 5, "no duration"),
        ("holdout", 2, "a number of at most 0.9, got 2"),
        ("start", "2026-01-01T00:00:00", r"says no time zone: add `Z`"),
        ("consent", ["sales"], "expected `personalization` or `marketing`, got 'sales'"),
        ("send", {"text": "x" * 9_000}, "at most 8,192"),
        ("variants", {"a": 0}, "a number above 0, got 0"),
        ("holdot", 0.1, "did you mean `holdout`"),
        ("colour", "red", "no such field; there are: id, name, template, with, condition, "),
        ("caps", [{"counts": 3, "per": "1d"}], "is missing"),
        ("caps", [{"count": 3, "per": "1d", "x": 1}], "no such field; there are: count, per"),
        ("caps", {"count": 3}, "expected a list, got an object"),
        ("quiet_hours", {"from": "9", "to": "10:00"}, "a clock time from `00:00` .* got '9'"),
        ("quiet_hours", {"from": "09:00", "to": "10:00", "then": "skip"}, "`wait` or `drop`"),
        ("quiet_hours", "22:00", "expected an object with fields, got '22:00'"),
        ("start", "soon", "expected a time as in `2026-05-04T12:00:00Z`, got 'soon'"),
        ("start", "2026", "expected a time as in"),
        ("end", 1_800_000_000, "expected a time as in"),
        ("enabled", "perhaps", "expected true or false, got 'perhaps'"),
        ("priority", 1.5, "expected a whole number, got 1.5"),
        ("condition", 5, "expected text, or a list of texts, got 5"),
        ("condition", [5], "expected text, got 5"),
        ("send", "hello", "expected an object with names and values, got 'hello'"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(field, value, detail):
    given = fault(**{field: value})
    assert given["field"].startswith(field)
    assert re.search(detail, given["detail"])


LIMITS = (
    *("minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems"),
    *("maxProperties", "enum", "const"),
)


def limits_of(schema, definitions):
    """Yield the bounds and choices of a field, and of what lies in it."""
    for name, value in schema.items():
        if name in LIMITS:
            yield from value if isinstance(value, list) else [value]
        elif name == "$ref":
            yield from limits_of(definitions[value.rpartition("/")[2]], definitions)
        elif isinstance(value, dict):
            yield from limits_of(value, definitions)
        elif isinstance(value, list):
            for part in value:
                yield from limits_of(part, definitions) if isinstance(part, dict) else ()


def test_the_page_has_every_field_with_its_limits():
    page = (Path(__file__).parents[2] / "docs/campaigns.md").read_text("utf-8")
    table = page.partition("## Fields\n")[2].partition("\n## ")[0]
    rows = {
        name: cells[3]
        for cells in (row.split("|") for row in table.splitlines() if row.startswith("| `"))
        for name in re.findall(r"\w+", cells[1])
    }
    schema = Campaign.model_json_schema()
    assert set(rows) == set(schema["properties"])
    for name, field in schema["properties"].items():
        said = set(re.findall(r"[\w-]+(?:[.,]\d+)*", rows[name]))
        wanted = {
            limit if isinstance(limit, str) else f"{limit:,.12g}".removesuffix(".0")
            for limit in limits_of(field, schema["$defs"])
        }
        assert wanted <= said, (name, wanted - said)


def test_the_place_of_a_condition_is_given_apart():
    assert fault(condition=["segment == 'a'", "segment ==\n 3"]) == {
        "field": "condition.1",
        "detail": "line 1, column 9: `==` cannot stand between a text and a number",
        "line": 1,
        "column": 9,
        "snippet": "segment ==\n        ^",
    }


def test_several_faults_are_all_said():
    with pytest.raises(CampaignError) as caught:
        read_campaign(
            {
                "caps": [{"count": 0, "per": "1d"}],
                "quiet_hours": {"from": "25:00", "to": "08:00", "zone": "Mars"},
            }
        )
    fields = {one["field"] for one in caught.value.faults}
    assert fields == {
        *("id", "name", "condition", "caps.0.count", "quiet_hours.from", "quiet_hours.zone"),
    }
    with pytest.raises(CampaignError) as caught:
        read_campaign({**GOOD, "condition": "profile.order > 1 && scor.x > 2", "holdot": 1})
    assert [(one["field"], one.get("column")) for one in caught.value.faults] == [
        *(("condition", 1), ("condition", 22), ("holdot", None)),
    ]
    parameters = {"valu": 5, "after": "soon", "colour": "red"}
    with pytest.raises(CampaignError) as caught:
        read_campaign({"id": "c", "template": "cart_abandoned", "with": parameters})
    assert {one["field"] for one in caught.value.faults} == {
        *("with.valu", "with.after", "with.colour", "name"),
    }


def test_it_ends_after_it_starts():
    times = {"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00+01:00"}
    assert fault(**times)["field"] == "end"
    campaign = read_campaign({**GOOD, "start": "2026-02-01T01:00:00+01:00"})
    assert millis(campaign.start, 0) == 1_769_904_000_000
    assert millis(campaign.end, 7) == 7


def test_a_version_travels():
    version = CampaignVersion(site="shop", id="c", version=3, time=5, campaign=dict(GOOD))
    assert decode_version(encode_version(version)) == version
    assert version.key == b"campaign/shop/c/3"
    for raw in (b"", b"{", b'{"site": "shop"}', b"\xff"):
        with pytest.raises(DecodeError):
            decode_version(raw)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "with", "template", "caps", "start"]), values))
def test_nothing_does_more_than_be_refused(changes):
    with suppress(CampaignError):
        read_campaign({**GOOD, **changes})
