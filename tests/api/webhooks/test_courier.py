"""One subscription delivered to a real receiver, with a real store and a clock of our own."""

import threading
from collections.abc import Iterator

import pytest

from api.triggers.hub import Hub
from api.webhooks.health import SPARED_AFTER
from api.webhooks.replaying import Replays
from api.webhooks.schedule import DELAYS_MS, HOUR, JITTER
from contracts.subscriptions import Filter, Progress, Replay, Secret
from storage.control import LeaseLostError
from storage.lease import Lease
from storage.trigger_log import BEGINNING
from tests.api.triggers.firing import SITE, fire, trigger
from tests.api.webhooks.bench import KEY, START, Bench, run
from tests.api.webhooks.receiver import Receiver, drip, hang, huge, receiving, status
from tests.storage.servers import StoreServer

OLD = "whsec_" + "b2xk" * 8


@pytest.fixture
def store(store_server: StoreServer) -> StoreServer:
    with store_server.client() as client:
        client.flushall()
    return store_server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        receiver.secrets = [KEY]
        yield receiver


def test_every_delivery_is_verified_by_the_standard_package(
    store: StoreServer, receiver: Receiver
) -> None:
    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(n, send={"text": "grüße 🎉"}) for n in range(40)])
        courier = await bench.courier()
        while len(receiver.ids) < 40:
            await courier.send_new()
        await courier.close()
        progress = await bench.progress()
        assert (progress.delivered, progress.failed) == (40, 0)
        assert progress.cursor.endswith(".40")

    run(store, receiver, scenario)
    assert sorted(receiver.ids) == sorted(f"t{n}" for n in range(40))
    assert receiver.unverified == 0


def test_both_secrets_sign_during_a_rotation_and_then_the_new_one_alone(
    store: StoreServer, receiver: Receiver
) -> None:
    receiver.secrets = [KEY, OLD]

    async def scenario(bench: Bench) -> None:
        old = Secret(key=OLD, created=START, expires=START + HOUR)
        courier = await bench.courier(secrets=(Secret(key=KEY, created=START), old))
        fire(store.url, [trigger(1)])
        while not receiver.ids:
            await courier.send_new()
        bench.now += HOUR
        fire(store.url, [trigger(2)])
        while len(receiver.ids) < 2:
            await courier.send_new()
        await courier.close()

    run(store, receiver, scenario)
    assert receiver.verified_by == [[KEY, OLD], [KEY]]


def test_it_is_tried_again_by_the_schedule_and_then_laid_on_the_dead_list(
    store: StoreServer, receiver: Receiver
) -> None:
    receiver.always = status(500)

    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(1)])
        courier = await bench.courier()
        while not receiver.ids:
            await courier.send_new()
        for number, delay in enumerate(DELAYS_MS[1:], 1):
            due = await bench.delivery.next_due()
            assert due is not None
            assert delay <= due - bench.now <= delay * (1 + JITTER)
            bench.now = due - 1
            await courier.send_again()
            assert len(receiver.ids) == number, "not a moment early"
            bench.now = due
            await courier.send_again()
            assert len(receiver.ids) == number + 1
        assert await bench.delivery.next_due() is None
        ((_, letter),) = await bench.delivery.dead("0-0", 10)
        assert (letter.id, letter.attempts, letter.first) == ("t1", 10, START)
        assert letter.error == "answered 500"
        assert (await bench.progress()).dead == 1
        assert not courier.health.off, "76 hours are not 120"
        await courier.close()

    run(store, receiver, scenario)
    assert receiver.ids == ["t1"] * 10
    assert receiver.unverified == 0


def test_retry_after_holds_everything_back(store: StoreServer, receiver: Receiver) -> None:
    receiver.replies = [status(429, Retry_After="600")]

    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(1)])
        courier = await bench.courier()
        while not receiver.ids:
            await courier.send_new()
        fire(store.url, [trigger(2)])
        bench.now += 599_000
        assert await courier.send_new() == await courier.send_again() == 1.0
        assert receiver.ids == ["t1"]
        bench.now += 1_000
        await courier.send_again()
        while len(receiver.ids) < 3:
            await courier.send_new()
        await courier.close()

    run(store, receiver, scenario)
    assert receiver.ids == ["t1", "t1", "t2"]


