"""A store for commands that work beside, or without, a running `headrace up`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cli.embedded import EmbeddedStore
from cli.errors import WrongUseError
from cli.lock import DataDirLock, LockedError, is_locked
from contracts.settings import RedisSettings, Settings, SettingsError


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
        yield _running(data_dir).redis
        return
    try:
        store = EmbeddedStore(data_dir / "store", data_dir / "logs" / "store.log")
        with store:
            yield settings.redis.model_copy(update={"url": SecretStr(store.url)})
    finally:
        lock.__exit__(None, None, None)


def check_runs(settings: Settings) -> None:
    """Refuse a data folder that nothing ran in, for commands that only look at what did.

    A server that the settings name needs no folder.
    """
    data_dir = settings.data_dir.resolve()
    if settings.redis.url.get_secret_value() or is_locked(data_dir):
        return
    if not data_dir.is_dir():
        raise WrongUseError(
            f"--data-dir {data_dir}: there is no such folder: `headrace up` makes it, or name the "
            "one that it ran in"
        )
    if not (data_dir / "store").is_dir():
        raise WrongUseError(
            f"--data-dir {data_dir}: the folder holds no store: name the one that the runs wrote to"
        )


def running_settings(settings: Settings) -> Settings:
    """Return settings whose broker and store are those that run in the data folder, if any do."""
    data_dir = settings.data_dir.resolve()
    if not (data_dir / "run" / "settings.json").exists() or not is_locked(data_dir):
        return settings
    there = _running(data_dir)
    update: dict[str, Any] = {"data_dir": data_dir}
    if not settings.kafka.bootstrap_servers:
        update["kafka"] = there.kafka
    if not settings.redis.url.get_secret_value():
        update["redis"] = there.redis
    return settings.model_copy(update=update)


def as_running(settings: Settings, workers: int | None) -> Settings:
    """Return settings whose dataflow is that of the engine that runs in the data folder.

    `workers` stay as they were asked for. Raises `LockedError` where no engine runs there.
    """
    data_dir = settings.data_dir.resolve()
    if not (data_dir / "run" / "settings.json").exists() or not is_locked(data_dir):
        raise LockedError(f"no engine runs in {data_dir}: name its folder with --data-dir")
    flow = _running(data_dir).flow
    if workers is not None:
        flow = flow.model_copy(update={"workers": workers})
    return settings.model_copy(update={"flow": flow})


def flow_settings(settings: Settings, flow_dir: Path) -> Settings:
    """Return settings whose dataflow is set as it was when it last started in its folder.

    Else a setting that the command was not told of would read its state wrongly.
    """
    file = flow_dir / "run" / "settings.json"
    if not file.exists():
        return settings
    return settings.model_copy(update={"flow": Settings.load(file).flow})


def api_settings(settings: Settings) -> Settings:
    """Return settings whose API is the one that runs in the data folder, if one does."""
    data_dir = settings.data_dir.resolve()
    if not (data_dir / "run" / "settings.json").exists() or not is_locked(data_dir):
        return settings
    return settings.model_copy(update={"api": _running(data_dir).api})


def _running(data_dir: Path) -> Settings:
    file = data_dir / "run" / "settings.json"
    try:
        return Settings.load(file)
    except (OSError, SettingsError) as error:
        raise LockedError(
            f"{data_dir} is in use by another headrace that is just starting: try again"
        ) from error
