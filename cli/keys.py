"""`headrace keys`: make, list and revoke the keys of the HTTP service."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from msgspec.structs import replace

from cli.errors import CommandError, WrongUseError
from cli.options import AsJson, ConfigFile, Redis, RunsDir
from contracts.access import KEY_SCOPES, SECRET_SCOPES, WRITE_SCOPES, ApiKey, KeyKind, new_key
from contracts.settings import ApiSettings, Settings
from contracts.wording import counted

EXAMPLES = """\b
Examples:
  headrace keys create shop --origin https://shop.example
  headrace keys create shop --write --name "order server"
  headrace keys create shop --scope profile:read --scope triggers:read
  headrace keys list
  headrace keys revoke 0f3a2b1c4d5e
"""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Make, list and revoke the keys of the HTTP service.",
    epilog=EXAMPLES,
)


@contextmanager
def desk(
    data_dir: Path | None, redis: str | None, config: Path | None
) -> Iterator[tuple[ApiSettings, ApiSettings, Any]]:
    """Open the store that the options name; errors become one line.

    Yields the API that runs, if one does, what is set here, and the store.
    """
    from cli.lock import LockedError
    from cli.store_access import api_settings, check_runs, running_settings, store_of
    from storage.api_keys import ApiKeyStore
    from storage.errors import StoreError

    here = Settings.load(config, os.environ, {"data_dir": data_dir, "redis.url": redis})
    check_runs(here)
    try:
        settings = api_settings(running_settings(here))
        with store_of(settings) as at:
            store = ApiKeyStore(at)
            yield settings.api, here.api, store
            store.close()
    except (LockedError, StoreError) as error:
        raise CommandError(str(error)) from error


@app.command(epilog="Example: headrace keys create shop --origin https://shop.example")
def create(
    site: Annotated[str, typer.Argument(help="The site that the key is of.")],
    origin: Annotated[
        list[str] | None,
        typer.Option(help="A write key for the pages of this origin; may be given several times."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="A write key for a server.")] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"What a secret key opens, of {', '.join(KEY_SCOPES)}."),
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for; shown by `list`.")] = "",
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it: it is shown this once, and only a hash of it is kept.

    With --origin it is a write key for pages, with --write one for servers, else a secret key.
    Running APIs take it within seconds. To rotate a key make another, use it, and revoke the old.
    """
    kind: KeyKind = "write" if write or origin else "secret"
    scopes = _scopes(kind, scope or [])
    origins = tuple(map(_origin, origin or ()))
    with desk(data_dir, redis, config) as (api, here, store):
        _check_site(api, here, site)
        key, text = new_key(site, kind, scopes, origins, name, now=_now())
        store.put(key)
    if as_json:
        print(json.dumps({**_as_dict(key), "key": text}))
        return
    print(text)
    print(f"key {key.id} of {site}: {_what(key)}. It is not shown again.", file=sys.stderr)


@app.command("list", epilog="Example: headrace keys list --json")
def list_(
    site: Annotated[str | None, typer.Option(help="Only those of this site.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that were revoked too.")] = False,
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the keys that were made, the oldest first; not those of the settings."""
    with desk(data_dir, redis, config) as (*_, store):
        found = [
            key
            for key in store.all()
            if site in (None, key.site) and (every or key.revoked is None)
        ]
    if as_json:
        print(json.dumps([_as_dict(key) for key in found], indent=2))
        return
    for key in found:
        gone = "" if key.revoked is None else f"  revoked {_time(key.revoked)}"
        print(f"{key.id}  {key.site:12} {_time(key.created)}  {_what(key)}  {key.name}{gone}")
    print(counted(len(found), "key"), file=sys.stderr)


@app.command(epilog="Example: headrace keys revoke 0f3a2b1c4d5e")
def revoke(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As `list` shows them.")],
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Take keys out of force, for good: running APIs refuse them within seconds."""
    with desk(data_dir, redis, config) as (*_, store):
        known = {key.id: key for key in store.all()}
        for id_ in ids:
            if id_ not in known:
                raise WrongUseError(f"{id_}: there is no such key; `headrace keys list` shows all")
        ids = list(dict.fromkeys(ids))
        before = [id_ for id_ in ids if known[id_].revoked is not None]
        alive = [id_ for id_ in ids if id_ not in before]
        for id_ in alive:
            store.put(replace(known[id_], revoked=_now()))
    if as_json:
        print(json.dumps({"revoked": alive, "before": before}))
        return
    for id_ in before:
        print(f"{id_}: was revoked before, {_time(known[id_].revoked)}", file=sys.stderr)
    print(f"revoked {len(alive):,}")


def _scopes(kind: KeyKind, given: list[str]) -> tuple[str, ...]:
    if kind == "write":
        if given:
            raise WrongUseError("--scope is for secret keys: what a write key opens is fixed")
        return WRITE_SCOPES
    for one in given:
        if one not in KEY_SCOPES:
            raise WrongUseError(f"--scope {one}: there are {', '.join(KEY_SCOPES)}")
    return tuple(dict.fromkeys(given)) or SECRET_SCOPES


def _origin(given: str) -> str:
    """Return an origin as browsers send it.

    >>> _origin("https://Shop.example/")
    'https://shop.example'
    """
    parts = urlsplit(given.lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise WrongUseError(f"--origin {given}: expected one such as https://shop.example")
    return f"{parts.scheme}://{parts.netloc}"


def _check_site(api: ApiSettings, here: ApiSettings, site: str) -> None:
    """Refuse a site that there is not; say so where the API asks for no keys."""
    if not api.asks_for_keys:
        why = "no site is configured here, and an API with these settings asks for no key"
        mend = f"start it with HEADRACE_API__SITE_NAMES='[\"{site}\"]'"
        if here.asks_for_keys and site in here.known_sites:
            why = "the engine that runs was started without sites, and asks for no key"
            mend = "start it again with the sites that are set here"
        print(f"headrace: {why}. The key is made; for it to count, {mend}", file=sys.stderr)
    elif site not in api.known_sites:
        raise WrongUseError(
            f"{site}: there is no such site; there are {', '.join(api.known_sites)} "
            "(api.sites and api.site_names)"
        )


def _what(key: ApiKey) -> str:
    if key.kind == "secret":
        return f"secret: {' '.join(key.scopes)}"
    return f"write, for pages of {' '.join(key.origins)}" if key.public else "write, for servers"


def _as_dict(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "site": key.site,
        "kind": key.kind,
        "scopes": list(key.scopes),
        "origins": list(key.origins),
        "name": key.name,
        "created": _time(key.created),
        "revoked": None if key.revoked is None else _time(key.revoked),
    }


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> int:
    return time.time_ns() // 1_000_000
