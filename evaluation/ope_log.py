"""Logs of decisions: who was shown what with which chance, and what came of it.

Two kinds are read: `open-bandit`, and recordings of our own (`events`), in which each `decision`
says what could be chosen with which chances.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from contracts.clock_records import is_clock_record
from contracts.codec import DecodeError, decode_event
from contracts.decisions import Decided
from contracts.events import DECISION, Event, subject_of
from evaluation.errors import EvaluationError
from flows import importers
from flows.importers import ImporterError, canonical, open_bandit
from online_models.rewards import RewardJoin, Taken
from operators.decided import decided_of, sign_of, taken_of

OPEN_BANDIT: Final = open_bandit.NAME
FORMATS: Final = (OPEN_BANDIT, canonical.NAME)


class Decision(NamedTuple):
    """One decision: `actions` could be taken, `taken` was, with chance `propensity`.

    `chances` are those of all actions, where the log has them. `reward` was known at `due` (ms).
    """

    time: int
    context: Mapping[str, Any]
    actions: tuple[str, ...]
    taken: str
    propensity: float
    chances: tuple[float, ...] | None
    reward: float
    due: int


def read_decisions(format_: str, source: Path, placement: str | None = None) -> list[Decision]:
    """Return the decisions of a log in time order, all or a placement's.

    Raises `EvaluationError`.
    """
    if format_ not in FORMATS:
        raise EvaluationError(
            f"format {format_} holds no logged chances; expected {' or '.join(FORMATS)}"
        )
    try:
        events = importers.read(format_, source)
        if format_ == OPEN_BANDIT:
            decisions = _of_open_bandit(events)
        else:
            decisions = _of_events(events, placement)
    except ImporterError as error:
        raise EvaluationError(str(error)) from error
    if not decisions:
        raise EvaluationError(f"{source}: no decision with a logged chance was found")
    return decisions


def decisions_of(raws: Iterable[bytes], placement: str | None = None) -> list[Decision]:
    """Return the decisions among records of the log of events, in time order.

    What is no event, and what has nothing to do with decisions, is passed over.
    Raises `EvaluationError` if there is none.
    """
    told: list[Event] = []
    for raw in raws:
        if is_clock_record(raw):
            continue
        try:
            event = decode_event(raw)
        except DecodeError:
            continue
        if event.type == DECISION or sign_of(event, "") is not None:
            told.append(event)
    told.sort(key=lambda event: event.time)
    decisions = _of_events(iter(told), placement)
    if not decisions:
        raise EvaluationError("no decision whose horizon is over was found on the topics")
    return decisions


def _of_open_bandit(events: Iterator[Event]) -> list[Decision]:
    """Return impressions as decisions: one item each, of all that its campaign has shown."""
    shown: list[Event] = []
    clicked: set[str | None] = set()
    items: dict[tuple[str, str], set[str]] = {}
    for event in events:
        if event.type == "click":
            clicked.add(event.request)
            continue
        shown.append(event)
        items.setdefault(_campaign(event), set()).add(str(event.item))
    actions = {
        campaign: tuple(sorted(seen, key=lambda item: (len(item), item)))
        for campaign, seen in items.items()
    }
    return [
        _impression(event, actions[_campaign(event)], event.request in clicked) for event in shown
    ]


def _impression(event: Event, actions: tuple[str, ...], clicked: bool) -> Decision:
    chance = float(event.props["propensity"])
    at_random = event.props["policy"] == "random"
    context = {f"user_{at}": each for at, each in enumerate(event.props["user_features"])}
    return Decision(
        event.time,
        {**context, "position": str(event.position)},
        actions,
        str(event.item),
        chance,
        (chance,) * len(actions) if at_random else None,
        float(clicked),
        event.time,
    )


def _of_events(events: Iterator[Event], placement: str | None) -> list[Decision]:
    """Return decisions of our own, each with what it earned within its horizon.

    Those whose horizon is not over when the recording ends are left out: nobody knows yet.
    """
    join = RewardJoin(1_000_000)
    how: dict[str, tuple[int, Decided]] = {}
    found: list[Decision] = []
    for event in events:
        subject = subject_of(event.user, event.device)
        found += [_settled(taken, *how.pop(taken.request)) for taken in join.due(event.time)]
        decided = decided_of(event)
        if decided is not None and placement in (None, decided.placement):
            taken = taken_of(event, subject, decided)
            join.take(taken)
            how[taken.request] = event.time, decided
        elif (sign := sign_of(event, subject)) is not None:
            join.see(sign)
    return sorted(found, key=lambda one: one.time)


def _settled(taken: Taken, time: int, decided: Decided) -> Decision:
    at = decided.offers.index(taken.offer)
    return Decision(
        time,
        decided.context,
        tuple(decided.offers),
        taken.offer,
        decided.chances[at],
        tuple(decided.chances),
        taken.got,
        taken.until,
    )


def _campaign(event: Event) -> tuple[str, str]:
    return event.props["policy"], event.props["campaign"]
