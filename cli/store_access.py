"""A store for commands that work beside, or without, a running `headrace up`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from cli.embedded import EmbeddedStore
from cli.lock import DataDirLock, LockedError
from contracts.settings import RedisSettings, Settings


@contextmanager
def store_of(settings: Settings) -> Iterator[RedisSettings]:
    """Yield the store that the settings name; else the one that runs in the data folder; else
    the folder's embedded store, started for as long as the context lasts.
    """
    if settings.redis.url.get_secret_value():
        yield settings.redis
        return
    data_dir = settings.data_dir.resolve()
    lock = DataDirLock(data_dir)
    try:
        lock.__enter__()
    except LockedError:
        yield _running(data_dir)
        return
    try:
        store = EmbeddedStore(data_dir / "store", data_dir / "logs" / "store.log")
        with store:
            yield settings.redis.model_copy(update={"url": SecretStr(store.url)})
    finally:
        lock.__exit__(None, None, None)


def _running(data_dir: Path) -> RedisSettings:
    file = data_dir / "run" / "settings.json"
    try:
        return Settings.load(file).redis
    except OSError as error:
        raise LockedError(
            f"{data_dir} is in use by another headrace that is just starting: try again"
        ) from error
