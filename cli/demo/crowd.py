"""The process of the shoppers: `python -m cli.demo.crowd PLAN`, started by `headrace demo`.

It waits for the API, publishes the catalogue, then lets the stream flow until SIGTERM, and
reports once a second.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import uvloop

from cli.demo.client import ApiError, Client
from cli.demo.played import PlayedStream
from cli.demo.publishing import PublishError, publish
from cli.demo.reports import Plan, Report, Started, decode_plan, encode
from cli.demo.simulated import SimulatedStream, wall_clock
from cli.demo.simulator import SITE, Shop, World
from cli.demo.traffic import Traffic
from contracts.events import Event, Item

T = TypeVar("T")

REPORT_SECONDS: Final = 1.0
READY_POLL_SECONDS: Final = 0.05
BEGIN_SECONDS: Final = 30.0
RUNNING_LAG_MS: Final = 3_000
"""What a flow that runs says of itself is never older."""
POST_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 8.0
"""At the end: so long for what waits to be posted, and for the engine to have applied it."""
STILL_SECONDS: Final = 1.0
SETTLE_POLL_SECONDS: Final = 0.1

logger = logging.getLogger("headrace.demo")


class Pipe:
    """Takes reports to the process with the console."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor

    def __call__(self, report: Report) -> None:
        """Write a report; without room for it, as while the terminal is held, it is dropped."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._descriptor, encode(report) + b"\n")


async def run(plan: Plan, report: Callable[[Report], None], stop: asyncio.Event) -> None:
    """Let the stream flow until `stop` is set."""
    async with Client(plan.url) as client:
        if not await _or_stopped(_until(client.ready, READY_POLL_SECONDS), stop):
            return
        items = _catalogue(plan)
        await asyncio.to_thread(publish, items, {"bootstrap.servers": plan.bootstrap_servers})
        await _or_stopped(_begun(client, len({item.id for item in items})), stop)
        traffic = Traffic(client, report)
        await traffic.begin()
        report(Started(len(items)))
        await _flow(_stream(plan, traffic), traffic, report, stop)


async def _flow(
    stream: SimulatedStream | PlayedStream,
    traffic: Traffic,
    report: Callable[[Report], None],
    stop: asyncio.Event,
) -> None:
    flowing = asyncio.create_task(stream.run())
    while not stop.is_set():
        if flowing.done():
            flowing.result()  # raises what ended it; a recording may just be over
        traffic.lanes.check()
        await _or_stopped(asyncio.sleep(REPORT_SECONDS), stop)
        await traffic.refresh()
        report(traffic.figures())
    flowing.cancel()
    await asyncio.gather(flowing, return_exceptions=True)
    await traffic.close(POST_SECONDS)
    await _settle(traffic)
    report(traffic.figures())


async def _settle(traffic: Traffic) -> None:
    """Wait until the engine has accounted for what was accepted.

    After a crash its counts step back a little, so that they may never get there: it is enough
    that all was read, and the counts stand still.
    """
    clock = asyncio.get_running_loop().time
    applied, since = -1, clock()
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while not traffic.counted:
                if traffic.figures().applied != applied:
                    applied, since = traffic.figures().applied, clock()
                elif traffic.settled and clock() - since > STILL_SECONDS:
                    return
                await asyncio.sleep(SETTLE_POLL_SECONDS)
                await traffic.refresh()


def _catalogue(plan: Plan) -> list[Item]:
    if plan.recording is None:
        return Shop(plan.seed, wall_clock(), SITE).items
    return list(_read(plan.catalog, Item))


def _stream(plan: Plan, traffic: Traffic) -> SimulatedStream | PlayedStream:
    """Return the stream, which starts now."""
    if plan.recording is None:
        return SimulatedStream(World(plan.seed, plan.rate, wall_clock()), traffic)
    events = _read(plan.recording, Event)
    return PlayedStream(events, plan.origin, plan.speed, traffic, plan.longest_silence, plan.seed)


def _read(file: str | None, type_: type[T]) -> Iterator[T]:
    decoder = msgspec.json.Decoder(type_)
    if file is not None:
        with Path(file).open("rb") as lines:
            for line in lines:
                yield decoder.decode(line)


async def _begun(client: Client, items: int) -> None:
    """Wait until the flow runs and the API knows the items; go on without after a while."""

    async def begun() -> bool:
        try:
            stats = await client.stats()
        except ApiError:
            return False
        known = sum(site.get("items", 0) for site in stats.sites.values())
        return known >= items and stats.lag_ms is not None and stats.lag_ms < RUNNING_LAG_MS

    try:
        async with asyncio.timeout(BEGIN_SECONDS):
            await _until(begun, READY_POLL_SECONDS)
    except TimeoutError:
        logger.warning(
            "after %.0f s the flow does not run, or not all items are known", BEGIN_SECONDS
        )


async def _until(condition: Callable[[], Awaitable[bool]], pause: float) -> None:
    while not await condition():
        await asyncio.sleep(pause)


async def _or_stopped(work: Awaitable[None], stop: asyncio.Event) -> bool:
    """Do `work` unless `stop` is set first; return whether it was done."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False


async def _main(plan: Plan) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(plan, Pipe(plan.reports), stop)


def main() -> int:
    """Run until SIGTERM; return the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        plan = decode_plan(sys.argv[1])
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_main(plan))
    except (ApiError, PublishError) as error:
        logger.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
