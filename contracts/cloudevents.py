"""Triggers as CloudEvents 1.0 in structured JSON, and back.

Sources: the CloudEvents specification 1.0.2 and its JSON event format, https://cloudevents.io.

>>> trigger = Trigger(
...     id="t1", site="shop", campaign="cart", version=2, user="ada", time=1511544070123, event="e9"
... )
>>> raw = encode_trigger(trigger)
>>> decode_trigger(raw) == trigger
True
"""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from contracts.codec import DecodeError
from contracts.decisions import Trigger
from contracts.personal import PERSONAL

TRIGGER_TYPE: Final = "headrace.trigger.v1"
HOLDOUT_TYPE: Final = "headrace.holdout.v1"
"""Of a person who was held out: a receiver that filters by type never sends to one by mistake."""
MEDIA_TYPE: Final = "application/cloudevents+json"


class CloudEvent(Struct, kw_only=True):
    """One CloudEvent whose data is a trigger; the names are the specification's."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: Annotated[str, PERSONAL]
    time: str
    datacontenttype: str = "application/json"
    data: Trigger


def encode_trigger(trigger: Trigger) -> bytes:
    """Return a trigger as one CloudEvent. Cost: about 3 us."""
    return _encoder.encode(
        CloudEvent(
            id=trigger.id,
            source=source_of(trigger.site, trigger.campaign),
            type=HOLDOUT_TYPE if trigger.holdout else TRIGGER_TYPE,
            subject=trigger.user,
            time=_timestamp(trigger.time),
            data=trigger,
        )
    )


def decode_trigger(raw: bytes) -> Trigger:
    """Return the trigger in a CloudEvent; raise `DecodeError` if it is not one of ours."""
    try:
        event = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("invalid", f"no CloudEvent with a trigger: {error}") from None
    if event.type not in (TRIGGER_TYPE, HOLDOUT_TYPE):
        raise DecodeError(
            "invalid", f"a CloudEvent of type {event.type[:64]!r}, not {TRIGGER_TYPE}"
        )
    return event.data


def user_in(raw: bytes) -> str | None:
    """Return whom a trigger's CloudEvent is about; None if it is no such. Cost: 1 us."""
    try:
        return _subject(raw).subject
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class _Subject(Struct):
    subject: Annotated[str, PERSONAL]


def source_of(site: str, campaign: str) -> str:
    """Return the `source` of a campaign's triggers.

    >>> source_of("shop", "win back")
    '/sites/shop/campaigns/win%20back'
    """
    return f"/sites/{quote(site, safe='')}/campaigns/{quote(campaign, safe='')}"


def _timestamp(time: int) -> str:
    seconds, millis = divmod(time, 1000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)  # what no calendar has; `data.time` says it
    # Not `strftime`, which writes the year 999 with three digits.
    return f"{moment.replace(tzinfo=None).isoformat()}.{millis:03d}Z"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CloudEvent)
_subject = msgspec.json.Decoder(_Subject).decode
