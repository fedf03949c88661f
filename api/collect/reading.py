"""A body to outcomes: for each message its records for the log, or why it is refused."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from api.collect import parsing
from api.collect.connection import Record
from contracts.codec import DecodeError
from contracts.events import FEEDBACK_TYPES, Event
from contracts.keys import CLICK_TOPIC, FEEDBACK_TOPIC, message_key
from contracts.segment.messages import sent_at


class Outcome(NamedTuple):
    """What became of one message. `at` is None where the body as a whole is at fault."""

    at: int | None
    raw: bytes
    records: list[Record]
    error: DecodeError | None = None


Take = Callable[[Event], Event]
"""Returns an event as it is taken of who says it; raises `DecodeError`."""

Reader = Callable[[bytes, str, int, Take], Iterator[Outcome]]
"""Takes body, site, arrival time (epoch ms), and what is done to each event; never raises for bad
input."""


def read_events(body: bytes, site: str, received: int, take: Take) -> Iterator[Outcome]:
    """Yield the outcomes of one canonical event, or of a list of them."""

    def parse(raw: bytes, _: int) -> list[Event]:
        return [take(parsing.canonical(raw, site))]

    if not parsing.is_list(body):
        yield _outcome(0, body, parse)._replace(at=None)
        return
    try:
        messages = parsing.split(body)
    except DecodeError as error:
        yield Outcome(None, body, [], error)
        return
    for index, message in enumerate(messages):
        yield _outcome(index, bytes(message), parse)


def read_call(call: str) -> Reader:
    """Return the reader of a single Segment message of a kind."""

    def read(body: bytes, site: str, received: int, take: Take) -> Iterator[Outcome]:
        def parse(raw: bytes, index: int) -> list[Event]:
            return [take(event) for event in parsing.segment(raw, index, site, received, call)]

        yield _outcome(0, body, parse)._replace(at=None)

    return read


def read_batch(body: bytes, site: str, received: int, take: Take) -> Iterator[Outcome]:
    """Yield the outcomes of the messages of a Segment batch."""

    def parse(raw: bytes, index: int) -> list[Event]:
        events = parsing.segment(raw, index, site, received, None, sent, envelope.context)
        return [take(event) for event in events]

    try:
        envelope = parsing.open_batch(body)
        sent = sent_at({"sentAt": envelope.sentAt})
    except DecodeError as error:
        yield Outcome(None, body, [], error)
        return
    for index, message in enumerate(envelope.batch):
        yield _outcome(index, bytes(message), parse)


def _outcome(index: int, raw: bytes, parse: Callable[[bytes, int], list[Event]]) -> Outcome:
    try:
        return Outcome(index, raw, [record_of(event) for event in parse(raw, index)])
    except DecodeError as error:
        return Outcome(index, raw, [], error)


def record_of(event: Event) -> Record:
    """Return an event as a message of its topic; raise `DecodeError` if it is too large."""
    topic = FEEDBACK_TOPIC if event.type in FEEDBACK_TYPES else CLICK_TOPIC
    key = message_key(event.site, event.user, event.device)
    return Record(topic, key, parsing.encode(event))
