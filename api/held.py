"""The keys that a service knows, those of its settings and those of the store, in one form."""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pydantic import SecretStr

from contracts.access import SECRET_SCOPES, WRITE_SCOPES, ApiKey, digest_of
from contracts.addresses import is_loopback
from contracts.settings import ApiSettings, SettingsError

OPERATOR_SCOPES = ("campaigns:write", "admin")


class Held(NamedTuple):
    """A key that is known: `name` tells it from others, `site` is None for all sites."""

    name: str
    site: str | None
    digest: str
    scopes: frozenset[str]
    is_write: bool
    public: bool = False
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, key: ApiKey) -> "Held":
        """Return a key of the store."""
        is_write, origins = key.kind == "write", frozenset(key.origins)
        scopes = frozenset(key.scopes)
        return cls(key.id, key.site, key.digest, scopes, is_write, key.public, origins)


def configured(settings: ApiSettings) -> list[Held]:
    """Return the keys of the settings; raise `SettingsError` if they let anybody in, or nobody."""
    if not settings.asks_for_keys and not is_loopback(settings.host):
        raise SettingsError(
            f"api.sites: no write key is configured and api.host is {settings.host}, which "
            "others can reach: set HEADRACE_API__SITES__SHOP=KEY, or listen on 127.0.0.1"
        )
    _check_sites(settings)
    public = settings.public_write_keys
    held = [
        Held(f"api.sites.{site}", site, digest, frozenset(WRITE_SCOPES), True, public)
        for site, digest in _digests(settings.sites)
    ]
    held += [
        Held(f"api.secrets.{site}", site, digest, frozenset(SECRET_SCOPES), False)
        for site, digest in _digests(settings.secrets)
    ]
    if key := settings.admin_key.get_secret_value():
        scopes = frozenset(OPERATOR_SCOPES)
        held.append(Held("api.admin_key", None, digest_of(key), scopes, False))
    return held


def find(digest: str, held: Iterable[Held]) -> Held | None:
    """Return the key with a digest. All are compared, so that the time taken tells nothing."""
    found = None
    for one in held:
        if hmac.compare_digest(one.digest, digest):
            found = one
    return found


def _check_sites(settings: ApiSettings) -> None:
    for site, key in settings.sites.items():
        if not site or not key.get_secret_value():
            raise SettingsError(
                f"api.sites.{site}: the site and its write key may not be empty; a site whose "
                "keys are made by `headrace keys create` goes into api.site_names"
            )
    write = {key.get_secret_value() for key in settings.sites.values()}
    for site, key in settings.secrets.items():
        if site not in settings.known_sites:
            raise SettingsError(f"api.secrets.{site}: there is no such site in api.sites")
        if not key.get_secret_value() or key.get_secret_value() in write:
            raise SettingsError(
                f"api.secrets.{site}: the secret key may be neither empty nor a write key, "
                "which every visitor can read"
            )


def _digests(keys: Mapping[str, SecretStr]) -> Iterator[tuple[str, str]]:
    for site, key in keys.items():
        yield site, digest_of(key.get_secret_value())
