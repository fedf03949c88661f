"""Free ports, and waiting until a server of ours takes connections."""

import os
import secrets
import socket
import time
from typing import Final

from cli.children import Child, ChildError

LOOPBACK: Final = "127.0.0.1"
POLL_SECONDS: Final = 0.005
SERVER_PORTS: Final = range(20_000, 28_000)
LINK_PORTS: Final = range(28_000, 32_000)
"""Of the workers' links to each other, and of nothing else: a client that looks for a server which
is gone, and finds a worker on its port, would take down the worker's cluster."""

TRIES: Final = 50


def free_port(host: str = LOOPBACK, ports: range = SERVER_PORTS) -> int:
    """Return a TCP port that nobody listens on now; another process may still take it first.

    Not one of those that the system gives to outgoing connections: between this answer and the
    server's start some client, perhaps one of ours, would be given it.
    """
    for _ in range(TRIES):
        port = secrets.choice(ports)
        if is_free(port, host):
            return port
    with _bound(host, 0) as probe:
        found: int = probe.getsockname()[1]
        return found


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on `port` now."""
    return why_not(port, host) is None


def why_not(port: int, host: str = LOOPBACK) -> str | None:
    """Return why a server cannot listen there now, or None if it can."""
    try:
        _bound(host, port).close()
    except socket.gaierror as error:
        return error.strerror
    except OSError as error:
        return os.strerror(error.errno or 0)
    return None


def _bound(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    probe = socket.socket(family, kind, protocol)
    # As servers do: a port whose last connections are only closing is free.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(address)
    except BaseException:
        probe.close()
        raise
    return probe


def await_listening(child: Child, port: int, seconds: float) -> None:
    """Wait until `child` takes connections on `port`; raise `ChildError` if it dies or hangs."""
    deadline = time.monotonic() + seconds
    while child.running:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise ChildError(
                    f"{child.name} does not listen on {LOOPBACK}:{port} after {seconds:.0f} s; "
                    f"its log: {child.log}"
                ) from None
            time.sleep(POLL_SECONDS)
    raise ChildError(
        f"{child.name} ended with code {child.exit_code} at its start ({child.log}): "
        f"{child.log_tail(1)}"
    )
