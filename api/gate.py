"""Who may do what: every route that is not open asks the gate, which knows the keys."""

import logging
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from fastapi import Request

from api.auth import in_header, in_query
from api.doors import RATE
from api.held import Held, configured, find
from api.problems import ProblemError
from api.rates import WINDOW_SECONDS, Rate, address_name
from api.scopes import SCOPES, Scope
from contracts.access import SECRET_SCOPES, WRITE_SCOPES, ApiKey, digest_of, id_of
from contracts.keys import DEFAULT_SITE
from contracts.logs import bind
from contracts.settings import ApiSettings

_BASIC: Final = {"WWW-Authenticate": 'Basic realm="headrace write key", charset="UTF-8"'}
_BEARER: Final = {"WWW-Authenticate": 'Bearer realm="headrace"'}
ANYBODY: Final = "anybody"
SITE: Final = "headrace.site"
"""Of a request's scope: the site that it was let in to."""

logger = logging.getLogger("headrace.api")


class Grant(NamedTuple):
    """What a request may do: act for `site`. `key` names the key that says so.

    `public`: the key stands in pages, so that its word is anybody's. `operator`: of all sites.
    """

    site: str
    key: str = ANYBODY
    public: bool = False
    operator: bool = False


class Gate:
    """The keys in force: those of the settings, and those of the store as they were last read.

    Without any site in the settings, which is on loopback only, everybody may do anything but what
    a secret or an admin key was set for. Raises `SettingsError`.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self.sites = settings.known_sites
        self.asks = settings.asks_for_keys
        self._configured = configured(settings)
        self._stored: dict[str, Held] = {}
        self._read = False
        self.origins: frozenset[str] = frozenset()
        """Those that keys of the store are bound to."""
        self.by_key = Rate("key", settings.key_rate)
        self.by_address = Rate("address", settings.address_rate)
        self._closed: frozenset[str] = frozenset()
        if not self.asks:
            set_for = frozenset().union(*(one.scopes for one in self._configured))
            self._closed = set_for - {*WRITE_SCOPES, "profile:read"}

    def learn(self, keys: Sequence[ApiKey]) -> None:
        """Take the keys of the store for those in force."""
        alive = [key for key in keys if key.revoked is None]
        known = {key.id: Held.of(key) for key in alive if key.site in self.sites}
        if known != self._stored:
            logger.info("%d keys of the store are in force", len(known))
            lost = sorted({key.site for key in alive} - set(self.sites))
            if lost and self.asks:
                logger.warning("keys of sites that api.site_names does not name: %s", lost)
        self._stored, self._read = known, True
        self.origins = frozenset().union(*(one.origins for one in known.values()))

    def admit(self, request: Request, in_body: Callable[[], str | None] | None = None) -> Grant:
        """Return what a request may do on its route; raise a 401, 403, or 503.

        `in_body` finds a write key in the body, where the route allows that.
        """
        if not self.asks and not self._closed:
            return Grant(self._known_site(_asked_site(request)), operator=True)
        scope = scope_of(request)
        if not self.asks and scope not in self._closed:
            return Grant(self._known_site(_asked_site(request)), operator=True)
        try:
            held = self._held(request, scope, in_body)
        except ProblemError:
            self._count(request, self.by_address, _address(request))
            raise
        if held.public:
            self._count(request, self.by_address, _address(request))
        self._count(request, self.by_key, held.name)
        if scope not in held.scopes:
            raise ProblemError(403, "wrong-scope", f"{_needed(scope)}; this key does not open it")
        _check_origin(request, held)
        site = self._site(request, held)
        return Grant(site, held.name, held.public, held.site is None)

    def _count(self, request: Request, rate: Rate, name: str) -> None:
        """Count a request; raise a 429 if it is one too many."""
        if not rate.limit:
            return
        verdict = rate.hit(name)
        request.scope[RATE] = verdict.headers
        if verdict.left < 0:
            raise ProblemError(
                429,
                "too-many-requests",
                f"at most {verdict.limit:,} requests in {WINDOW_SECONDS} s by one {rate.policy}; "
                f"the next ones are taken in {verdict.seconds} s",
                {"Retry-After": str(verdict.seconds)},
            )

    def _held(
        self, request: Request, scope: Scope, in_body: Callable[[], str | None] | None
    ) -> Held:
        text, in_page = in_header(request), False
        if text is None:
            in_page = True
            text = in_query(request) or (in_body() if in_body is not None else None)
        if not text:
            raise _refused("missing", scope)
        held = self._known(text)
        if held is None:
            raise _refused("unknown", scope)
        if in_page and not held.is_write:
            raise ProblemError(
                401,
                "misplaced-key",
                "a secret key goes into the Authorization header: addresses and bodies are kept "
                "in many logs. Make another and revoke this one",
                _BEARER,
            )
        return held

    def _known(self, text: str) -> Held | None:
        digest, id_ = digest_of(text), id_of(text)
        if id_ is None:
            return find(digest, self._configured)
        if not self._read:
            raise ProblemError(
                503, "keys-unknown", "the keys cannot be read yet; ask again", {"Retry-After": "1"}
            )
        one = self._stored.get(id_)
        return find(digest, () if one is None else (one,))

    def _site(self, request: Request, held: Held) -> str:
        asked = _asked_site(request)
        if held.site is not None:
            if asked not in (None, held.site):
                # The same whether there is such a site or not.
                raise ProblemError(404, "unknown-site", f"there is no site {asked[:64]!r} for you")
            return held.site
        return self._known_site(asked)

    def _known_site(self, asked: str | None) -> str:
        """Return the site that who may speak of all of them asks about."""
        if asked is None and len(self.sites) > 1:
            names = ", ".join(sorted(self.sites))
            raise ProblemError(400, "bad-parameter", f"`site`: say which one of: {names}")
        chosen = self.sites[0] if asked is None else asked
        if chosen not in self.sites:
            only = "" if self.asks else f": no site is configured, and all is of {DEFAULT_SITE!r}"
            raise ProblemError(404, "unknown-site", f"there is no site {chosen[:64]!r}{only}")
        return chosen


def gate_of(request: Request) -> Gate:
    """Return what the application keeps in `app.state.gate`."""
    gate: Gate = request.app.state.gate
    return gate


def admit(request: Request, in_body: Callable[[], str | None] | None = None) -> Grant:
    """Return what a request may do; see `Gate.admit`. Lines of the log name site and key."""
    grant = gate_of(request).admit(request, in_body)
    request.scope[SITE] = grant.site
    bind(site=grant.site, key=grant.key)
    return grant


def scope_of(request: Request) -> Scope:
    """Return what the route of a request is for."""
    return SCOPES[f"{request.method} {request.scope['route'].path}"]


def _asked_site(request: Request) -> str | None:
    return request.query_params.get("site") if request.scope["query_string"] else None


def _address(request: Request) -> str:
    client = request.client
    return address_name(client.host if client is not None else "")


def _check_origin(request: Request, held: Held) -> None:
    if not held.origins:
        return
    origin = request.headers.get("origin")
    # A page says no origin where it reads from its own host.
    if origin in held.origins or (origin is None and request.method in ("GET", "HEAD")):
        return
    raise ProblemError(403, "wrong-origin", "this key is for the pages of other origins")


def _needed(scope: Scope) -> str:
    return f"a key with the scope {scope} is needed"


def _refused(why: str, scope: Scope) -> ProblemError:
    if scope in WRITE_SCOPES:
        detail = (
            "a write key is needed: as the user name of Basic authentication, "
            "as `writeKey` in the body or in the query"
        )
        if why == "unknown":
            detail = "the write key belongs to no site"
        return ProblemError(401, f"{why}-write-key", detail, _BASIC)
    by = "the site's secret key"
    if scope not in SECRET_SCOPES:
        by = f"the admin key, or one with the scope {scope},"
    detail = f"{by} is needed, as `Authorization: Bearer KEY`"
    return ProblemError(401, f"{why}-secret-key", detail, _BEARER)
