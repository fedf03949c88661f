import asyncio
from collections.abc import Sequence

from api.serve.answers import AnswerList
from api.serve.serving import Serving
from contracts.settings import ApiSettings, Settings
from storage.memory_views import MemoryViews


class Stubborn(MemoryViews):
    """A reader in which a cancellation is lost, as in `wait_for` before Python 3.12."""

    reading = 0
    lost = 0
    slow = False

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        while self.slow:
            self.reading += 1
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.lost += 1
                self.slow = False
        return await super().get_many(keys)


def test_closing_ends_also_when_a_cancellation_is_lost() -> None:
    async def scenario() -> int:
        reader = Stubborn()
        serving = Serving(Settings(api=ApiSettings(pseudonyms=False)), reader, AnswerList())
        await serving.start()
        reader.slow = True
        async with asyncio.timeout(10):
            while not reader.reading:
                await asyncio.sleep(0.01)
            await serving.close()
        return reader.lost

    assert asyncio.run(scenario()) >= 1
