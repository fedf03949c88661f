"""Pictures for those who look: the newest for each, and none while nobody does."""

import asyncio

from api.pages.feed import MAX_VIEWERS, Feed

SECONDS = 0.002


def counting():
    made = []

    async def make():
        made.append(len(made))
        return {"number": made[-1]}

    return made, make


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(SECONDS)


def test_each_viewer_gets_pictures_and_a_slow_one_the_newest():
    async def run():
        made, make = counting()
        feed = Feed(make, lambda picture: picture["number"], SECONDS)
        async with feed.viewer() as quick, feed.viewer() as slow:
            first = await quick.get()
            await until(lambda: len(made) > 5)
            assert (await quick.get())["number"] > first["number"]
            assert (await slow.get())["number"] >= 4
        assert list(feed.history)[:5] == [0, 1, 2, 3, 4]

    asyncio.run(run())


def test_nothing_is_made_while_nobody_looks():
    async def run():
        made, make = counting()
        feed = Feed(make, lambda picture: picture, SECONDS)
        async with feed.viewer() as queue:
            await queue.get()
        count = len(made)
        await asyncio.sleep(20 * SECONDS)
        assert len(made) == count
        async with feed.viewer() as queue:
            assert (await queue.get())["number"] >= count

    asyncio.run(run())


def test_a_picture_that_fails_is_left_out(caplog):
    async def run():
        _, make = counting()

        async def often_broken():
            picture = await make()
            if picture["number"] < 3:
                raise ValueError("no picture today")
            return picture

        feed = Feed(often_broken, lambda picture: picture, SECONDS)
        async with feed.viewer() as queue:
            assert (await queue.get())["number"] == 3

    asyncio.run(run())
    assert "no picture today" in caplog.text


def test_viewers_are_limited():
    async def run():
        feed = Feed(counting()[1], lambda picture: picture)
        viewers = [feed.viewer() for _ in range(MAX_VIEWERS)]
        for viewer in viewers:
            assert not feed.full
            await viewer.__aenter__()
        assert feed.full
        for viewer in viewers:
            await viewer.__aexit__(None, None, None)
        assert not feed.full

    asyncio.run(run())
