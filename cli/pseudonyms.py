"""The secret of pseudonyms: of the settings, else of the data folder, where it is made once."""

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from cli.errors import WrongUseError
from contracts.api_settings import MIN_SECRET
from contracts.pseudonyms import Pseudonyms, TooLongError
from contracts.settings import ApiSettings, Settings, SettingsError

FILE = "pseudonyms.key"


def with_secret(api: ApiSettings, data_dir: Path, *, make: bool = False) -> ApiSettings:
    """Return settings with the folder's secret, if pseudonyms are on and no other is given.

    Raises `SettingsError` where the file holds none.
    """
    file = data_dir / FILE
    if not api.pseudonyms or api.pseudonym_keys or not (make or file.exists()):
        return api
    if not file.exists():
        _make(file)
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

    Raises `SettingsError`.
    """
    data_dir, api = settings.data_dir.resolve(), settings.api
    ran = data_dir / "run" / "settings.json"
    if not api.pseudonyms and ran.exists():
        api = Settings.load(ran).api
    return Pseudonyms.of(with_secret(api, data_dir))


def subject_of(names: Pseudonyms, site: str, id_: str) -> str:
    """Return what a person is stored under; raise `WrongUseError`."""
    try:
        return names.subject(site, id_)
    except TooLongError as error:
        raise WrongUseError(str(error)) from None


def _make(file: Path) -> None:
    """Write a new secret; whoever calls holds the folder's lock."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as new:
        new.write(secrets.token_urlsafe(MIN_SECRET) + "\n")
        new.flush()
        os.fsync(new.fileno())
    draft.replace(file)
