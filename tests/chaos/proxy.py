"""A TCP proxy between two parts, that can be slow, cut, or half-open: open, and silent."""

import asyncio
import threading
from contextlib import suppress
from typing import Final, Literal

from cli.embedded.ports import LOOPBACK, free_port

Mode = Literal["open", "slow", "cut", "half-open"]

DELAY_S: Final = 0.15
CHUNK: Final = 65_536


class Proxy:
    """Forwards connections to a port of this machine; a context that runs in a thread of its own.

    `mode` may be changed at any time, for connections that exist as well: `slow` delays each
    piece, `cut` ends all connections and takes no new ones, `half-open` takes everything and
    passes nothing on, which looks like a peer that has lost its power.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._mode: Mode = "open"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def mode(self) -> Mode:
        """What it does now."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        asyncio.run_coroutine_threadsafe(self._change(mode), self._loop).result(10)

    @property
    def connections(self) -> int:
        """How many connections it holds, both sides counted."""
        return len(self._writers)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.mode = "cut"
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    async def _change(self, mode: Mode) -> None:
        before, self._mode = self._mode, mode
        if mode == "cut":
            if self._server is not None:
                self._server.close()
                self._server = None
            self._hang_up()
        elif before == "cut":
            await self._listen()
        elif before == "half-open":
            # What was swallowed is missing from these streams: nobody can go on with them.
            self._hang_up()

    async def _end(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # at the end, which asyncio would tell as an error
            await self._forward(reader, writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self._writers -= {writer, back}

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if self._mode == "half-open":
                    continue
                if self._mode == "slow":
                    await asyncio.sleep(DELAY_S)
                sink.write(data)
                await sink.drain()
        sink.transport.abort()
