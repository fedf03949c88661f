"""The task `next-item`: all competitors over one recording."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from evaluation.competitors import field_of
from evaluation.errors import EvaluationError
from evaluation.kinds import described
from evaluation.next_item import play
from evaluation.questions import PROTOCOLS, ProtocolName, Rules
from evaluation.stream import ITEM, Stream, stream_of
from evaluation.tasks import NEXT_ITEM, Request, Scoreboard
from flows import importers
from flows.importers import ImporterError, Report

COLUMNS: Final = (
    *(
        "hr@10",
        "hr@20",
        "mrr@10",
        "mrr@20",
        "ndcg@10",
        "filled_hr@10",
        "cold_hr@10",
        "new_hr@10",
        "coverage",
        "novelty",
        "long_tail",
    ),
    *("score_us", "learn_us"),
)


def run(request: Request) -> Scoreboard:
    """Play the recording to each competitor; return the table."""
    if request.protocol not in PROTOCOLS:
        raise EvaluationError(f"--protocol {request.protocol}: expected {' or '.join(PROTOCOLS)}")
    rules = Rules(
        cast(ProtocolName, request.protocol),
        request.repeats,
        request.test_from,
        request.known_only,
    )
    field = field_of(request.models)
    stream, notes = load(request, kinds=field.needs_kinds)
    columns = (*COLUMNS, "diversity") if stream.kinds else COLUMNS
    board = Scoreboard(NEXT_ITEM, rules.protocol, len(stream), columns, curve="hr@10")
    board.skipped = dict(field.skipped)
    board.notes = notes
    predictions = unknown = 0
    for name, make in field.makers.items():
        tell = _teller(request, name, len(stream))
        tally = play(stream, make(stream, rules), rules, tell)
        board.models[name] = tally.figures()
        predictions, unknown = tally.predictions, tally.unknown
        if tally.sampled < 1.0:
            board.models[name]["note"] = f"on {len(tally):,} of the predictions, by a seeded sample"
    board.about = {
        "by": request.by,
        "repeats": not rules.bars,
        "test_from": request.test_from,
        "predictions": predictions,
        "unknown_targets": unknown,
        "items": len(stream.names),
        "catalogue": len(stream.catalogue),
        "users": int(stream.users.max(initial=-1)) + 1,
    }
    return board


def load(request: Request, *, kinds: bool = False) -> tuple[Stream, list[str]]:
    """Return the touches of a recording, and what is to be said of what was left out.

    With `kinds` its items are described, if they are items.
    """
    if not 0.0 < request.until <= 1.0:
        raise EvaluationError(f"--until {request.until}: expected a share above 0, at most 1")
    report = Report()
    try:
        events = importers.read(request.format, request.source, report)
        gap_ms = int(request.session_gap_minutes * 60_000)
        stream = stream_of(events, request.by, gap_ms, request.site)
        if kinds and request.by == ITEM:
            stream = described(stream, request.source, request.format)
        if request.by == ITEM:
            stream = replace(
                stream, catalogue=list(importers.catalog(request.format, request.source))
            )
    except ImporterError as error:
        raise EvaluationError(str(error)) from error
    if not len(stream):
        left_out = ", ".join(f"{reason} {n:,}" for reason, n in stream.left_out.items())
        raise EvaluationError(
            f"{request.source}: no event touches an item ({left_out or 'there are no events'})"
        )
    notes = [f"left out: {count:,} {reason}" for reason, count in stream.left_out.items()]
    if kinds:
        notes.append(f"{len(stream.kinds):,} of {len(stream.names):,} items are described")
    notes += [f"skipped: {count:,} lines: {reason}" for reason, count in report.skipped.items()]
    return stream.until(request.until), notes


def _teller(request: Request, name: str, length: int) -> Callable[[int], None]:
    return lambda at: request.progress(name, at / length)
