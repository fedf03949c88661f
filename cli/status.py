"""`headrace status`: how the running engine does, on one screen."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError
from cli.options import AsJson, ConfigFile, RunsDir
from contracts.settings import Settings
from flows.vitals import written

SECONDS = 10.0
COUNTS = ("learned", "refused", "errors", "rollbacks", "restarts")


def status(
    url: Annotated[str | None, typer.Option(help="Of the API; else the one of the folder.")] = None,
    data_dir: RunsDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show how the running engine does: state, lag, checkpoint, ends of events, parts, models.

    Ends with 1 if the API does not answer, or answers without the store.

    \b
    Examples:
      headrace status
      headrace status --url http://127.0.0.1:8000 --json
    """
    from cli.lock import LockedError
    from cli.store_access import api_settings

    settings = Settings.load(config, os.environ, {"data_dir": data_dir})
    try:
        settings = api_settings(settings)
    except LockedError as error:
        raise CommandError(str(error)) from error
    found = asked(url or f"http://{settings.api.host}:{settings.api.port}", settings)
    found["checkpoint_age_seconds"] = checkpoint_age(settings.data_dir)
    print(json.dumps(found, indent=2)) if as_json else print("\n".join(_lines(found)))
    if found["ready"].get("status") != "ready":
        raise typer.Exit(1)


def asked(url: str, settings: Settings) -> dict[str, Any]:
    """Return what the API says of the engine and of itself; raise `CommandError`."""
    import httpx  # a third of what `--help` would take

    key = settings.api.admin_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=SECONDS) as client:
            stats = client.get("/v1/stats")
            ready = client.get("/readyz").json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CommandError(
            f"the API at {url} does not answer: {error}. Is `headrace up` running with this "
            "--data-dir? Its log is logs/api.log there"
        ) from error
    if stats.status_code != httpx.codes.OK:
        raise CommandError(f"{url}/v1/stats: {stats.json().get('detail', stats.text)}")
    return {"url": url, "ready": ready, "stats": stats.json()}


def checkpoint_age(data_dir: Path) -> float | None:
    """Return for how long no snapshot was committed (s); None where there is none to be seen."""
    newest = written(data_dir / "recovery")
    return round(time.time() - newest / 1000, 1) if newest else None


def _lines(found: dict[str, Any]) -> Iterator[str]:
    ready, stats = found["ready"], found["stats"]
    told = ", ".join(f"{name} {value}" for name, value in ready.items() if name != "status")
    yield f"state       {ready['status']} ({told})" if told else f"state       {ready['status']}"
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
        yield f"part        {part['part']}: at {part['offset']:,}, {part['lag']:,} behind"
    for site, models in sorted(stats["models"].items()):
        for name, model in sorted(models.items()):
            yield f"model       {site}/{name}: {_model(model)}"
    for site, board in sorted(stats["scoreboard"].items()):
        rates = (
            f"{name} {row['hr@10']:.3f} of {row['predictions']:,}"
            for name, row in board["models"].items()
        )
        yield f"hr@10       {site}: {', '.join(rates)}"


def _model(model: dict[str, Any]) -> str:
    counts = [f"{model[name]:,} {name}" for name in COUNTS if model.get(name)]
    if drifts := model.get("drift", {}).get("drifts"):
        counts.append(f"{drifts:,} drifts")
    return ", ".join(counts) or "nothing learnt yet"
