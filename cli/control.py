"""`headrace control`: what a replay cannot make again, to a file and back."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, Redis, RunsDir
from contracts.settings import Settings
from contracts.wording import counted

EXAMPLES = """\b
Examples:
  headrace control export control.jsonl
  headrace control import control.jsonl
"""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Export and import control data: campaigns, subscriptions, budgets, keys, triggers.",
    epilog=EXAMPLES,
)


@contextmanager
def _store(data_dir: Path | None, redis: str | None, config: Path | None) -> Iterator[Any]:
    from cli.lock import LockedError
    from cli.store_access import check_runs, running_settings, store_of
    from storage.errors import StoreError

    settings = Settings.load(config, os.environ, {"data_dir": data_dir, "redis.url": redis})
    check_runs(settings)
    try:
        with store_of(running_settings(settings)) as store:
            yield store
    except (LockedError, StoreError) as error:
        raise CommandError(str(error)) from error


@app.command("export", epilog="Example: headrace control export control.jsonl")
def export_(
    file: Annotated[Path, typer.Argument(help="Where to; its owner alone may read it.")],
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Write all control data of the store to a file, beside a running engine."""
    from cli.working import working
    from storage.control_export import export

    count = 0
    # Secrets of webhooks are in it.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with (
            _store(data_dir, redis, config) as store,
            os.fdopen(os.open(draft, flags, 0o600), "wb") as out,
            working("reading the store"),
        ):
            for line in export(store):
                out.write(line + b"\n")
                count += 1
        draft.replace(file)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
    print(f"exported {counted(count, 'key')} to {file}", file=sys.stderr)


@app.command("import", epilog="Example: headrace control import control.jsonl")
def import_(
    file: Annotated[Path, typer.Argument(help="What `export` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Also over what is there; else that stays.")
    ] = False,
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Write exported control data into a store, for example one that lost its own."""
    from cli.working import working
    from contracts.codec import DecodeError
    from storage.control_export import restore

    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise WrongUseError(f"{file}: {error.strerror}") from None
    with _store(data_dir, redis, config) as store:
        try:
            with working("writing to the store"):
                count = restore(store, lines, replace=replace)
        except (DecodeError, ValueError) as error:
            raise CommandError(f"{file}: not an export of control data: {error}") from None
    print(f"imported {count:,} of {counted(len(lines), 'key')}", file=sys.stderr)
