"""Pages of a stream of triggers: every entry once, and what was trimmed is counted."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.keys import triggers_key
from contracts.subscriptions import Position
from storage.control import Control
from storage.lease import LEASE_MS, Lease
from storage.trigger_log import BEGINNING, Page, TriggerLog
from tests.storage.servers import StoreServer

KEY = triggers_key("shop")
ZERO = Position("0-0", 0)


@pytest.fixture
def store(store_server: StoreServer) -> StoreServer:
    with store_server.client() as client:
        client.flushall()
    return store_server


def add(store: StoreServer, *numbers: int) -> None:
    with store.client() as client:
        for number in numbers:
            client.xadd(KEY, {"event": f"{number}"}, id=f"{number}-1")


def run(store: StoreServer, scenario: Callable[[Control], Coroutine[Any, Any, Any]]) -> Any:
    async def main() -> Any:
        control = Control(store.settings)
        try:
            return await scenario(control)
        finally:
            await control.close()

    return asyncio.run(main())


def read(store: StoreServer, after: Position, limit: int = 100) -> Page:
    return run(store, lambda control: TriggerLog(control).read("shop", after, limit))


@given(st.integers(0, (1 << 63) - 1), st.integers(0, (1 << 63) - 1), st.integers(0, 10**18 - 1))
def test_a_position_comes_back_as_it_was(ms: int, number: int, ordinal: int) -> None:
    position = Position(f"{ms}-{number}", ordinal)
    assert Position.parse(str(position)) == position
    assert position.order == (ms, number)


@pytest.mark.parametrize(
    "text", ["", "x", "1-1", "1-1.", "1-1.-1", "1-1.1 ", f"{1 << 63}-0.0", "٣-1.1"]
)
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        Position.parse(text)


def test_pages_follow_each_other(store: StoreServer) -> None:
    assert read(store, ZERO) == Page([], 0, ZERO, ZERO, 0)
    add(store, *range(1, 8))
    first = read(store, ZERO, 4)
    assert [record.event for record in first.records] == [b"1", b"2", b"3", b"4"]
    assert (first.end, first.latest) == (Position("4-1", 4), Position("7-1", 7))
    second = read(store, first.end, 4)
    assert [record.position.ordinal for record in second.records] == [5, 6, 7]
    assert read(store, second.end, 4).records == []


def test_what_was_trimmed_is_counted_once(store: StoreServer) -> None:
    add(store, *range(1, 11))
    with store.client() as client:
        client.xtrim(KEY, maxlen=4, approximate=False)
    page = read(store, Position("2-1", 2))
    assert (page.lost, page.records[0].position) == (4, Position("7-1", 7))
    assert read(store, ZERO).lost == 6
    assert read(store, BEGINNING).lost == 0, "who asks for what is kept misses nothing"
    assert read(store, Position("6-1", 6)).lost == 0
    with store.client() as client:
        client.xtrim(KEY, maxlen=0, approximate=False)
    page = read(store, Position("8-1", 8))
    assert (page.lost, page.end) == (2, Position("10-1", 10))


def test_entries_taken_out_of_the_middle_are_no_loss_to_who_keeps_up(store: StoreServer) -> None:
    add(store, *range(1, 6))
    with store.client() as client:
        client.xdel(KEY, "2-1", "4-1")
    page = read(store, Position("1-1", 1))
    assert [record.event for record in page.records] == [b"3", b"5"]
    assert (page.lost, page.end) == (0, Position("5-1", 5))


def test_a_stream_that_was_lost_begins_anew(store: StoreServer) -> None:
    add(store, 50)
    page = read(store, Position("9-1", 900))
    assert ([record.event for record in page.records], page.lost) == ([b"50"], 0)
    assert page.end == Position("50-1", 1)


def test_one_holds_the_lease_at_a_time(store: StoreServer) -> None:
    async def scenario(control: Control) -> None:
        now = 0.0
        one, other = (Lease(control, lambda: now) for _ in range(2))
        assert await one.take()
        assert not await other.take()
        assert await one.keep()
        now = LEASE_MS - 1
        assert one.held
        now = LEASE_MS
        assert not one.held, "without an answer of the store it ends by itself"
        await one.give()
        assert await other.take()
        assert other.run == one.run + 1
        assert not await one.keep()
        await one.give()
        assert await other.keep(), "who lost it gives nothing back"

    run(store, scenario)
