"""A page of one's own beside Headrace: serves `index.html`, hands the rest on.

    python examples/page/serve.py 8080 http://127.0.0.1:8000

In production those are rules of the web server that there is (`location /v1/ { proxy_pass ...; }`,
and the same of `/web/headrace.js`): the page and the API have one origin, so a browser needs no
permission of another.
"""

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
HEADRACE = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000"
PAGE = Path(__file__).with_name("index.html")
HANDED_ON = re.compile(
    r"/v1/(users/[^/?]+/recommendations|items|events|batch)(\?|$)|/web/headrace\.js$"
)
"""Profiles and the like are not for a page: whoever can open it could ask for anybody's."""


class Shop(BaseHTTPRequestHandler):
    """The page at `/`; of Headrace what a visitor's browser needs, and nothing else."""

    def do_GET(self) -> None:  # the name that the library calls
        """Answer the page, or hand the question on."""
        if self.path.partition("?")[0] == "/":
            self.answer(200, "text/html; charset=utf-8", PAGE.read_bytes())
        else:
            self.hand_on(None)

    def do_POST(self) -> None:  # the name that the library calls
        """Hand on what a visitor did."""
        self.hand_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def hand_on(self, body: bytes | None) -> None:
        """Ask Headrace, and answer what it answers."""
        if not HANDED_ON.match(self.path):
            self.answer(404, "text/plain", b"there is nothing here")
            return
        names = [name for name in ("Authorization", "Content-Type") if name in self.headers]
        asked = Request(HEADRACE + self.path, body, {name: self.headers[name] for name in names})
        try:
            with urlopen(asked, timeout=10) as told:
                self.answer(told.status, told.headers["Content-Type"], told.read())
        except HTTPError as told:
            self.answer(told.code, told.headers["Content-Type"], told.read())
        except OSError as error:
            self.answer(502, "text/plain", f"{HEADRACE} cannot be reached: {error}".encode())

    def answer(self, status: int, type_: str, body: bytes) -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is on the page."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Shop)
    print(f"my shop http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
