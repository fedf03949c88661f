"""Small programs that stand in for a worker and others: what the supervisor sees of them."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import FrameType

from contracts.launch import INSTANCE, INSTANCE_HEADER, Launch
from storage.connection import connect


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.send_header(INSTANCE_HEADER, os.environ[INSTANCE])
        self.end_headers()


def worker(launch: Launch) -> None:
    """Note the start in `D/starts`, be ready; at SIGTERM count in the store, as a drain would."""

    def drain(number: int, frame: FrameType | None) -> None:
        with connect(launch.settings.redis) as store:
            store.incr("drained")
        sys.exit(0)

    signal.signal(signal.SIGTERM, drain)
    with (launch.settings.data_dir / "starts").open("a") as file:
        file.write(f"{launch.run} {launch.process_id} {len(launch.addresses)} {os.getpid()}\n")
    launch.mark_ready()
    time.sleep(120)


def api(launch: Launch) -> None:
    """Answer `/readyz` at the address of the settings."""
    settings = launch.settings.api
    HTTPServer((settings.host, settings.port), _Health).serve_forever()


def webhooks(_: Launch) -> None:
    """Wait to be stopped."""
    time.sleep(120)


if __name__ == "__main__":
    {"worker": worker, "api": api, "webhooks": webhooks}[sys.argv[1]](
        Launch.from_environ(os.environ)
    )
