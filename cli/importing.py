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
from flows.importers import FORMATS, ImporterError, Mapping, Report
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
      headrace import mapped products.csv --mapping products.toml --catalog items.jsonl
    """
    if dry_run:
        output, catalog = None, None
    _check_use(format_, source, output, catalog, mapping)
    _check_site(site)
    progress = progress_on(sys.stderr)
    report, items = Report(progress=progress.read), Report(progress=progress.read)
    tally = Tally()
    started = time.monotonic()
    first: list[bytes] = []
    first_items: list[bytes] = []
    try:
        table = None if mapping is None else importers.Mapping.read(mapping)
        _check_parts(table, dry_run, output, catalog)
        with progress:
            events = islice(_read(format_, source, report, table), limit)
            found = _lines(_told(tally.of(events), report, progress), site)
            records = _lines(_counted(_items(format_, source, items, table), items), site)
            if dry_run:
                first = _first(found)
                first_items = [] if table is None else _first(records)
            if output is not None:
                written(output, found)
            if catalog is not None:
                written(catalog, records)
    except importers.NoFilesError as error:
        raise WrongUseError(str(error)) from None
    except ImporterError as error:
        raise CommandError(str(error)) from None
    seconds = time.monotonic() - started
    summary = {
        "format": format_,
        "source": str(source),
        "output": None if output is None else str(output),
        **({"first_events": list(map(json.loads, first))} if dry_run else {}),
        **report.summary(),
        **tally.summary(),
        "catalog": _told_of_items(catalog, first_items, items),
        "seconds": round(seconds, 3),
    }
    _print_summary(summary, as_json, sys.stderr if STDOUT in (output, catalog) else sys.stdout)
    skipped = report.skipped.total() + items.skipped.total()
    if strict and skipped:
        was = "was" if skipped == 1 else "were"
        raise CommandError(f"{counted(skipped, 'line')} {was} skipped, and --strict was asked for")


def _read(format_: str, source: Path, report: Report, table: Mapping | None) -> Iterator[Event]:
    if table is None:
        return importers.read(format_, source, report)
    return importers.importer_of(table).read(source, report) if table.makes_events else iter(())


def _items(format_: str, source: Path, report: Report, table: Mapping | None) -> Iterator[Item]:
    if table is None:
        return importers.catalog(format_, source, report)
    return importers.importer_of(table).catalog(source, report)


def _first(lines: Iterator[bytes]) -> list[bytes]:
    """Return the first few, and go through the rest, so that it is counted."""
    found = list(islice(lines, SHOWN))
    deque(lines, maxlen=0)
    return found


def _told_of_items(
    catalog: Path | None, first: list[bytes], report: Report
) -> dict[str, Any] | None:
    if catalog is not None:
        return {"output": str(catalog), **report.summary()}
    if not report.lines:
        return None
    return {"output": None, "first_items": list(map(json.loads, first)), **report.summary()}


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


def _check_parts(
    table: Mapping | None, dry_run: bool, output: Path | None, catalog: Path | None
) -> None:
    """Say what is to go nowhere, and where nothing would go."""
    if table is not None and catalog is not None and not table.makes_items:
        raise WrongUseError("the mapping has no [item], so no item records can go to --catalog")
    if table is not None and not table.makes_events:
        if output is not None:
            raise WrongUseError("the mapping has no [event], so no events can go to -o: leave it")
        if catalog is None and not dry_run:
            raise WrongUseError("say where the item records go, with --catalog FILE; or --dry-run")
    elif output is None and not dry_run:
        raise WrongUseError("say where the events go, with -o FILE; or --dry-run")


def _check_site(site: str) -> None:
    try:
        checked(Event(id="1", type="view", user="1", time=EARLIEST_MS, site=site or "default"))
    except (msgspec.ValidationError, BadLineError) as error:
        raise WrongUseError(f"--site: {error}") from None


def _print_summary(summary: dict[str, Any], as_json: bool, stream: Any) -> None:
    if as_json:
        print(json.dumps(summary), file=stream)
        return
    items = summary["catalog"] or {}
    for record in (*summary.get("first_events", ()), *items.get("first_items", ())):
        print(json.dumps(record, ensure_ascii=False), file=stream)
    if summary["lines"] or not items:
        print(
            f"{counted(summary['written'], 'event')} of {counted(summary['lines'], 'line')}"
            f" in {summary['seconds']:.1f} s{_where(summary)}",
            file=stream,
        )
    if summary["written"]:
        print(f"  {summary['first']} to {summary['last']}", file=stream)
        print(f"  {_listed(summary['types'])}", file=stream)
    if summary["left_out"]:
        print(f"  left out on purpose: {_listed(summary['left_out'])}", file=stream)
    if items:
        print(f"{counted(items['events'], 'item record')}{_where(items)}", file=stream)
    for part in filter(None, (summary, items)):
        _warn(part)
    if not summary["lines"] and not items.get("lines"):
        print(f"warning: {summary['source']} holds no lines", file=sys.stderr)


def _where(part: dict[str, Any]) -> str:
    return "; nothing was written" if part["output"] is None else f" to {part['output']}"


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
