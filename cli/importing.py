"""`headrace import`: a public data set, or a recording, to canonical events in time order."""

import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from cli.errors import CommandError, WrongUseError
from cli.import_output import STDOUT, written
from cli.import_progress import Progress, progress_on
from cli.options import AsJson
from contracts.codec import encode_json
from contracts.events import Event, Item
from contracts.validation import EARLIEST_MS
from contracts.wording import counted
from flows import importers
from flows.importers import FORMATS, ImporterError, Report
from flows.importers.errors import BadLineError
from flows.importers.importer import checked

MAPPED = "mapped"
FORMAT_HELP = f"One of: {', '.join(FORMATS)}; or {MAPPED}, for tables of your own."
SHOWN = 5
WRITE_STEP = 16_384


def import_(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help=FORMAT_HELP)],
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="The data file, or the folder of its files.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Events go here; .gz packs, - is stdout.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help=f"With {MAPPED}: a TOML file that says which column is which field."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing: show the first events, and count.")
    ] = False,
    catalog: Annotated[
        Path | None, typer.Option(help="Item records go here, if the data set has any.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many events.")] = None,
    site: Annotated[str, typer.Option(help="The site that everything belongs to.")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Skipped lines fail the run.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn a data set into canonical events, one JSON object a line, in time order.

    Lines that cannot be read are skipped, counted by reason and shown; what a format leaves out on
    purpose is counted apart. docs/data-sets.md says how each format is read, and how a mapping
    file for CSV, Parquet and JSON lines of your own looks.

    \b
    Examples:
      headrace import taobao UserBehavior.csv -o taobao.jsonl
      headrace import mind MINDsmall_train -o mind.jsonl.gz --catalog news.jsonl
      headrace import retailrocket events.csv.gz -o - --limit 1000 | head
      headrace import mapped orders.csv --mapping orders.toml --dry-run
    """
    if dry_run:
        output, catalog = None, None
    elif output is None:
        raise WrongUseError("say where the events go, with -o FILE; or --dry-run")
    _check_use(format_, source, output, catalog, mapping)
    _check_site(site)
    progress = progress_on(sys.stderr)
    report, items = Report(progress=progress.read), Report()
    tally = Tally()
    started = time.monotonic()
    try:
        with progress:
            events = islice(_read(format_, source, report, mapping), limit)
            found = _lines(_told(tally.of(events), report, progress), site)
            first = [] if output is not None else list(islice(found, SHOWN))
            if output is None:
                deque(found, maxlen=0)
            else:
                written(output, found)
            if catalog is not None:
                written(
                    catalog,
                    _lines(_counted(importers.catalog(format_, source, items), items), site),
                )
    except importers.NoFilesError as error:
        raise WrongUseError(str(error)) from None
    except ImporterError as error:
        raise CommandError(str(error)) from None
    seconds = time.monotonic() - started
    summary = {
        "format": format_,
        "source": str(source),
        "output": None if output is None else str(output),
        **({"first_events": [json.loads(line) for line in first]} if dry_run else {}),
        **report.summary(),
        **tally.summary(),
        "catalog": None if catalog is None else {"output": str(catalog), **items.summary()},
        "seconds": round(seconds, 3),
    }
    _print_summary(summary, as_json, sys.stderr if STDOUT in (output, catalog) else sys.stdout)
    skipped = report.skipped.total() + items.skipped.total()
    if strict and skipped:
        was = "was" if skipped == 1 else "were"
        raise CommandError(f"{counted(skipped, 'line')} {was} skipped, and --strict was asked for")


def _read(format_: str, source: Path, report: Report, mapping: Path | None) -> Iterator[Event]:
    if mapping is None:
        return importers.read(format_, source, report)
    return importers.importer_of(importers.Mapping.read(mapping)).read(source, report)


class Tally:
    """What the written events are: how many, of which types, from when to when."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.first: int | None = None
        self.last: int | None = None

    def of(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass events on, and count them."""
        types = self.types
        for event in events:
            types[event.type] += 1
            if self.first is None:
                self.first = event.time
            self.last = event.time
            yield event

    def summary(self) -> dict[str, Any]:
        """Return the counts as a tree of plain values; times are ISO 8601."""
        return {
            "written": self.types.total(),
            "types": dict(self.types.most_common()),
            "first": _iso(self.first),
            "last": _iso(self.last),
        }


def _iso(time_ms: int | None) -> str | None:
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _told(events: Iterator[Event], report: Report, progress: Progress) -> Iterator[Event]:
    for number, event in enumerate(events, 1):
        if not number % WRITE_STEP:
            progress.write(number, report.events)
        yield event


def _counted(records: Iterator[Item], report: Report) -> Iterator[Item]:
    for record in records:
        report.events += 1
        yield record


def _lines(records: Iterable[Event | Item], site: str) -> Iterator[bytes]:
    for record in records:
        if site:
            record.site = site
        yield encode_json(record) + b"\n"


def _check_use(
    format_: str, source: Path, output: Path | None, catalog: Path | None, mapping: Path | None
) -> None:
    if (format_ == MAPPED) != (mapping is not None):
        raise WrongUseError(f"the format {MAPPED} and --mapping FILE belong together")
    if format_ not in (*FORMATS, MAPPED):
        guess = importers.detect(source) if source.exists() else None
        hint = f"; {source} looks like {guess}" if guess else ""
        raise WrongUseError(f"{format_!r} is not a format ({', '.join(FORMATS)}){hint}")
    if not source.exists():
        raise WrongUseError(f"{source}: there is no such file or folder")
    for path in (output, catalog):
        if path is None or path == STDOUT:
            continue
        if path.is_dir() or not path.parent.is_dir():
            raise WrongUseError(f"{path}: expected a file in a folder that exists")
    if output is not None and output == catalog:
        raise WrongUseError(f"{output}: events and item records cannot go to the same place")


def _check_site(site: str) -> None:
    try:
        checked(Event(id="1", type="view", user="1", time=EARLIEST_MS, site=site or "default"))
    except (msgspec.ValidationError, BadLineError) as error:
        raise WrongUseError(f"--site: {error}") from None


def _print_summary(summary: dict[str, Any], as_json: bool, stream: Any) -> None:
    if as_json:
        print(json.dumps(summary), file=stream)
        return
    for event in summary.get("first_events", ()):
        print(json.dumps(event, ensure_ascii=False), file=stream)
    where = "nothing was written" if summary["output"] is None else f"to {summary['output']}"
    print(
        f"{counted(summary['written'], 'event')} of {counted(summary['lines'], 'line')}"
        f" in {summary['seconds']:.1f} s {where}",
        file=stream,
    )
    if summary["written"]:
        print(f"  {summary['first']} to {summary['last']}", file=stream)
        print(f"  {_listed(summary['types'])}", file=stream)
    if summary["left_out"]:
        print(f"  left out on purpose: {_listed(summary['left_out'])}", file=stream)
    parts = [summary]
    if summary["catalog"] is not None:
        parts.append(summary["catalog"])
        print(f"{parts[1]['events']:,} item records to {parts[1]['output']}", file=stream)
    for part in parts:
        _warn(part)
    if not summary["lines"]:
        print(f"warning: {summary['source']} holds no lines", file=sys.stderr)


def _warn(part: dict[str, Any]) -> None:
    skipped = part["skipped"]
    if not skipped:
        return
    total = sum(skipped.values())
    print(f"warning: skipped {counted(total, 'line')}: {_listed(skipped)}", file=sys.stderr)
    for sample in part["samples"]:
        print(f"  {sample}", file=sys.stderr)
    if total > len(part["samples"]):
        print(f"  and {total - len(part['samples']):,} more", file=sys.stderr)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
