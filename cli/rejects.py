"""`headrace rejects`: refused events, listed, shown, mended, sent again, or let go."""

import base64
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import AsJson, ConfigFile, Kafka, Redis, RunsDir
from contracts.settings import Settings, kafka_config
from contracts.wording import counted

EXAMPLES = """\b
Examples:
  headrace rejects list --reason newer_version
  headrace rejects show 3-17 --raw > event.json
  headrace rejects retry 3-17 --file event.json
  headrace rejects retry --all --reason newer_version
  headrace rejects drop 3-17 --why "a test of ours"
"""
SHOWN_BYTES = 4_000

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, show, send again and drop refused events.",
    epilog=EXAMPLES,
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `list` shows them.")]
All = Annotated[bool, typer.Option("--all", help="All that are open, by --reason and --site.")]
Reason = Annotated[str | None, typer.Option(help="Only those refused for this reason.")]
Site = Annotated[str | None, typer.Option(help="Only those of this site.")]


@dataclass
class Desk:
    """The refused records, and the marks of what was done about them."""

    settings: Settings
    rejects: list[Any]
    marks: dict[str, Any]
    store: Any
    names: Any

    def raw(self, reject: Any) -> bytes:
        """Return what was refused, with ids in place of their pseudonyms."""
        told: bytes = self.names.revealed(reject.record.site, reject.raw)
        return told

    def state(self, reject: Any) -> str:
        """Return `open`, `retried` or `dropped`."""
        mark = self.marks.get(reject.mark_id)
        return "open" if mark is None else str(mark.state)

    def chosen(
        self, ids: Sequence[str], every: bool, reason: str | None, site: str | None
    ) -> list[Any]:
        """Return the records that a command line names."""
        if bool(ids) == every:
            raise WrongUseError("which ones? Give ids as `headrace rejects list` shows, or --all")
        if every:
            return [one for one in self.matching(reason, site) if self.state(one) == "open"]
        known = {one.id: one for one in self.rejects}
        for id_ in ids:
            if id_ not in known:
                raise WrongUseError(f"{id_}: there is no such refused event")
        return [known[id_] for id_ in ids]

    def matching(self, reason: str | None, site: str | None) -> list[Any]:
        """Return the records refused for a reason, of a site."""
        return [
            one
            for one in self.rejects
            if reason in (None, one.record.reason) and site in (None, one.record.site)
        ]


@contextmanager
def desk(
    data_dir: Path | None, kafka: str | None, redis: str | None, config: Path | None
) -> Iterator[Desk]:
    """Open the topic and the store that the options name; errors become one line."""
    from cli.lock import LockedError
    from cli.pseudonyms import readers_names
    from cli.store_access import api_settings, check_runs, running_settings, store_of
    from contracts.erasures import Erased
    from flows.kafka_client import KafkaAway, KafkaRefused
    from flows.rejects import read_rejects
    from storage.erasures import ErasureStore
    from storage.errors import StoreError
    from storage.reject_marks import RejectMarks

    given = {"data_dir": data_dir, "redis.url": redis, "kafka.bootstrap_servers": kafka}
    settings = Settings.load(config, os.environ, given)
    check_runs(settings)
    try:
        settings = api_settings(running_settings(settings))
        if not settings.kafka.bootstrap_servers:
            raise WrongUseError("which broker? Nothing runs in the folder: give --kafka")
        with store_of(settings) as store:
            marks, erasures = RejectMarks(store), ErasureStore(store)
            rejects = read_rejects(kafka_config(settings), Erased(erasures.all()))
            erasures.close()
            yield Desk(settings, rejects, marks.all(), marks, readers_names(settings))
            marks.close()
    except (KafkaAway, KafkaRefused, LockedError, StoreError) as error:
        raise CommandError(str(error)) from error


