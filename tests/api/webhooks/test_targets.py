"""Where webhooks do not go, however it is spelled, and what names mean when they are used."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.webhooks.addresses import Allowed
from api.webhooks.sending import Outcome, Sender
from api.webhooks.targets import CheckedNames, RefusedTargetError, Targets
from contracts.settings import Settings, SettingsError, WebhookSettings
from tests.api.webhooks.receiver import receiving

SECRET = "whsec_" + "bmV3" * 8

HOSTILE = """
127.0.0.1 127.1 127.0.1 127.255.255.254 127.0.0.1. 2130706433 017700000001 0x7f000001 0x7f.0.0.1
0x7f.1 0177.0.0.1 0177.1 0000177.0.0.01 0.0.0.0 0 0.1.2.3 00000000000 10.0.0.1 10.255.255.255
012.0.0.1 167772161 0xa.0.0.1 172.16.0.1 172.31.255.255 0xac100001 192.168.0.1 192.168.257
3232235777 0xc0a80101 0300.0250.1.1 169.254.169.254 169.254.0.1 2852039166 0xa9fea9fe
0251.0376.0251.0376 169.254.43518 100.64.0.1 100.127.255.255 192.0.0.1 192.0.0.170 192.0.2.1
192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
240.0.0.1 255.255.255.255 4294967295 [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1]
[::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:192.168.1.1] [::ffff:169.254.169.254]
[::ffff:a9fe:a9fe] [0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [::ffff:0:127.0.0.1]
[64:ff9b::127.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::1] [100::1] [fc00::1] [fd00:ec2::254]
[fdff:ffff::1] [fe80::1] [febf::1] [fec0::1] [ff02::1] [ff0e::1] [2001::1] [2001:10::1]
[2001:db8::1] [2002:7f00:1::] [2002:a00:1::1] [3fff::1] [5f00::1]
""".split()  # noqa: SIM905  # one list of words

MALFORMED = [
    "file:///etc/passwd",
    "gopher://93.184.215.14/",
    "ftp://93.184.215.14/",
    "javascript:alert(1)",
    "//93.184.215.14/",
    "/hooks",
    "",
    "https://",
    "https:///hooks",
    "https://user@93.184.215.14/",
    "https://user:secret@93.184.215.14/",
    "https://93.184.215.14@127.0.0.1/",
    "https://93.184.215.14/#@127.0.0.1",
    "https://93.184.215.14:99999/",
    "https://a\r\nb.example/",
    "https://a.example/\x00",
    "https://[::1",
    "https://" + "a" * 3_000 + ".example/",
    "http://93.184.215.14/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
]


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """Something on this machine that must not be reached: its port, and who reached it."""
    reached: list[object] = []
    with socket.create_server(("", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                reached.append(address)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], reached
        stop.set()
        thread.join()


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 60


def test_no_address_of_ours_is_reached_however_it_is_spelled(
    listener: tuple[int, list[object]],
) -> None:
    port, reached = listener
    targets = Targets(WebhookSettings())

    async def look_up(host: str) -> None:
        """What a name leads to, past the check that a URL gets when it is given."""
        bare = host.strip("[]")
        # Some systems know a spelling for an address, and some for none.
        with pytest.raises((RefusedTargetError, socket.gaierror), match=r"not go there|not known"):
            await targets.addresses(bare, port, plain=False)

    for host in HOSTILE:
        with pytest.raises(RefusedTargetError, match="address"):
            targets.check_url(f"https://{host}:{port}/")
        asyncio.run(look_up(host))
    assert reached == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "fd00::1"])
def test_a_name_that_leads_to_one_is_refused_when_it_is_connected_to(
    host: str, listener: tuple[int, list[object]]
) -> None:
    port, reached = listener
    targets = Targets(WebhookSettings(), lambda name, _: [host])
    outcome = send(targets, f"https://innocent.example:{port}/hooks")
    assert outcome.error.startswith(f"innocent.example is {host}, ")
    assert reached == []


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_no_address_of_a_webhook_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(RefusedTargetError):
        Targets(WebhookSettings()).check_url(url)


@pytest.mark.parametrize(
    "host",
    ["93.184.215.14", "1.1.1.1", "[2606:4700:4700::1111]", "[64:ff9b::101:101]", "shop.example"],
)
def test_public_hosts_are_taken(host: str) -> None:
    assert Targets(WebhookSettings()).check_url(f"https://{host}/hooks?a=b").host


def test_a_name_that_means_another_address_every_time_gains_nothing(
    listener: tuple[int, list[object]],
) -> None:
    """DNS rebinding: what was looked up and checked is what is connected to, and nothing else."""
    _, reached = listener
    with receiving() as receiver:
        receiver.secrets = [SECRET]
        answers = [["127.0.0.1"], ["10.0.0.1"], ["127.0.0.2"], ["192.168.0.1"]]
        asked: list[str] = []

        def lookup(host: str, _: int) -> list[str]:
            asked.append(host)
            return answers[(len(asked) - 1) % len(answers)]

        # Only the receiver's own address is allowed; the name says it first, and others then.
        targets = Targets(WebhookSettings(allow=["127.0.0.1/32"]), lookup)
        there = receiver.url.replace("127.0.0.1", "shifting.example")
        outcomes = [send(targets, there) for _ in range(4)]
        assert [outcome.delivered for outcome in outcomes] == [True, False, False, False]
        assert asked == ["shifting.example"] * 4, "one look-up for each connection"
        assert receiver.ids == ["t1"]
        assert receiver.unverified == 0
    assert reached == []


def test_of_several_addresses_only_the_good_ones_are_tried() -> None:
    with receiving() as receiver:
        receiver.secrets = [SECRET]
        found = ["10.0.0.1", "169.254.169.254", "127.0.0.1"]
        targets = Targets(WebhookSettings(allow=["127.0.0.0/8"]), lambda *_: found)
        assert send(targets, receiver.url.replace("127.0.0.1", "many.example")).delivered


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_the_certificate_is_that_of_the_name_although_an_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    settings = WebhookSettings(allow=["127.0.0.0/8"])
    with receiving(context) as receiver:
        receiver.secrets = [SECRET]

        def outcome(name: str) -> Outcome:
            targets = Targets(settings, lambda *_: ["127.0.0.1"])
            return send(targets, receiver.url.replace("127.0.0.1", name), seconds=10.0)

        assert "certificate verify failed" in outcome("hooks.example").error
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert outcome("hooks.example").delivered
        assert "certificate is not valid for 'other.example'" in outcome("other.example").error
    assert receiver.ids == ["t1"]


@pytest.mark.parametrize("plain", [True, False])
def test_what_is_about_to_be_connected_to_is_checked_once_more(plain: bool) -> None:
    names = CheckedNames(Targets(WebhookSettings()), plain=plain)
    for host in ("127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "169.254.169.254"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        address = (family, socket.SOCK_STREAM, 0, "", (host, 80))
        with pytest.raises(OSError, match="webhooks do not go there"):
            names.open_socket(address)


def test_plain_http_goes_only_where_the_settings_say() -> None:
    targets = Targets(WebhookSettings(allow=["127.0.0.0/8"]), lambda *_: ["93.184.215.14"])
    assert "http:// needs that" in send(targets, "http://shop.example/").error
    with pytest.raises(RefusedTargetError, match=r"webhooks\.allow"):
        Targets(WebhookSettings()).check_url("http://shop.example/")


def test_a_name_that_nobody_knows_or_that_takes_long_is_a_failure() -> None:
    def unknown(*_: object) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    release = threading.Event()

    def slow(*_: object) -> list[str]:
        release.wait(30)
        return []

    settings = WebhookSettings()
    assert "Name or service" in send(Targets(settings, unknown), "https://a.example/").error
    try:
        assert "no answer within" in send(Targets(settings, slow), "https://a.example/").error
    finally:
        release.set()


def test_a_name_server_that_hangs_holds_one_thread_for_a_name() -> None:
    release, asked = threading.Event(), []  # type: ignore[var-annotated]  # of names

    def slow(host: str, _: int) -> list[str]:
        asked.append(host)
        release.wait(30)
        return ["10.0.0.1"]

    async def scenario() -> list[Outcome]:
        targets = Targets(WebhookSettings(), slow)
        senders = [Sender("https://a.example/", targets, 0.2) for _ in range(20)]
        sent = [sender.send("t1", b"{}", [SECRET]) for sender in senders]
        outcomes = await asyncio.gather(*sent)
        release.set()
        for sender in senders:
            await sender.aclose()
        return outcomes

    assert {outcome.error for outcome in asyncio.run(scenario())} == {"no answer within 0.2 s"}
    assert asked == ["a.example"]


def test_what_is_allowed_has_to_be_networks() -> None:
    with pytest.raises(SettingsError, match=r"webhooks\.allow.*host bits"):
        Settings.load(overrides={"webhooks.allow": ["127.0.0.1/8"]})
    assert Allowed(["fd00::/8"]).refusal("fd12::1") is None


def send(targets: Targets, url: str, seconds: float = 0.5) -> Outcome:
    async def attempt() -> Outcome:
        sender = Sender(url, targets, seconds)
        try:
            return await sender.send("t1", b'{"id":"t1"}', [SECRET])
        finally:
            await sender.aclose()

    return asyncio.run(attempt())
