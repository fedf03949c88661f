"""A receiver of webhooks as a subscriber would write it: with `standardwebhooks`, and no more."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Verifies each delivery, and answers as the receiver says."""

    protocol_version = "HTTP/1.1"
    receiver: "Receiver"

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) == length:  # else its sender died within it
            self.receiver.take(self, body)

    def do_GET(self) -> None:
        self.receiver.got.append(self.path)
        self.say(200)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Receiver:
    """What came, by the secret that verified it; `replies` are used up, then it is 204."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.secrets: list[str] = []
        self.replies: list[Reply] = []
        self.always: Reply = lambda handler: handler.say(204)
        self.ids: list[str] = []
        self.bodies: dict[str, set[bytes]] = {}
        self.verified_by: list[list[str]] = []
        self.unverified = 0
        self.got: list[str] = []
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()
        kind = type("Bound", (Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", 0), kind)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/hooks"

    def take(self, handler: Handler, body: bytes) -> None:
        good = []
        for secret in self.secrets:
            try:
                event = Webhook(secret).verify(body, dict(handler.headers.items()))
            except Exception:
                continue
            assert event["id"] == handler.headers["webhook-id"]
            good.append(secret)
        with self._lock:
            self.unverified += not good
            self.ids.append(handler.headers["webhook-id"])
            self.bodies.setdefault(self.ids[-1], set()).add(body)
            self.verified_by.append(good)
            reply = self.replies.pop(0) if self.replies else self.always
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            reply(handler)
        except OSError:
            handler.close_connection = True
        finally:
            with self._lock:
                self.under_way -= 1


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive on a free port."""
    receiver = Receiver(tls)
    thread = threading.Thread(target=receiver._server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver._server.shutdown()
        thread.join()
        receiver._server.server_close()


def status(code: int, **headers: str) -> Reply:
    return lambda handler: handler.say(code, **headers)


def hang(release: threading.Event) -> Reply:
    """Answer 200 once released, however late."""

    def reply(handler: Handler) -> None:
        release.wait(60)
        handler.say(200)

    return reply


def huge(size: int, sent: list[int]) -> Reply:
    """Answer so many bytes; note how many were taken."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        block = b"x" * 65_536
        for _ in range(size // len(block)):
            handler.wfile.write(block)
            sent.append(len(block))

    return reply


def drip(handler: Handler) -> None:
    """Send a byte of the head now and then, and never the end."""
    import time

    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1_000:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.02)
