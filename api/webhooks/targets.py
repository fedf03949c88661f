"""Where webhooks go: the address is checked when the connection is made, and nothing else is used.

A name may mean another address a moment later (DNS rebinding), so it is looked up once for each
connection, and the connection goes to an address that was checked. TLS still proves the name.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from ipaddress import ip_address
from typing import Final

import httpx
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from api.webhooks.addresses import Allowed
from contracts.settings import WebhookSettings

MAX_URL: Final = 2_048
LOOKUPS: Final = 128
"""Names that are looked up at a time. A look-up that hangs holds a thread until the system gives up
on it: one thread for each name, however often it is asked for."""

Lookup = Callable[[str, int], list[str]]


class RefusedTargetError(ValueError):
    """A target that may not be used: why, and what to give instead."""


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system sees it; blocks. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Targets:
    """Checks targets against the settings. Certificates are checked by what `SSL_CERT_FILE` and
    `SSL_CERT_DIR` name, else by those of the package `certifi`.
    """

    def __init__(self, settings: WebhookSettings, lookup: Lookup = look_up) -> None:
        self._allowed = Allowed(settings.allow)
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(LOOKUPS, "webhook-lookup")
        self._under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """What certificates are checked by; it takes 20 ms to make."""
        return httpx.create_ssl_context()

    def check_url(self, text: str) -> httpx.URL:
        """Return the URL of a webhook; raise `RefusedTargetError` if it can be seen to be wrong.

        Names are not looked up here: that is done for each connection.
        """
        if len(text) > MAX_URL:
            raise RefusedTargetError(f"expected a URL of at most {MAX_URL:,} characters")
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, ValueError) as error:
            raise RefusedTargetError(f"is not a URL: {error}") from None
        good_port = url.port is None or 1 <= url.port <= 65_535
        if url.scheme not in ("https", "http") or not url.host or not good_port:
            raise RefusedTargetError("expected a URL like https://shop.example/hooks")
        if url.userinfo or url.fragment:
            raise RefusedTargetError("a URL with a user or a fragment is not taken")
        if url.scheme == "http" and not self._allowed.any:
            raise RefusedTargetError(
                "expected https://; http:// goes only to networks that webhooks.allow names"
            )
        address = _literal(url.host)
        if address is not None:
            self.check(url.host, [address], plain=url.scheme == "http")
        return url

    async def addresses(self, host: str, port: int, *, plain: bool) -> list[str]:
        """Return the addresses of a host that may be connected to, the system's first choice first.

        `plain` is for connections without TLS. Raises `RefusedTargetError` if there is none,
        `OSError` if the name is not known.
        """
        try:
            found = await asyncio.shield(self._asked(host, port))
        except UnicodeError:
            raise RefusedTargetError(f"{host[:64]!a} is not the name of a host") from None
        return self.check(host, found, plain=plain)

    def _asked(self, host: str, port: int) -> "asyncio.Future[list[str]]":
        """Return the look-up of a host that is under way, or a new one."""
        found = self._under_way.get((host, port))
        if found is None:
            loop = asyncio.get_running_loop()
            found = loop.run_in_executor(self._threads, self._lookup, host, port)
            self._under_way[host, port] = found
            found.add_done_callback(lambda done: self._answered(host, port, done))
        return found

    def _answered(self, host: str, port: int, done: "asyncio.Future[list[str]]") -> None:
        del self._under_way[host, port]
        if not done.cancelled():
            done.exception()  # whoever asked may have gone

    def check(self, host: str, addresses: Iterable[str], *, plain: bool) -> list[str]:
        """Return those addresses that may be connected to; raise if it is none."""
        why, good = "has no address", []
        for address in addresses:
            refusal = self._allowed.refusal(address)
            if refusal is None and plain and not self._allowed.listed(address):
                refusal = "an address that webhooks.allow does not name, and http:// needs that"
            if refusal is None:
                good.append(address)
            else:
                why = f"is {address}, {refusal}" if address != host else f"is {refusal}"
        if not good:
            raise RefusedTargetError(f"{host[:255]} {why}: webhooks do not go there")
        return good


class CheckedNames(AbstractResolver):
    """Resolves names to addresses that may be connected to, and to no others."""

    def __init__(self, targets: Targets, *, plain: bool) -> None:
        self._targets = targets
        self._plain = plain

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses; raise `RefusedTargetError` if there is none."""
        found = await self._targets.addresses(host, port, plain=self._plain)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Hold nothing."""

    def open_socket(self, address: AddrInfoType) -> socket.socket:
        """Return a socket for an address that is about to be connected to; raise `OSError`.

        It is checked once more: an address that stands in a URL is not resolved at all.
        """
        family, kind, protocol, _, where = address
        try:
            self._targets.check(str(where[0]), [str(where[0])], plain=self._plain)
        except RefusedTargetError as error:
            raise OSError(str(error)) from None
        return socket.socket(family, kind, protocol)


def _literal(host: str) -> str | None:
    """Return the address that a host spells in any of the ways that systems understand.

    >>> _literal("2130706433"), _literal("0x7f.1"), _literal("0177.0.0.1"), _literal("a.example")
    ('127.0.0.1', '127.0.0.1', '127.0.0.1', None)
    """
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError):
        return None
