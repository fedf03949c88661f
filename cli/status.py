"""`headrace status`: how the running engine does, on one screen."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import AdminKey, AsJson, ConfigFile, RunsDir, Site
from contracts.settings import Settings
from contracts.wording import counted

COUNTS = ("learned", "refused", "errors", "rollbacks", "restarts")


def status(
    url: Annotated[str | None, typer.Option(help="Of the API; else the one of the folder.")] = None,
    data_dir: RunsDir = None,
    config: ConfigFile = None,
    key: AdminKey = None,
    site: Site = None,
    as_json: AsJson = False,
) -> None:
    """Show how the running engine does: state, workers, lag, checkpoint, events, parts, models.

    Ends with 1 if the API does not answer, or answers without the store; if no worker was heard of
    for 5 s; if the views are more than 5 s behind.

    \b
    Examples:
      headrace status
      headrace status --url http://127.0.0.1:8000 --json
    """
    from cli.asking import asked, key_for
    from cli.lock import LockedError
    from cli.store_access import api_settings

    loaded = Settings.load(config, os.environ, {"data_dir": data_dir})
    if data_dir is not None and not data_dir.is_dir():
        raise WrongUseError(f"--data-dir {data_dir.resolve()}: there is no such folder")
    try:
        settings = api_settings(loaded)
    except LockedError as error:
        raise CommandError(str(error)) from error
    found = asked(settings, url, key_for(key, settings, loaded), site)
    print(json.dumps(found, indent=2)) if as_json else print("\n".join(_lines(found)))
    if url is None and not found["ours"]:
        where = settings.data_dir.resolve()
        print(f"nothing runs in {where}: this is the engine at {found['url']}", file=sys.stderr)
    if not _is_well(found):
        raise typer.Exit(1)


def _is_well(found: Mapping[str, Any]) -> bool:
    """Return whether what `cli.asking.asked` found is an engine that is ready and keeps up."""
    from cli.asking import LAG_MS

    workers, lag = found["workers"], found["stats"]["lag_ms"]
    heard = workers is None or workers["heard"] > 0
    return bool(found["ready"].get("status") == "ready" and heard and (lag or 0) <= LAG_MS)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `cli.asking.asked` found, as a person reads it."""
    ready, stats = found["ready"], found["stats"]
    told = ", ".join(f"{name} {value}" for name, value in ready.items() if name != "status")
    yield f"state       {ready['status']} ({told})" if told else f"state       {ready['status']}"
    yield f"workers     {_workers(found['workers'])}"
    lag = stats["lag_ms"]
    yield f"lag         {'unknown: nothing was read yet' if lag is None else f'{lag:,} ms'}"
    age = found["checkpoint_age_seconds"]
    yield f"checkpoint  {'none to be seen from here' if age is None else f'{age:,} s ago'}"
    events = stats.get("events", {})
    ends = [f"{events[name]:,} {name}" for name in ("applied", "late", "duplicate") if events]
    for name in ("rejected", "withheld", "unlearnt"):
        reasons = ", ".join(f"{why} {count:,}" for why, count in events.get(name, {}).items())
        ends += [f"{name}: {reasons}"] if reasons else []
    yield f"events      {'; '.join(ends) or 'counted for the operator only'}"
    for part in sorted(stats.get("progress", ()), key=lambda part: part["part"]):
        yield f"part        {part['part']}: at {part['offset']:,}, {_behind(part)}"
    for site, models in sorted(stats["models"].items()):
        for name, model in sorted(models.items()):
            yield f"model       {site}/{name}: {_model(model)}"
    for site, board in sorted(stats["scoreboard"].items()):
        rates = (
            f"{name} {row['hr@10']:.3f} of {row['predictions']:,}"
            for name, row in board["models"].items()
        )
        yield f"hr@10       {site}: {', '.join(rates)}"


def _workers(workers: Mapping[str, int] | None) -> str:
    if workers is None:
        return "told to the operator only"
    if not workers["heard"]:
        return "none was heard of for 5 s: its last lines are in logs/worker-*.log"
    return f"{workers['heard']} of {workers['of']} heard of within 5 s"


def _behind(part: Mapping[str, Any]) -> str:
    age = time.time() - part["written"] / 1000
    # Who reads it is who tells: of one that stands still its last word is an old one.
    return f"{part['lag']:,} behind" + (f" {age:,.0f} s ago" if age > 5 else "")


def _model(model: Mapping[str, Any]) -> str:
    counts = [_count(model[name], name) for name in COUNTS if model.get(name)]
    if drifts := (model.get("drift") or {}).get("drifts"):
        counts.append(counted(drifts, "drift"))
    if placed := sum(one["learned"] for one in model.get("placements", {}).values()):
        counts.append(f"{placed:,} learned")
    if not model.get("learned"):  # of a model that learns from no outcomes, what it counts
        counts += [
            f"{name} {value:,}"
            for name, value in model.items()
            if type(value) is int and value and name not in (*COUNTS, "screened")
        ]
    return ", ".join(counts) or "nothing learnt yet"


def _count(value: int, name: str) -> str:
    """Return one of `COUNTS`.

    >>> _count(1, "errors"), _count(1, "learned")
    ('1 error', '1 learned')
    """
    return counted(value, name[:-1]) if name.endswith("s") else f"{value:,} {name}"
