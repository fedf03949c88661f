"""Refused events back through the collector, as whoever sent them first would send them."""

from typing import Any, Final, NamedTuple

import httpx

from cli.errors import CommandError, WrongUseError
from contracts.reject_list import Reject, request_of
from contracts.settings import ApiSettings, Settings

TIMEOUT_S: Final = 30.0
ANY: Final = "any"
"""A key for an API that asks for none."""


class Sent(NamedTuple):
    """What the collector said: whether it took the event, and why not."""

    taken: bool
    why: str = ""


class Collector:
    """The collector of a running API; a context that closes its connections.

    Without a `key`, each event is sent with that of its site in the settings.
    """

    def __init__(self, url: str, api: ApiSettings, key: str | None) -> None:
        self._api = api
        self._given = key
        # A proxy of the environment knows nothing of this machine's ports.
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def send(self, reject: Reject, raw: bytes) -> Sent:
        """Post what was refused, or what it was mended to.

        It keeps its id, so that an event that was taken meanwhile takes no effect twice. Raises
        `CommandError` if nobody answers, or if a key is needed and none is known.
        """
        path, body = request_of(reject, raw)
        key = self._key_of(reject)
        try:
            answer = self._http.post(path, content=body, auth=(key, ""))
        except httpx.TransportError as error:
            raise CommandError(
                f"the API at {self._http.base_url} cannot be reached ({type(error).__name__}): "
                "is it running? --url names another"
            ) from error
        if answer.status_code == httpx.codes.UNAUTHORIZED and key == ANY:
            raise _unknown_key(reject)
        told = _told(answer)
        if answer.status_code == httpx.codes.OK:
            refused = told.get("rejected") or []
            return Sent(not refused, refused[0]["detail"] if refused else "")
        return Sent(False, f"{answer.status_code}: {told.get('detail', answer.text[:200])}")

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _key_of(self, reject: Reject) -> str:
        if self._given is not None:
            return self._given
        if not self._api.asks_for_keys:
            return ANY
        site, keys = reject.record.site, self._api.sites
        if site is None and len(keys) == 1:
            (site,) = keys
        if site is None or site not in keys:
            raise _unknown_key(reject)
        return keys[site].get_secret_value()


def url_of(settings: Settings) -> str:
    """Return where the API of the settings listens."""
    host = settings.api.host
    # Nothing is bound here: what listens everywhere is asked on this machine.
    everywhere = host in ("", "0.0.0.0", "::")  # nosec B104
    return f"http://{'127.0.0.1' if everywhere else host}:{settings.api.port}"


def _unknown_key(reject: Reject) -> WrongUseError:
    site = reject.record.site
    of = f"{site} has" if site is not None else "it is of no site, and there is"
    return WrongUseError(
        f"{reject.id}: the API asks for a write key: give one with --key. {of} none in api.sites, "
        "and of those that `headrace keys create` made only hashes are kept"
    )


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        told: Any = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
