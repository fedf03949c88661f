"""`headrace rebuild`: make views again that the store has lost, beside the flow that runs."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.options import ConfigFile, Kafka, Redis, Workers
from cli.replay import run
from contracts.keys import EVENT_TOPICS, LIVE
from contracts.settings import Settings
from contracts.wording import counted

SCRATCH = "being-rebuilt"
"""The namespace that the log is replayed into; it is gone afterwards."""


def rebuild(
    namespace: Annotated[str, typer.Option(help="Whose views are missing.")] = LIVE,
    start: Annotated[
        str | None, typer.Option("--from", help="Offset or time to begin at; else the beginning.")
    ] = None,
    workers: Workers = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="The folder of the `headrace up` that runs, or ran.")
    ] = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Replay the log, and put what a namespace lacks of the views where it belongs.

    For a store that lost its data, or was wiped. What is there is not touched, the flow that runs
    is not disturbed, and nothing is delivered to anybody. Views of what happened before the log
    begins come back as the flow writes them: it has lost nothing.

    \b
    Examples:
      headrace rebuild --data-dir var
      headrace rebuild --from 2026-11-01 --workers 2
    """
    from cli.folders import namespace_dir
    from cli.lock import LockedError
    from cli.store_access import flow_settings, running_settings, store_of
    from cli.working import working
    from storage.errors import StoreError
    from storage.filling import fill
    from storage.redis_views import RedisViews

    given = {
        "data_dir": data_dir,
        "kafka.bootstrap_servers": kafka,
        "redis.url": redis,
    }
    settings = Settings.load(config, os.environ, given)
    # As the flow is set, or its views would be others.
    settings = flow_settings(settings, namespace_dir(settings.data_dir.resolve(), namespace))
    if workers is not None:
        flow = settings.flow.model_copy(update={"workers": workers})
        settings = settings.model_copy(update={"flow": flow})
    source = "kafka:" + ",".join(EVENT_TOPICS)
    summary, _ = run(settings, source, "events", SCRATCH, (start, None), 0.0)
    try:
        with store_of(running_settings(settings)) as store:
            with working("putting back what is missing"):
                filled = fill(store, SCRATCH, namespace)
            views = RedisViews.open(store)
            views.delete_namespace(SCRATCH)
            views.close()
        shutil.rmtree(namespace_dir(settings.data_dir.resolve(), SCRATCH), ignore_errors=True)
    except (LockedError, StoreError) as error:
        raise CommandError(str(error)) from error
    print(
        f"rebuilt {namespace}: {counted(filled, 'view')} that it lacked, "
        f"of {counted(summary.events, 'event')}",
        file=sys.stderr,
    )
