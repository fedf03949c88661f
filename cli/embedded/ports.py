"""Free ports, and waiting until a server of ours takes connections."""

import socket
import time
from typing import Final

from cli.children import Child, ChildError

LOOPBACK: Final = "127.0.0.1"
POLL_SECONDS: Final = 0.005


def free_port(host: str = LOOPBACK) -> int:
    """Return a TCP port that nobody listens on now; another process may still take it first."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are only closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def await_listening(child: Child, port: int, seconds: float) -> None:
    """Wait until `child` takes connections on `port`; raise `ChildError` if it dies or hangs."""
    deadline = time.monotonic() + seconds
    while child.running:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                child.kill()
                raise ChildError(
                    f"{child.name} does not listen on {LOOPBACK}:{port} after {seconds:.0f} s; "
                    f"its log: {child.log}"
                ) from None
            time.sleep(POLL_SECONDS)
    raise ChildError(
        f"{child.name} ended with code {child.exit_code} at its start ({child.log}): "
        f"{child.log_tail(1)}"
    )
