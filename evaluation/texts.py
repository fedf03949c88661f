"""Texts of a recording with what they are about: what the tasks `topics` and `text-groups` read."""

from typing import Final, NamedTuple

from contracts.events import FEEDBACK_TYPES
from evaluation.errors import EvaluationError
from evaluation.tasks import Request
from flows import importers
from flows.importers import ImporterError

TOPIC: Final = "topic"
WARM_UP: Final = 0.1
"""Share of the texts that does not count, where the request does not say."""

FEW: Final = 50


class Said(NamedTuple):
    """A text, and its label."""

    text: str
    label: str


def texts_of(request: Request) -> tuple[list[Said], int]:
    """Return the texts of feedback that have a label, in time order, and how many events there are.

    The label is `props.topic`, or what `--by` names. Raises `EvaluationError`.
    """
    name = TOPIC if request.by == "item" else request.by
    found: list[Said] = []
    events = 0
    try:
        for event in importers.read(request.format, request.source):
            events += 1
            label = event.props.get(name)
            if event.type in FEEDBACK_TYPES and event.text and isinstance(label, str) and label:
                found.append(Said(event.text, label))
    except ImporterError as error:
        raise EvaluationError(str(error)) from error
    if not 0.0 < request.until <= 1.0:
        raise EvaluationError(f"--until {request.until}: expected a share above 0, at most 1")
    found = found[: round(request.until * len(found))]
    if len(found) < FEW or len({said.label for said in found}) < 2:
        raise EvaluationError(
            f"{request.source}: {len(found)} texts with `props.{name}`; at least {FEW} of two "
            "labels are needed. Name another property with --by"
        )
    return found, events


def begin_of(request: Request, texts: int) -> int:
    """Return the first text that counts."""
    return round((request.test_from or WARM_UP) * texts)
