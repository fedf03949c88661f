"""The example of a catalogue by change data capture: what it writes is what Headrace reads."""

import json

from contracts.codec import decode_json
from contracts.events import Item
from contracts.keys import CATALOG_TOPIC
from tests.cli.running import ROOT

CONFIG = json.loads((ROOT / "deploy/kafka-connect/catalogue.json").read_text())["config"]

CHANGED = {
    "before": None,
    "after": {"id": "kettle", "title": "Steel kettle", "price": 39.9, "time": 1732836469000},
    "source": {"connector": "postgresql", "table": "headrace_items"},
    "op": "c",
}
"""What Debezium tells of a new row, with decimals as numbers and times in milliseconds."""


def test_its_transforms_end_in_an_item_record_on_the_topic() -> None:
    steps = CONFIG["transforms"].split(",")
    assert all(f"transforms.{step}.type" in CONFIG for step in steps)
    assert CONFIG["transforms.topic.replacement"] == CATALOG_TOPIC
    assert CONFIG["value.converter.schemas.enable"] == "false"
    row = dict(CHANGED["after"])  # unwrap
    row[CONFIG["transforms.site.static.field"]] = CONFIG["transforms.site.static.value"]
    item = decode_json(json.dumps(row).encode(), Item)
    assert (item.site, item.id, item.price, item.time) == ("shop", "kettle", 39.9, 1732836469000)
    assert CONFIG["transforms.key.field"] in row


def test_only_whole_records_are_sent() -> None:
    assert CONFIG["transforms.unwrap.delete.tombstone.handling.mode"] == "drop"
    assert CONFIG["decimal.handling.mode"] == "double"
