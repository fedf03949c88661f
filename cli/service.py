"""The HTTP service as a child process."""

import http.client
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.children import Child, ChildError, PermanentError
from cli.embedded.ports import why_not
from contracts.launch import INSTANCE, INSTANCE_HEADER

SERVICE: Final = (sys.executable, "-P", "-m", "api.main")
WEBHOOKS: Final = (sys.executable, "-P", "-m", "api.webhooks")
ASK_SECONDS: Final = 2.0


class Service:
    """Starts the API and asks it whether it is ready.

    Another engine may have been given the same port, and answer in its place: what is asked is
    known by the name that this one was given.
    """

    def __init__(
        self,
        host: str,
        port: int,
        log: Path,
        environ: Mapping[str, str],
        command: Sequence[str | Path] = SERVICE,
        hold: Sequence[int] = (),
    ) -> None:
        self._listens = host
        self._host = reachable(host)
        self._port = port
        self._instance = secrets.token_hex(8)
        self._served = False
        environ = {**environ, INSTANCE: self._instance}
        self._child = Child("api", command, log, environ, hold)

    @property
    def url(self) -> str:
        """Where it serves, as seen from this machine."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> Sequence[Child]:
        """Start the process; raise `ChildError` when its port is taken, for good at first."""
        if reason := why_not(self._port, self._listens):
            # Once it has served, whoever has the port now may go again.
            kind = ChildError if self._served else PermanentError
            raise kind(no_listening(self._listens, self._port, reason))
        self._child.start()
        return [self._child]

    def ready(self) -> bool:
        """Tell whether `/readyz` answers 200, and it is ours that answers."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=ASK_SECONDS)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            ours = answer.getheader(INSTANCE_HEADER) == self._instance
            ready = ours and answer.status == http.HTTPStatus.OK
            self._served = self._served or ready
            return ready
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def no_listening(host: str, port: int, reason: str) -> str:
    """Return what is said of a port that the API cannot have."""
    return f"the API cannot listen on {host}:{port}: {reason}; choose another with --port"


def reachable(host: str) -> str:
    """Return an address of this machine that reaches what is bound to `host`.

    >>> reachable("0.0.0.0"), reachable("::"), reachable("10.0.0.7")
    ('127.0.0.1', '::1', '10.0.0.7')
    """
    everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # nosec B104  # no bind
    return everywhere.get(host, host)