def test_gone_switches_it_off_until_it_is_switched_on(
    store: StoreServer, receiver: Receiver
) -> None:
    receiver.replies = [status(410)]

    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(1), trigger(2)])
        courier = await bench.courier(filter=Filter(campaigns=("cart",)))
        while not receiver.ids:
            await courier.send_new()
        taken = len(receiver.ids)
        fire(store.url, [trigger(3)])
        bench.now += 200 * HOUR
        await courier.send_new()
        await courier.send_again()
        assert len(receiver.ids) == taken
        assert "410" in (await bench.progress()).disabled_why
        again = await bench.courier(enabled=bench.now)
        assert (await bench.progress()).disabled == 0
        await again.send_again()
        while "t3" not in receiver.ids:
            await again.send_new()
        await courier.close()
        await again.close()

    run(store, receiver, scenario)
    assert {"t1", "t2", "t3"} <= set(receiver.ids)


def test_it_is_switched_off_after_120_hours_of_failure(
    store: StoreServer, receiver: Receiver
) -> None:
    receiver.always = status(503)

    async def scenario(bench: Bench) -> None:
        courier = await bench.courier()
        for number in range(13):
            fire(store.url, [trigger(number)])
            seen = len(receiver.ids)
            while len(receiver.ids) == seen:
                assert not courier.health.off
                await courier.send_new()
            bench.now += 10 * HOUR
        assert courier.health.off
        assert "120 hours" in (await bench.progress()).disabled_why
        await courier.close()

    run(store, receiver, scenario)
    assert len(receiver.ids) == 13


def test_two_failures_far_apart_are_not_120_hours_of_failure(
    store: StoreServer, receiver: Receiver
) -> None:
    receiver.always = status(503)

    async def scenario(bench: Bench) -> None:
        courier = await bench.courier()
        for number in range(3):
            fire(store.url, [trigger(number)])
            while len(receiver.ids) == number:
                await courier.send_new()
            bench.now += 100 * HOUR
        assert not courier.health.off
        await courier.close()

    run(store, receiver, scenario)


def test_a_receiver_that_is_down_is_spared_and_then_gets_everything(
    store: StoreServer, receiver: Receiver
) -> None:
    receiver.always = status(500)

    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(n) for n in range(200)])
        courier = await bench.courier()
        while not courier.health.spared:
            await courier.send_new()
        before = len(receiver.ids)
        assert SPARED_AFTER <= before < 2 * SPARED_AFTER
        for _ in range(50):
            await courier.send_new()
        assert len(receiver.ids) == before, "it is let alone"
        bench.now += 5_000
        await courier.send_new()
        assert len(receiver.ids) == before + 1, "but for one, to see whether it is back"
        receiver.always = status(204)
        bench.now += 20_000
        await courier.send_new()
        while await courier.send_again() == 0.0 or (await bench.progress()).delivered < 200:
            await courier.send_new()
        assert await bench.delivery.waiting() == 0
        await courier.close()

    run(store, receiver, scenario)
    assert set(receiver.ids) == {f"t{n}" for n in range(200)}


