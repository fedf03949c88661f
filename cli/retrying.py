"""Refused events back through the collector, as whoever sent them first would send them."""

from typing import Any, Final, NamedTuple

import httpx
from pydantic import SecretStr

from cli.errors import CommandError, WrongUseError
from contracts.reject_list import Reject, request_of
from contracts.settings import Settings

TIMEOUT_S: Final = 30.0


class Sent(NamedTuple):
    """What the collector said: whether it took the event, and why not."""

    taken: bool
    why: str = ""


class Collector:
    """The collector of a running API; a context that closes its connections."""

    def __init__(self, url: str, keys: dict[str, SecretStr], key: str | None) -> None:
        self._keys = keys
        self._key = key
        # A proxy of the environment knows nothing of this machine's ports.
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def send(self, reject: Reject, raw: bytes) -> Sent:
        """Post what was refused, or what it was mended to; raise `CommandError` if nobody answers.

        It keeps its id, so that an event which was taken meanwhile takes no effect twice.
        """
        path, body = request_of(reject, raw)
        try:
            answer = self._http.post(path, content=body, auth=(self._key_of(reject), ""))
        except httpx.TransportError as error:
            raise CommandError(
                f"the API at {self._http.base_url} cannot be reached ({type(error).__name__}): "
                "is it running? --url names another"
            ) from error
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
        if self._key is not None:
            return self._key
        site = reject.record.site
        if not self._keys:
            return "any"
        if site is None and len(self._keys) == 1:
            (key,) = self._keys.values()
            return key.get_secret_value()
        if site is None or site not in self._keys:
            raise WrongUseError(f"{reject.id}: which write key? Give --key (its site is {site})")
        return self._keys[site].get_secret_value()


def url_of(settings: Settings) -> str:
    """Return where the API of the settings listens."""
    host = settings.api.host
    # Nothing is bound here: what listens everywhere is asked on this machine.
    everywhere = host in ("", "0.0.0.0", "::")  # nosec B104
    return f"http://{'127.0.0.1' if everywhere else host}:{settings.api.port}"


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        told: Any = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
