"""The HTTP service as a child process."""

import http.client
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.children import Child

SERVICE: Final = (sys.executable, "-P", "-m", "api.main")
WEBHOOKS: Final = (sys.executable, "-P", "-m", "api.webhooks")
ASK_SECONDS: Final = 2.0


class Service:
    """Starts the API and asks it whether it is ready."""

    def __init__(
        self,
        host: str,
        port: int,
        log: Path,
        environ: Mapping[str, str],
        command: Sequence[str | Path] = SERVICE,
        hold: Sequence[int] = (),
    ) -> None:
        self._host = reachable(host)
        self._port = port
        self._child = Child("api", command, log, environ, hold)

    @property
    def url(self) -> str:
        """Where it serves, as seen from this machine."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> Sequence[Child]:
        """Start the process."""
        self._child.start()
        return [self._child]

    def ready(self) -> bool:
        """Tell whether `/readyz` answers 200."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=ASK_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def reachable(host: str) -> str:
    """Return an address of this machine that reaches what is bound to `host`.

    >>> reachable("0.0.0.0"), reachable("::"), reachable("10.0.0.7")
    ('127.0.0.1', '::1', '10.0.0.7')
    """
    everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # nosec B104  # no bind
    return everywhere.get(host, host)
