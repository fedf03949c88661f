"""What an address that a server listens on means."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach what is bound to `host`.

    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "shop.local")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
