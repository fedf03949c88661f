"""Keys: which site an event belongs to, and who may read and direct what it triggers."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import SecretStr

from api.problems import ProblemError
from contracts.addresses import is_loopback
from contracts.keys import DEFAULT_SITE as DEFAULT_SITE
from contracts.settings import ApiSettings, SettingsError

_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="headrace write key", charset="UTF-8"'}
_BEARER: Final = {"WWW-Authenticate": 'Bearer realm="headrace"'}


class WriteKeys:
    """The write keys of the sites. Without any, and on loopback only, every key is taken.

    >>> keys = WriteKeys({"shop": SecretStr("s3cret")})
    >>> keys.site_of(["s3cret"])
    'shop'
    >>> WriteKeys({}).site_of([])
    'default'
    """

    def __init__(self, sites: Mapping[str, SecretStr]) -> None:
        self._sites = _encoded(sites)

    @classmethod
    def of(cls, settings: ApiSettings) -> "WriteKeys":
        """Return the keys of the settings; raise `SettingsError` if anybody could write."""
        if not settings.sites and not is_loopback(settings.host):
            raise SettingsError(
                f"api.sites: no write key is configured and api.host is {settings.host}, which "
                "others can reach: set HEADRACE_API__SITES__SHOP=KEY, or listen on 127.0.0.1"
            )
        for site, key in settings.sites.items():
            if not site or not key.get_secret_value():
                raise SettingsError(
                    f"api.sites.{site}: the site and its write key may not be empty"
                )
        return cls(settings.sites)

    @property
    def required(self) -> bool:
        """Whether a key has to be given."""
        return bool(self._sites)

    def site_of(self, given: Iterable[str | None]) -> str:
        """Return the site of the first key that was given; raise a 401 if it is not one of ours."""
        if not self._sites:
            return DEFAULT_SITE
        key = next((key for key in given if key), None)
        if key is None:
            raise ProblemError(
                401,
                "missing-write-key",
                "a write key is needed: as the user name of Basic authentication, "
                "as `writeKey` in the body or in the query",
                _CHALLENGE,
            )
        found = _site_of(key, self._sites)
        if found is None:
            raise ProblemError(
                401, "unknown-write-key", "the write key belongs to no site", _CHALLENGE
            )
        return found


class AdminKey:
    """Who may administer: a bearer token that, unlike a write key, stands in no page of a shop.

    Without a token in the settings anybody may, as long as there are no write keys either, which
    is on loopback only.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self._key = settings.admin_key.get_secret_value().encode("utf-8")
        self._sites = list(settings.sites)

    def site_of(self, header: str | None, site: str | None) -> str:
        """Return the site to administer: the one asked for, or the only one; raise a problem."""
        self._check(header)
        known = self._sites or [DEFAULT_SITE]
        if site is None and len(known) > 1:
            raise ProblemError(
                400, "bad-parameter", f"`site`: say which one of: {', '.join(sorted(known))}"
            )
        chosen = known[0] if site is None else site
        if chosen not in known:
            raise ProblemError(404, "unknown-site", f"there is no site {chosen[:64]!r}")
        return chosen

    def _check(self, header: str | None) -> None:
        if not self._key:
            if not self._sites:
                return
            raise ProblemError(
                403,
                "no-admin-key",
                "nobody may do this as long as api.admin_key is not set; a write key does not do",
            )
        scheme, _, token = (header or "").partition(" ")
        given = token.strip().encode("utf-8", "surrogatepass")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._key):
            raise ProblemError(
                401,
                "wrong-admin-key",
                "the admin key is needed: Authorization: Bearer KEY",
                {"WWW-Authenticate": 'Bearer realm="headrace"'},
            )


class SecretKeys:
    """The secret keys of the sites: for what no page of a shop may do, such as read triggers.

    Where write keys are configured a secret key is needed, and a site without one is closed.

    >>> keys = SecretKeys({"shop": SecretStr("hush")}, required=True)
    >>> keys.site_of("Bearer hush")
    'shop'
    >>> SecretKeys({}, required=False).site_of(None)
    'default'
    """

    def __init__(self, secrets: Mapping[str, SecretStr], required: bool) -> None:
        self._sites = _encoded(secrets)
        self._required = required or bool(secrets)

    @classmethod
    def of(cls, settings: ApiSettings) -> "SecretKeys":
        """Return the keys of the settings; raise `SettingsError` if one is of no use."""
        write = {key.get_secret_value() for key in settings.sites.values()}
        for site, key in settings.secrets.items():
            if site not in (set(settings.sites) or {DEFAULT_SITE}):
                raise SettingsError(f"api.secrets.{site}: there is no such site in api.sites")
            if not key.get_secret_value() or key.get_secret_value() in write:
                raise SettingsError(
                    f"api.secrets.{site}: the secret key may be neither empty nor a write key, "
                    "which every visitor can read"
                )
        return cls(settings.secrets, bool(settings.sites))

    def site_of(self, header: str | None) -> str:
        """Return the site of the key in an `Authorization` header; raise a 401."""
        if not self._required:
            return DEFAULT_SITE
        key = bearer(header) or basic_user(header)
        found = None if key is None else _site_of(key, self._sites)
        if found is None:
            hint = "" if self._sites else "; none is configured: set HEADRACE_API__SECRETS__SITE"
            raise ProblemError(
                401,
                "unknown-secret-key" if key else "missing-secret-key",
                f"the site's secret key is needed, as `Authorization: Bearer KEY`{hint}",
                _BEARER,
            )
        return found


def _encoded(sites: Mapping[str, SecretStr]) -> list[tuple[str, bytes]]:
    return [(site, key.get_secret_value().encode("utf-8")) for site, key in sites.items()]


def _site_of(key: str, sites: Iterable[tuple[str, bytes]]) -> str | None:
    found = None
    candidate = key.encode("utf-8", "surrogatepass")
    for site, known in sites:
        # Every key is compared, each in constant time: the answer's timing tells nothing.
        if hmac.compare_digest(candidate, known):
            found = site
    return found


def bearer(header: str | None) -> str | None:
    """Return the token of a Bearer `Authorization` header; `None` if there is no such.

    >>> bearer("Bearer hush"), bearer("Basic x")
    ('hush', None)
    """
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def basic_user(header: str | None) -> str | None:
    """Return the user name of a Basic `Authorization` header; `None` if there is no such.

    >>> basic_user("Basic czNjcmV0Og=="), basic_user("Bearer x"), basic_user("Basic ?")
    ('s3cret', None, None)
    """
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(encoded, validate=True).decode("utf-8").partition(":")[0] or None
    except (binascii.Error, ValueError):
        return None