@app.command("list", epilog="Example: headrace rejects list --reason newer_version --json")
def list_(
    reason: Reason = None,
    site: Site = None,
    every: Annotated[bool, typer.Option("--all", help="Those retried or dropped too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List refused events, the newest last."""
    with desk(data_dir, kafka, redis, config) as found:
        rows = [one for one in found.matching(reason, site) if every or found.state(one) == "open"]
        shown = rows[-limit:]
        if as_json:
            print(json.dumps([_as_dict(found, one) for one in shown], indent=2))
            return
        for one in shown:
            record = one.record
            print(
                f"{one.id:10} {_time(record.received)} {found.state(one):8} {record.reason:14} "
                f"{record.origin}  {record.detail}"
            )
        more = f", the newest {len(shown):,} shown" if len(shown) < len(rows) else ""
        print(f"{counted(len(rows), 'refused event')}{more}", file=sys.stderr)


@app.command(epilog="Example: headrace rejects show 3-17 --raw > event.json")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Its bytes alone, as they came.")] = False,
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show one refused event: why, where from, and its bytes."""
    with desk(data_dir, kafka, redis, config) as found:
        (one,) = found.chosen([id_], False, None, None)
        if raw:
            sys.stdout.buffer.write(found.raw(one))
            return
        told = _as_dict(found, one)
        if as_json:
            print(json.dumps(told, indent=2))
            return
        del told["raw"]
        for name, value in told.items():
            print(f"{name:10} {value}")


@app.command(epilog="Example: headrace rejects retry 3-17 --file event.json")
def retry(
    ids: Ids = None,
    every: All = False,
    reason: Reason = None,
    site: Site = None,
    file: Annotated[
        Path | None, typer.Option(help="The mended event, sent in place of the one refused.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was retried or dropped before.")
    ] = False,
    url: Annotated[str | None, typer.Option(help="Of the API; else the one that runs.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Write key; else the site's of api.sites.")
    ] = None,
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Send refused events to the collector again, with their ids. Ends with 1 if any is refused.

    One that is refused again makes a new record of its own; the old one stays open.
    """
    from cli.retrying import Collector, Sent, url_of
    from storage.reject_marks import Mark

    with desk(data_dir, kafka, redis, config) as found:
        chosen = found.chosen(ids or [], every, reason, site)
        if file is not None and len(chosen) != 1:
            raise WrongUseError("--file mends one event: name one id")
        mended = _bytes_of(file) if file is not None else None
        results: dict[str, Sent] = {}
        with Collector(url or url_of(found.settings), found.settings.api, key) as collector:
            for one in chosen:
                if found.state(one) != "open" and not again:
                    results[one.id] = Sent(False, f"was {found.state(one)} before; --again insists")
                elif one.cut and mended is None:
                    results[one.id] = Sent(False, "was too large to be kept whole: give --file")
                else:
                    results[one.id] = collector.send(one, one.raw if mended is None else mended)
                    if results[one.id].taken:
                        mark = Mark(state="retried", time=_now(), mended=mended is not None)
                        found.store.put([one.mark_id], mark)
        _tell(results, as_json)
    if not all(sent.taken for sent in results.values()):
        raise typer.Exit(1)


@app.command(epilog='Example: headrace rejects drop 3-17 --why "a test of ours"')
def drop(
    ids: Ids = None,
    every: All = False,
    reason: Reason = None,
    site: Site = None,
    why: Annotated[str, typer.Option(help="Kept with them.")] = "",
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let refused events go. It is recorded, and they are no longer listed as open."""
    from storage.reject_marks import Mark

    with desk(data_dir, kafka, redis, config) as found:
        chosen = found.chosen(ids or [], every, reason, site)
        if chosen:
            mark = Mark(state="dropped", time=_now(), why=why)
            found.store.put([one.mark_id for one in chosen], mark)
    if as_json:
        print(json.dumps({"dropped": [one.id for one in chosen]}))
    else:
        print(f"dropped {len(chosen):,}")


def _tell(results: dict[str, Any], as_json: bool) -> None:
    if as_json:
        told = {id_: {"taken": sent.taken, "why": sent.why} for id_, sent in results.items()}
        print(json.dumps(told, indent=2))
        return
    for id_, sent in results.items():
        print(f"{id_:10} {'taken' if sent.taken else 'refused: ' + sent.why}")


def _as_dict(found: Desk, one: Any) -> dict[str, Any]:
    record, raw = one.record, found.raw(one)
    mark = found.marks.get(one.mark_id)
    told = {
        "id": one.id,
        "state": found.state(one),
        "reason": record.reason,
        "detail": record.detail,
        "origin": record.origin,
        "site": record.site,
        "received": _time(record.received),
        "copies": one.copies,
        "size": len(one.raw),
        "text": raw[:SHOWN_BYTES].decode("utf-8", "backslashreplace"),
        "raw": base64.b64encode(raw).decode(),
    }
    if mark is not None:
        told |= {"done": _time(mark.time), "why": mark.why, "mended": mark.mended}
    return told


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes().strip()
    except OSError as error:
        raise WrongUseError(f"--file {file}: {error.strerror}") from None


def _time(ms: int) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(ms)


def _now() -> int:
    return time.time_ns() // 1_000_000
