"""The AsyncAPI 3 document: topics, the stream of triggers, webhooks, and what lies on them.

Source: the AsyncAPI specification 3.0.0, https://www.asyncapi.com/docs/reference/specification.
Operations are seen from Headrace: it receives events and sends triggers.
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from contracts import keys
from contracts.campaigns import CampaignVersion
from contracts.cloudevents import MEDIA_TYPE, CloudEvent, encode_trigger
from contracts.decisions import Answer, Fact, Trigger
from contracts.erasures import Erasure
from contracts.events import Event, Item
from contracts.rejects import Rejected, rejected

VERSION: Final = "3.0.0"
KAFKA, HTTP = "kafka", "http"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages lie, in which direction as seen from Headrace, and what they are.

    `key` says what messages are keyed by on Kafka, `server` where the channel is.
    """

    id: str
    address: str | None
    does: Literal["send", "receive"]
    contracts: tuple[str, ...]
    text: str
    key: str = ""
    server: str = KAFKA


_BY_DEVICE: Final = "`SITE/d/DEVICE`; without a device `SITE/u/USER`"
_BY_USER: Final = "`SITE/u/USER`"

CHANNELS: Final = (
    Channel(
        "clicks",
        keys.CLICK_TOPIC,
        "receive",
        ("Event", "ClockRecord"),
        "What people do on the website. The collector writes here; so may anybody else.",
        _BY_DEVICE,
    ),
    Channel(
        "feedback",
        keys.FEEDBACK_TOPIC,
        "receive",
        ("Event", "ClockRecord"),
        "What people say: ratings, complaints, returns, answers to campaigns.",
        _BY_DEVICE,
    ),
    Channel(
        "catalogue",
        keys.CATALOG_TOPIC,
        "receive",
        ("Item",),
        "What items are. Each record is whole and takes the place of the one before.",
        "`SITE/ITEM`",
    ),
    Channel(
        "control",
        keys.CONTROL_TOPIC,
        "send",
        ("CampaignVersion", "Erasure"),
        "What was in force when: compacted, and read again by a replay.",
        "`campaign/SITE/ID/VERSION`, or `erasure/SITE/WHO`",
    ),
    Channel(
        "rejected",
        keys.REJECTED_TOPIC,
        "send",
        ("Rejected",),
        "Events that were refused, byte for byte, with their origin and the reason.",
        "the origin, or the site",
    ),
    Channel(
        "answers",
        keys.ANSWERS_TOPIC,
        "send",
        ("Answer",),
        "What was recommended, with what it was ranked by.",
        _BY_DEVICE,
    ),
    Channel(
        "facts",
        keys.FACTS_TOPIC,
        "send",
        ("Fact",),
        "What changed of a person, in a form that a campaign can start from.",
        _BY_USER,
    ),
    Channel(
        "triggers",
        keys.TRIGGERS_TOPIC,
        "send",
        ("CloudEvent",),
        "Campaigns that fired. A record may be repeated under the same id.",
        _BY_USER,
    ),
    Channel(
        "held",
        keys.HELD_TOPIC,
        "send",
        ("CloudEvent",),
        "Triggers of people who were held out: never to be sent to anybody.",
        _BY_USER,
    ),
    Channel(
        "triggerStream",
        "/v1/triggers/stream",
        "send",
        ("CloudEvent",),
        "The same triggers as server-sent events: `event: trigger`, with a position as `id`.",
        server=HTTP,
    ),
    Channel(
        "webhook",
        None,
        "send",
        ("CloudEvent",),
        "The same triggers, posted to a subscriber's URL and signed as Standard Webhooks say.",
        server=HTTP,
    ),
)

PAYLOADS: Final[dict[str, type[Struct]]] = {
    type_.__name__: type_
    for type_ in (Event, Item, CampaignVersion, Erasure, Rejected, Answer, Fact, CloudEvent)
}
_CLOCK: Final = {
    "title": "ClockRecord",
    "description": "Says how far time has come (ms), so that absence can be told; it is no event.",
    "type": "object",
    "required": ["type", "time"],
    "properties": {"type": {"const": "clock"}, "time": {"type": "integer"}},
    "additionalProperties": False,
}
_TIME: Final = 1_732_836_469_000
_EXAMPLES: Final[dict[str, Any]] = {
    "Event": Event(
        id="e1", type="view", time=_TIME, site="shop", user="ada", device="d1", item="kettle"
    ),
    "ClockRecord": {"type": "clock", "time": _TIME},
    "Item": Item(id="kettle", title="Steel kettle", category="kitchen", price=39.9),
    "Rejected": rejected("malformed", "not JSON", f"{keys.CLICK_TOPIC}/0/7", b"{", _TIME),
    "CloudEvent": msgspec.Raw(
        encode_trigger(
            Trigger(
                id="t1", site="shop", campaign="cart", version=1, user="ada", time=_TIME, event="e1"
            )
        )
    ),
}


def document() -> dict[str, Any]:
    """Return the whole document.

    >>> found = document()
    >>> found["asyncapi"], found["channels"]["clicks"]["address"]
    ('3.0.0', 'events.click')
    """
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Headrace",
            "version": version("headrace"),
            "description": "Topics, streams and webhooks; OpenAPI describes the HTTP routes.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            KAFKA: {
                "host": "broker.example:9092",
                "protocol": "kafka",
                "description": "People are called by their pseudonyms here, unless these are off: "
                "`headrace reveal` turns them back, and whoever writes events makes them.",
            },
            HTTP: {"host": "headrace.example", "protocol": "https"},
        },
        "channels": {channel.id: _channel(channel) for channel in CHANNELS},
        "operations": {channel.id: _operation(channel) for channel in CHANNELS},
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    names = channel.contracts
    told: dict[str, Any] = {
        "address": channel.address,
        "description": channel.text,
        "servers": [{"$ref": f"#/servers/{channel.server}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }
    if channel.key:
        told["x-key"] = channel.key
    return told


def _operation(channel: Channel) -> dict[str, Any]:
    return {
        "action": channel.does,
        "channel": {"$ref": f"#/channels/{channel.id}"},
        "summary": channel.text.partition(". ")[0].rstrip("."),
        "messages": [
            {"$ref": f"#/channels/{channel.id}/messages/{name}"} for name in channel.contracts
        ],
    }


def _messages() -> dict[str, Any]:
    return {name: _message(name) for name in (*PAYLOADS, "ClockRecord")}


def _message(name: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name,
        "contentType": MEDIA_TYPE if name == "CloudEvent" else "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }
    if name in _EXAMPLES:
        payload = msgspec.json.decode(msgspec.json.encode(_EXAMPLES[name]))
        told["examples"] = [{"name": name, "payload": payload}]
    return told


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(
        PAYLOADS.values(), ref_template="#/components/schemas/{name}"
    )
    return {name: _older(schema) for name, schema in schemas.items()} | {"ClockRecord": _CLOCK}


def _older(schema: Any) -> Any:
    """Return a schema in JSON Schema draft 7, which AsyncAPI speaks: arrays by position differ."""
    if isinstance(schema, list):
        return [_older(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _older(one) for name, one in schema.items()}
    if "prefixItems" in found:
        found["additionalItems"] = found.pop("items", True)
        found["items"] = found.pop("prefixItems")
    return found
