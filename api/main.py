"""Serves the API: `python -m api.main`, with the settings that `HEADRACE_SETTINGS` names."""

import gc

if __name__ == "__main__":
    gc.disable()  # until it serves: nothing imported is garbage, and looking takes a quarter

import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Final

import uvicorn

from api.app import create_app, stop_streams
from contracts.launch import Launch
from contracts.logs import log_to_stderr
from contracts.settings import ApiSettings, SettingsError
from online_models.touches import weigh
from online_models.warming import warm

logger = logging.getLogger("headrace.api")

STOP_MARGIN_SECONDS = 2
KEEP_ALIVE_SECONDS = 75
"""Longer than load balancers and client pools keep a quiet connection (60 s and less): they are to
end it, since a request that meets our end of it gets no answer."""


LINE: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Serve until SIGTERM or SIGINT; requests that run then are answered first."""
    log_to_stderr(LINE)
    try:
        launch = Launch.from_environ(environ)
        settings = launch.settings
        log_to_stderr(LINE, settings.logs)
        weigh(settings.flow.event_weights)
        app = create_app(settings, launch.instance)
    except SettingsError as error:
        print(f"headrace api: {error}", file=sys.stderr)
        return 2
    server = Server(
        uvicorn.Config(
            app,
            host=settings.api.host,
            port=settings.api.port,
            loop="auto",  # uvloop where there is one
            http="httptools",
            access_log=False,
            log_config=None,
            server_header=False,
            forwarded_allow_ips=settings.api.trusted_proxies,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            # A request may wait for the broker until the delivery timeout.
            timeout_graceful_shutdown=settings.kafka.delivery_timeout_ms // 1000
            + STOP_MARGIN_SECONDS,
        )
    )
    warm()  # or the first answer would wait for it; a signal ends it at once
    _stop_on_signals(server)
    # What is there from the start stays, and is not looked through while somebody waits.
    gc.freeze()
    gc.enable()
    server.run(_sockets(server.config, settings.api))
    return 0 if server.started else 1


class Server(uvicorn.Server):
    """Ends streams of triggers when it is told to stop, and then answers what is under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        stop_streams(self.config.app)  # type: ignore[arg-type]  # the application itself, no name
        await super().shutdown(sockets)


def _sockets(config: uvicorn.Config, api: ApiSettings) -> list[socket.socket] | None:
    """Return the public listener and the operators'; None where there is but the one."""
    port = api.operations_port
    if port is None:
        if api.asks_for_keys:
            logger.warning(
                "nobody is served /metrics, /docs or pages: this port is public. "
                "Set api.operations_port"
            )
        return None
    operations = uvicorn.Config(config.app, host=api.operations_host, port=port, log_config=None)
    return [config.bind_socket(), operations.bind_socket()]


def _stop_on_signals(server: uvicorn.Server) -> None:
    # After its shutdown uvicorn raises the signal again, for the handler from before: without one
    # of ours a stop that was asked for would end as a death by signal.
    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


if __name__ == "__main__":
    sys.exit(main())
