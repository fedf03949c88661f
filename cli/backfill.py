"""`headrace backfill NAMESPACE`: rebuild a namespace from the log, then go on with live traffic."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.options import ConfigFile, Kafka, Redis, Workers
from cli.replay import check_namespace
from contracts.keys import EVENT_TOPICS
from contracts.settings import Settings
from contracts.wording import counted


def backfill(
    namespace: Annotated[str, typer.Argument(help="Where its views go; what is there goes.")],
    start: Annotated[
        str | None, typer.Option("--from", help="Offset or time to begin at; else the beginning.")
    ] = None,
    workers: Workers = None,
    follow: Annotated[
        bool, typer.Option(help="Go on with live traffic, until stopped, where history ends.")
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Follow a namespace that was backfilled before.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="The folder of the `headrace up` that runs, or our own.")
    ] = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Replay the log's history into a namespace, then hand over to the live stream.

    The handover is exact: live traffic goes on at the very offsets where the history ended. Use
    it to build a namespace with changed settings beside the one that is served, compare the two
    (`headrace diff`), and switch (`headrace promote`). Until then it delivers nothing to anybody.
    Without following, or once this is stopped, the namespace stands still, also if it is served;
    `--resume` takes up what it missed.

    \b
    Examples:
      headrace backfill rebuilt
      headrace backfill rebuilt --from 2026-11-01 --config changed.toml --workers 2
    """
    check_namespace(namespace)
    given = {
        "flow.workers": workers,
        "data_dir": data_dir,
        "kafka.bootstrap_servers": kafka,
        "redis.url": redis,
    }
    settings = Settings.load(config, os.environ, given)
    if not resume:
        _history(settings, namespace, start)
    if follow:
        _follow(settings, namespace)


def _history(settings: Settings, namespace: str, start: str | None) -> None:
    """Replay what is in the log now, and keep where it ended."""
    from cli.folders import namespace_dir
    from cli.replay import run
    from flows.handover import write_offsets

    source = "kafka:" + ",".join(EVENT_TOPICS)
    summary, spec = run(settings, source, "events", namespace, (start, None), 0.0)
    write_offsets(namespace_dir(settings.data_dir, namespace), spec.ends)
    print(
        f"backfilled {namespace}: {counted(summary.events, 'event')}, "
        f"{counted(summary.users, 'user')}, state {summary.state_hash}",
        file=sys.stderr,
    )


def _follow(settings: Settings, namespace: str) -> None:
    """Run the namespace's live flow until a signal."""
    from cli.children import ChildError
    from cli.following import Following
    from cli.lock import LockedError
    from cli.store_access import running_settings, store_of
    from cli.supervisor import GaveUpError, Supervisor
    from storage.errors import StoreError

    try:
        settings = running_settings(settings)
        with store_of(settings) as store:
            flow = Following(settings, store, namespace)
            Supervisor([flow.unit()], lambda: print(f"following {namespace}", flush=True)).run()
    except (ChildError, GaveUpError, LockedError, StoreError, OSError) as error:
        raise CommandError(str(error)) from error
