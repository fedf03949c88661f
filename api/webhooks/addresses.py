"""Which addresses a webhook may go to: public ones, and what the settings allow.

Source: IANA's registries of special-purpose IPv4 and IPv6 addresses. The standard library's
`is_global` follows them, but not the same in every patch release, so the networks stand here.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

_NOT_PUBLIC: Final = {
    ip_network(network): what
    for what, networks in {
        "an unspecified": ("0.0.0.0/8",),
        "a loopback": ("127.0.0.0/8",),
        "a private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
        "a link-local": ("169.254.0.0/16",),
        "a multicast": ("224.0.0.0/4",),
        "a reserved": (
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    }.items()
    for network in networks
}
_PUBLIC_V6: Final = ip_network("2000::/3")
_OTHER_V6: Final = {
    ip_network("::/128"): "an unspecified",
    ip_network("::1/128"): "a loopback",
    ip_network("fc00::/7"): "a private",
    ip_network("fe80::/10"): "a link-local",
    ip_network("ff00::/8"): "a multicast",
}
_NAT64: Final = ip_network("64:ff9b::/96")


class Allowed:
    """Tells which addresses may be connected to.

    >>> allowed = Allowed([])
    >>> allowed.refusal("93.184.215.14"), allowed.refusal("::ffff:10.0.0.1")
    (None, 'a private address')
    >>> Allowed(["127.0.0.0/8"]).refusal("127.0.0.1")
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(network) for network in networks]

    @property
    def any(self) -> bool:
        """Whether the settings allow anything that is not public."""
        return bool(self._networks)

    def listed(self, text: str) -> bool:
        """Tell whether the settings allow an address by name."""
        address = plain(text)
        return any(address in network for network in self._networks)

    def refusal(self, text: str) -> str | None:
        """Return why an address may not be connected to; None if it may."""
        return None if self.listed(text) else _why_not(plain(text))


def plain(text: str) -> Address:
    """Return an address; one that stands for an IPv4 address as that, without its zone.

    >>> plain("::ffff:127.0.0.1"), plain("64:ff9b::a00:1"), plain("fe80::1%eth0")
    (IPv4Address('127.0.0.1'), IPv4Address('10.0.0.1'), IPv6Address('fe80::1'))
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _why_not(address: Address) -> str | None:
    for network, what in _NOT_PUBLIC.items():
        if address in network:
            return f"{what} address"
    if isinstance(address, IPv4Address) or address in _PUBLIC_V6:
        return None
    kinds = (what for network, what in _OTHER_V6.items() if address in network)
    return f"{next(kinds, 'a reserved')} address"
