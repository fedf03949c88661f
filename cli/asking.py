"""What commands beside an engine ask of its API: how it is, and how its flow is."""

import time
from collections.abc import Mapping
from typing import Any, Final

from cli.errors import CommandError
from cli.lock import is_locked
from cli.retrying import url_of
from contracts.settings import Settings
from flows.vitals import written

SECONDS: Final = 10.0
SILENT_MS: Final = 5_000
"""A worker tells of itself once a second."""
LAG_MS: Final = 5_000


class NotToldError(CommandError):
    """The API answers, and tells its figures only for another key, or for a site that is named."""


def key_for(given: str | None, *settings: Settings) -> str:
    """Return the key that a command was given, else the first `api.admin_key` that there is."""
    return given or next(filter(None, (s.api.admin_key.get_secret_value() for s in settings)), "")


def asked(settings: Settings, url: str | None, key: str, site: str | None = None) -> dict[str, Any]:
    """Return what the API at `url`, else the one of the settings, says; raise `CommandError`.

    Beside its answers: `workers`, how many of how many are `heard`, null if that is not told, and
    `checkpoint_age_seconds`.
    """
    where = url or url_of(settings)
    ready, stats = _answers(where, key, site)
    now = int(time.time() * 1000)
    ours = url is None and is_locked(settings.data_dir.resolve())
    return {
        "url": where,
        "ours": ours,
        "ready": ready,
        "stats": stats,
        "workers": workers_heard(stats, now),
        "checkpoint_age_seconds": checkpoint_age(stats, settings if ours else None, now),
    }


def workers_heard(stats: Mapping[str, Any], now: int) -> dict[str, int] | None:
    """Return how many workers told of themselves of late (`now` in ms), and of how many.

    >>> told = [{"workers": 2, "written": 9_000}, {"workers": 2, "written": 1_000}]
    >>> workers_heard({"workers": told}, now=10_000)
    {'heard': 1, 'of': 2}
    """
    if (told := stats.get("workers")) is None:
        return None
    newest = max(told, key=lambda one: int(one["written"]), default={"workers": 0})
    heard = sum(now - one["written"] < SILENT_MS for one in told)
    return {"heard": heard, "of": newest["workers"]}


def checkpoint_age(stats: Mapping[str, Any], ours: Settings | None, now: int) -> float | None:
    """Return for how long no snapshot was committed (s); None where there is none to be seen.

    The API's word counts: the folder at hand may be another engine's. `ours` are the settings of a
    folder that runs what was asked.
    """
    told = stats.get("checkpoint")
    newest = told["time"] if told else written(ours.data_dir / "recovery") if ours else 0
    return round((now - newest) / 1000, 1) if newest else None


def _answers(url: str, key: str, site: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    import httpx  # a third of what `--help` would take

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    asked_of = {"site": site} if site else {}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=SECONDS) as client:
            answer = client.get("/v1/stats", params=asked_of)
            ready, stats = client.get("/readyz").json(), answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CommandError(
            f"the API at {url} does not answer: {error}. Is `headrace up` running with this "
            "--data-dir? Its log is logs/api.log there"
        ) from error
    said = f"{url}/v1/stats: {stats.get('detail', answer.text)}"
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise NotToldError(f"{said}: give it with --key, or as HEADRACE_API__ADMIN_KEY")
    if answer.status_code == httpx.codes.BAD_REQUEST and site is None:
        raise NotToldError(f"{said}: give it with --site")
    if answer.status_code != httpx.codes.OK:
        raise CommandError(said)
    return ready, stats
