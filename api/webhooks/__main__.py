"""Delivers webhooks: `python -m api.webhooks`, with the settings that `HEADRACE_SETTINGS` names."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from random import SystemRandom
from time import time_ns
from typing import Any, Final

from api.webhooks.deliverer import Deliverer
from api.webhooks.sending import Sender
from api.webhooks.targets import Targets
from contracts.launch import Launch
from contracts.logs import log_to_stderr
from contracts.pseudonyms import Pseudonyms
from contracts.settings import Settings, SettingsError
from storage.control import Control
from storage.errors import StoreRefused

CONNECTIONS = 64
"""To the store; lanes that ask for one while all are in use wait."""


LINE: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Deliver until SIGTERM or SIGINT; attempts that are under way then are ended first."""
    log_to_stderr(LINE)
    try:
        settings = Launch.from_environ(environ).settings
        log_to_stderr(LINE, settings.logs)
        names = Pseudonyms.of(settings.api)
        control = Control(settings.redis, CONNECTIONS)
    except (SettingsError, StoreRefused) as error:
        print(f"headrace webhooks: {error}", file=sys.stderr)
        return 2
    _run_on_best_loop(lambda: deliver(settings, control, names))
    return 0


async def deliver(settings: Settings, control: Control, names: Pseudonyms) -> None:
    """Deliver until a signal."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    targets = Targets(settings.webhooks)
    seconds = settings.webhooks.timeout_seconds
    sites = settings.api.known_sites
    deliverer = Deliverer(
        control, sites, lambda url: Sender(url, targets, seconds), _now_ms, SystemRandom(), names
    )
    try:
        await deliverer.run(stop)
    finally:
        await control.close()


def _now_ms() -> int:
    return time_ns() // 1_000_000


def _run_on_best_loop(main_: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(main_())
    else:
        uvloop.run(main_())


if __name__ == "__main__":
    sys.exit(main())