def test_hosts_that_misbehave_are_failures_and_no_more(
    store: StoreServer, receiver: Receiver
) -> None:
    release, sent = threading.Event(), []  # type: ignore[var-annotated]  # of what it is is plain
    loop = status(302, Location=receiver.url)
    kinds = {
        "hangs": (hang(release), "no answer within 0.5 s"),
        "drips": (drip, "no answer within 0.5 s"),
        "redirects": (loop, "answered 302: redirects are not followed"),
        "breaks off": (lambda handler: handler.connection.shutdown(2), "ended before"),
        "talks nonsense": (lambda h: h.wfile.write(b"nonsense\r\n\r\n"), "no answer of HTTP"),
        "sends a giant head": (
            lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000),
            "no answer of HTTP",
        ),
    }

    async def scenario(bench: Bench) -> None:
        courier = await bench.courier()
        for number, (name, (reply, expected)) in enumerate(kinds.items()):
            receiver.replies = [reply]
            fire(store.url, [trigger(number)])
            while len(receiver.ids) == number:
                await courier.send_new()
            error = (await bench.progress()).last_error
            assert expected in error, (name, error)
        receiver.replies = [huge(10_000_000, sent)]
        fire(store.url, [trigger(99)])
        while "t99" not in receiver.ids:
            await courier.send_new()
        assert (await bench.progress()).delivered == 1, "200 is 200, however long it goes on"
        await courier.close()
        release.set()

    run(store, receiver, scenario)
    assert sum(sent) < 9_000_000, "and we do not listen to the end"
    assert receiver.got == [], "nobody followed a redirect"
    assert receiver.most_under_way <= 3


def test_a_replay_sends_a_range_again_under_the_same_ids(
    store: StoreServer, receiver: Receiver
) -> None:
    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(n, campaign="cart" if n % 2 else "browse") for n in range(250)])
        records = (await bench.log.read(SITE, BEGINNING, 500)).records
        courier = await bench.courier(
            filter=Filter(campaigns=("cart",)), start=str(records[-1].position)
        )
        replays = Replays(courier, bench.log)
        await bench.delivery.ask_replay(
            Replay(id="r", after=0, before=1 << 53, end=str(records[199].position))
        )
        while await bench.delivery.replays():
            await replays.turn()
        await courier.close()

    run(store, receiver, scenario)
    assert sorted(receiver.ids) == sorted(f"t{n}" for n in range(1, 200, 2))


def test_dead_letters_can_be_replayed(store: StoreServer, receiver: Receiver) -> None:
    receiver.always = status(500)

    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(n) for n in range(3)])
        courier = await bench.courier()
        while len(receiver.ids) < 3:
            await courier.send_new()
        while (due := await bench.delivery.next_due()) is not None:
            bench.now = due
            await courier.send_again()
        assert len(await bench.delivery.dead("0-0", 10)) == 3
        receiver.always = status(200)
        bench.now += HOUR
        replays = Replays(courier, bench.log)
        await bench.delivery.ask_replay(
            Replay(id="r", after=0, before=1 << 53, end="0-0.0", dead=True)
        )
        while await bench.delivery.replays():
            await replays.turn()
        assert await bench.delivery.dead("0-0", 10) == []
        assert (await bench.progress()).delivered == 3
        await courier.close()

    run(store, receiver, scenario)


def test_what_was_trimmed_before_it_could_be_sent_is_counted(
    store: StoreServer, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        courier = await bench.courier()
        fire(store.url, [trigger(n) for n in range(300)])
        with store.client() as client:
            client.execute_command("XTRIM", "c:triggers:default", "MAXLEN", "=", 100)
        fresh = Hub(bench.log, [SITE])
        courier.hub = fresh
        while len(receiver.ids) < 100:
            await courier.send_new()
        assert (await bench.progress()).lost == 200
        await courier.close()

    run(store, receiver, scenario)
    assert "200 triggers were trimmed before subscription sub" in caplog.text


def test_who_lost_the_lease_writes_nothing(store: StoreServer, receiver: Receiver) -> None:
    async def scenario(bench: Bench) -> None:
        fire(store.url, [trigger(1)])
        courier = await bench.courier()
        with store.client() as client:
            client.delete("c:delivery-owner")
        other = Lease(bench.control, lambda: 0.0)
        assert await other.take()
        await bench.hub.wait(SITE, BEGINNING, 10.0)
        with pytest.raises(LeaseLostError):
            await courier.send_new()
        assert receiver.ids == ["t1"], "what was under way may come again from another"
        assert await bench.progress() == Progress()
        assert not await bench.lease.keep()
        with pytest.raises(LeaseLostError):
            await courier.send_new()
        await courier.close()

    run(store, receiver, scenario)
