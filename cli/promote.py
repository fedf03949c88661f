"""`headrace promote NAMESPACE`: choose the namespace that the API answers from."""

import os
from typing import Annotated

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, Redis, RunsDir
from contracts.keys import LIVE, RELIEVED_KEY, RELIEVED_MS, SERVED_KEY
from contracts.settings import RedisSettings, Settings, SettingsError


def promote(
    namespace: Annotated[str, typer.Argument(help="A backfill's or replay's; `live` goes back.")],
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Make a namespace the one that is served; running APIs follow within half a second.

    Nothing is copied and nothing is lost: promoting `live` again goes back. The one before
    delivers triggers for ten seconds more, so that none of an event under way is missed.

    \b
    Examples:
      headrace promote rebuilt
      headrace promote live
    """
    from cli.lock import LockedError
    from cli.store_access import check_runs, running_settings, store_of
    from storage.connection import connect
    from storage.errors import StoreError
    from storage.lasting import lasting
    from storage.redis_views import RedisViews

    settings = Settings.load(config, os.environ, {"data_dir": data_dir, "redis.url": redis})
    check_runs(settings)
    try:
        with store_of(running_settings(settings)) as store:
            views = RedisViews.open(store)
            empty = next(views.iterate(namespace), None) is None
            views.close()
            if empty and namespace != LIVE:
                raise WrongUseError(f"namespace {namespace!r} has no views: nothing to serve")
            _check_people(settings, store, namespace)
            client = connect(store)
            with lasting(client, "the store") as kept:
                before = kept.get(SERVED_KEY)
                was = before.decode() if isinstance(before, bytes) else LIVE
                with kept.pipeline(transaction=True) as both:
                    both.set(RELIEVED_KEY, was, px=RELIEVED_MS)
                    both.set(SERVED_KEY, namespace)
                    both.execute()
    except (StoreError, LockedError) as error:
        raise CommandError(str(error)) from error
    print(f"served: {namespace} (before: {was})")


def _check_people(settings: Settings, store: RedisSettings, namespace: str) -> None:
    """Refuse whom the API would not find, such as ids in a replay of a file."""
    from cli.pseudonyms import check_people, names_of
    from contracts.pseudonyms import UnknownPeopleError

    try:
        names = names_of(settings)
    except (SettingsError, WrongUseError):  # who has no secret cannot look
        return
    try:
        check_people(names, store, namespace)
    except UnknownPeopleError as error:
        why = str(error)
        if error.plain:
            why = (
                "its people are stored under their ids as they are in the file that was replayed, "
                "and the API asks for pseudonyms. Post the file's events to the API, and `headrace "
                "backfill` makes a namespace of them"
            )
        raise CommandError(f"namespace {namespace} is not promoted: {why}") from None
