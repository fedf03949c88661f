"""What is done with a case becomes an event in the log, like all that happens: the flow applies it.

So a replay knows of it, and a status has one writer.
"""

from typing import Final, Literal
from uuid import uuid4

from fastapi import Request
from msgspec import Struct

from api.collect.body import read_body
from api.collect.connection import Record
from api.collect.log import Log, LogUnavailableError
from api.problems import ProblemError
from api.serve.asking import bad, decoded, id_field
from contracts.codec import encode_json
from contracts.events import DEVICE_PREFIX, STATUS, Event
from contracts.feedback import MAX_NOTE, MAX_TOPIC, STATUSES, Case, follows
from contracts.keys import FEEDBACK_TOPIC, message_key

MAX_BODY: Final = 65_536
SOURCE: Final = "care"


Next = Literal["answered", "resolved", "reopened"]
"""A case is opened once, by who complains."""


class StatusBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new status. `topic` says what the case is about; `id` makes a retry the same."""

    status: Next
    topic: str | None = None
    note: str = ""
    id: str | None = None

    def check(self) -> None:
        """Raise a 400 that names the field that is wrong."""
        if self.topic is not None and not 1 <= len(self.topic.strip()) <= MAX_TOPIC:
            raise bad("topic", f"expected 1 to {MAX_TOPIC} characters")
        if len(self.note) > MAX_NOTE:
            raise bad("note", f"expected at most {MAX_NOTE:,} characters")
        if self.id is not None and not id_field("id", self.id).isprintable():
            raise bad("id", "holds a character that cannot be printed")


async def status_body(request: Request) -> StatusBody:
    """Return the posted status; raise a 400 or a 413."""
    body = decoded(await read_body(request, MAX_BODY), StatusBody)
    body.check()
    return body


def check_follows(case: Case, status: str) -> None:
    """Raise a 409 if a case cannot have a status now."""
    if not follows(case.status, status):
        may = ", ".join(one for one in STATUSES if follows(case.status, one))
        detail = f"the case is {case.status}; from there it may become: {may}"
        raise ProblemError(409, "status-does-not-follow", detail, case_status=case.status)


def event_of(case: Case, body: StatusBody, time: int) -> Event:
    """Return the change as an event of the person whose case it is."""
    props = {"feedback": case.id, "status": body.status}
    props |= {"topic": body.topic.strip()} if body.topic else {}
    props |= {"note": body.note} if body.note else {}
    device = case.user.removeprefix(DEVICE_PREFIX)
    anonymous = device != case.user
    return Event(
        id=body.id or uuid4().hex,
        type=STATUS,
        time=max(time, case.changed),
        site=case.site,
        source=SOURCE,
        user=None if anonymous else case.user,
        device=device if anonymous else None,
        props=props,
    )


async def append(log: Log, event: Event, received: int) -> None:
    """Append an event to the log; raise a 503 unless the broker has it."""
    key = message_key(event.site, event.user, event.device)
    try:
        await log.append([Record(FEEDBACK_TOPIC, key, encode_json(event))], received)
    except LogUnavailableError as error:
        raise error.problem("send it again with the same `id`") from None
