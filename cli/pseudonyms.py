"""The secret of pseudonyms: of the settings, else of the data folder, where it is made once."""

import logging
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from cli.errors import WrongUseError
from contracts.api_settings import MIN_SECRET
from contracts.pseudonyms import Pseudonyms, TooLongError
from contracts.settings import ApiSettings, RedisSettings, Settings, SettingsError

FILE = "pseudonyms.key"

logger = logging.getLogger("headrace")


def with_secret(api: ApiSettings, data_dir: Path, *, make: bool = False) -> ApiSettings:
    """Return settings with the folder's secret, if pseudonyms are on and no other is given.

    Raises `SettingsError` where the file holds none.
    """
    file = data_dir / FILE
    if not api.pseudonyms or api.pseudonym_keys or not (make or file.exists()):
        return api
    if not file.exists():
        _write(file, secrets.token_urlsafe(MIN_SECRET))
    secret = file.read_text(encoding="utf-8").strip()
    if len(secret) < MIN_SECRET:
        raise SettingsError(
            f"{file}: expected a secret of at least {MIN_SECRET} characters, got {len(secret)}: "
            "bring the file back from your copy"
        )
    return api.model_copy(update={"pseudonym_keys": {"1": SecretStr(secret)}})


def is_embedded(settings: Settings) -> bool:
    """Say whether store and broker are embedded: then the secret is made beside them."""
    return not (settings.kafka.bootstrap_servers or settings.redis.url.get_secret_value())


def check_secret(settings: Settings) -> None:
    """Raise `WrongUseError` if pseudonyms are on and there will be no secret."""
    try:
        api = with_secret(settings.api, settings.data_dir.resolve())
        if not is_embedded(settings):
            Pseudonyms.of(api)
    except SettingsError as error:
        raise WrongUseError(str(error)) from None


def names_of(settings: Settings) -> Pseudonyms:
    """Return the pseudonyms of the settings, else those that the data folder last ran with.

    None where no engine ran in the folder: replays have ids as they are. Raises `SettingsError`,
    and `WrongUseError` for servers that are given without the secret of their people.
    """
    data_dir, api = settings.data_dir.resolve(), settings.api
    ran = data_dir / "run" / "settings.json"
    if not api.pseudonym_keys and ran.exists():
        api = Settings.load(ran).api
    api = with_secret(api, data_dir)
    if not api.pseudonyms or api.pseudonym_keys:
        return Pseudonyms.of(api)
    if is_embedded(settings):
        return Pseudonyms()
    raise WrongUseError(
        f"people's ids are stored as pseudonyms, and {data_dir} has no secret of theirs: give the "
        "engine's --data-dir, or its secret as api.pseudonym_keys; or say "
        "HEADRACE_API__PSEUDONYMS=false if it stores ids as they are"
    )


def readers_names(settings: Settings) -> Pseudonyms:
    """Return the same for a command that only shows: without the secret, it shows tokens."""
    try:
        return names_of(settings)
    except (SettingsError, WrongUseError):
        return Pseudonyms()


def check_people(names: Pseudonyms, store: RedisSettings, namespace: str) -> None:
    """Raise `UnknownPeopleError` if who is stored there could not be found; or `StoreError`.

    Another secret than the one of before is not noticed by anything else: all would be new people.
    """
    from storage.people_sample import some_people

    names.check(some_people(store, namespace))


def subject_of(names: Pseudonyms, site: str, id_: str) -> str:
    """Return what a person is stored under; raise `WrongUseError`."""
    try:
        return names.subject(site, id_)
    except TooLongError as error:
        raise WrongUseError(str(error)) from None


class FolderSecret:
    """The secret that a folder's engine makes for itself; whoever calls holds the folder's lock."""

    def __init__(self, api: ApiSettings, data_dir: Path) -> None:
        """Bring back the file from what ran last, if it is gone."""
        self._file, self._ran = data_dir / FILE, data_dir / "run" / "settings.json"
        self._is_new = False
        if not api.pseudonyms or api.pseudonym_keys or self._file.exists():
            return
        if last := _of_last_run(self._ran):
            _write(self._file, last)
            logger.warning("%s was gone: it is there again, from %s", self._file, self._ran)
        else:
            self._is_new = True

    def keep(self) -> None:
        """Say so, if it is a new one."""
        if self._is_new and self._file.exists():
            logger.warning(
                "people's ids are stored as pseudonyms, by a secret that was just made, %s: keep a "
                "copy elsewhere, for without it nobody who is known can be found by id.",
                self._file,
            )
        self._is_new = False

    def drop(self) -> None:
        """Take back a new one that nobody is stored under: it would pass for the one that is."""
        if self._is_new:
            self._file.unlink(missing_ok=True)
            self._ran.unlink(missing_ok=True)


def _of_last_run(settings: Path) -> str:
    """Return the one secret that it had, if that can be read."""
    try:
        keys = Settings.load(settings).api.pseudonym_keys if settings.exists() else {}
    except (OSError, SettingsError):
        return ""
    return keys["1"].get_secret_value() if list(keys) == ["1"] else ""


def _write(file: Path, secret: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as new:
        new.write(secret + "\n")
        new.flush()
        os.fsync(new.fileno())
    draft.replace(file)
