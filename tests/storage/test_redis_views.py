import time
from collections.abc import Callable

import pytest

from contracts.settings import RedisSettings
from storage.errors import StoreError, StoreRefused, StoreUnavailable
from storage.redis_reader import RedisReader
from storage.redis_views import RedisViews
from storage.views import ViewReader
from storage.writes import SetView, Write
from tests.storage.contract import KEYS, ViewContract, get, read
from tests.storage.servers import StoreServer, free_port, running


class RedisSubject:
    def __init__(self, server: StoreServer) -> None:
        self.server = server
        self._open: list[RedisViews] = []

    def views(self, namespace: str = "live", run: int = 0) -> RedisViews:
        views = RedisViews.open(self.server.settings, namespace, run)
        self._open.append(views)
        return views

    def reader(self) -> RedisReader:
        return RedisReader(self.server.settings)

    def advance(self, milliseconds: int) -> None:
        time.sleep(milliseconds / 1000)

    def wipe(self) -> None:
        with self.server.client() as client:
            client.flushall()
            client.script_flush()

    def close(self) -> None:
        for views in self._open:
            views.close()


@pytest.fixture
def subject(store_server: StoreServer):
    subject = RedisSubject(store_server)
    subject.wipe()
    yield subject
    subject.close()


class TestRedisViews(ViewContract):
    pass


BATCH: list[Write] = [SetView("v:a", b"x" * 1_000), SetView("v:b", b"2", 60_000)]


def failure(action: Callable[[], object]) -> StoreError:
    with pytest.raises(StoreError) as caught:
        action()
    return caught.value


def attempts(settings: RedisSettings) -> list[StoreError]:
    """The failures of a write, a listing, and a read against one store."""

    class Broken:
        def reader(self) -> ViewReader:
            return RedisReader(settings)

    views = RedisViews.open(settings)
    errors = [
        failure(lambda: views.write(BATCH)),
        failure(lambda: list(views.iterate("live"))),
        failure(lambda: get(Broken(), "v:a")),
        failure(lambda: read(Broken(), lambda r: r.get_people(KEYS, "s", ["device:d"]))),
    ]
    views.close()
    return errors


def test_a_store_that_is_not_there_is_unavailable() -> None:
    port = free_port()
    errors = attempts(RedisSettings(url=f"redis://127.0.0.1:{port}/0", timeout_seconds=1))
    assert {type(error) for error in errors} == {StoreUnavailable}
    assert f"127.0.0.1:{port}" in str(errors[0])


def test_a_frozen_store_is_unavailable_and_its_client_recovers() -> None:
    with running() as server:
        settings = RedisSettings(url=server.url, timeout_seconds=0.2)
        views = RedisViews.open(settings)
        views.write(BATCH)
        server.freeze()
        assert {type(error) for error in attempts(settings)} == {StoreUnavailable}
        assert isinstance(failure(lambda: views.write(BATCH)), StoreUnavailable)
        server.thaw()
        views = RedisViews.open(server.settings)
        views.write(BATCH)
        views.close()


def test_a_restarted_store_is_written_again_by_the_same_client() -> None:
    with running() as server:
        views = RedisViews.open(server.settings, run=3)
        views.write(BATCH)
        server.stop()
        assert isinstance(failure(lambda: views.write(BATCH)), StoreUnavailable)
        server.start()
        views.write(BATCH)
        with server.client() as client:
            assert client.get("v:b") == b"2"
            assert client.get("c:run:live") == b"3"
        views.close()


def test_a_full_store_is_unavailable_and_says_so() -> None:
    with running() as server, server.client() as client:
        views = RedisViews.open(server.settings)
        views.write([SetView("v:kept", b"1")])
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1mb")
        error = failure(lambda: views.write(BATCH))
        assert isinstance(error, StoreUnavailable)
        assert "maxmemory" in str(error)
        assert client.mget("v:kept", "v:a", "v:b") == [b"1", None, None]
        client.config_set("maxmemory", "0")
        views.write(BATCH)
        assert client.get("v:b") == b"2"
        views.close()


def test_a_replica_is_unavailable_for_writing_and_says_so() -> None:
    with running() as server, server.client() as client:
        views = RedisViews.open(server.settings)
        views.write(BATCH)
        client.replicaof("127.0.0.1", free_port())
        error = failure(lambda: views.write(BATCH))
        assert isinstance(error, StoreUnavailable)
        assert "primary" in str(error)
        client.replicaof("NO", "ONE")
        views.write(BATCH)
        views.close()


def test_a_wrong_password_is_refused_without_being_shown() -> None:
    with running() as server:
        with server.client() as client:
            client.config_set("requirepass", "right")
        for url in (server.url, f"redis://:wrong-secret@127.0.0.1:{server.port}/0"):
            errors = attempts(RedisSettings(url=url, timeout_seconds=5))
            assert {type(error) for error in errors} == {StoreRefused}
            assert not any("wrong-secret" in str(error) for error in errors)
            assert "redis.url" in str(errors[0])
        views = RedisViews.open(RedisSettings(url=f"redis://:right@127.0.0.1:{server.port}/0"))
        views.write(BATCH)
        views.close()


def test_a_user_without_permission_is_refused(subject: RedisSubject) -> None:
    with subject.server.client() as client:
        client.acl_setuser("reader", enabled=True, passwords=["+pw"], keys=["*"], commands=["+get"])
        url = f"redis://reader:pw@127.0.0.1:{subject.server.port}/0"
        views = RedisViews.open(RedisSettings(url=url))
        assert isinstance(failure(lambda: views.write(BATCH)), StoreRefused)
        views.close()


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        (RedisSettings(), "redis.url is empty"),
        (RedisSettings(url="http://x"), "not usable"),
        (RedisSettings(url="redis://h", ca_file="ca.pem"), "rediss://"),
    ],
)
def test_unusable_settings_are_refused_with_what_to_do(settings: RedisSettings, hint: str) -> None:
    assert hint in str(failure(lambda: RedisViews.open(settings)))


def test_one_batch_is_one_command(subject: RedisSubject) -> None:
    views = subject.views()
    views.write(BATCH)
    with subject.server.client() as client:
        before = client.info("commandstats")
        views.write([SetView(f"v:{n}", b"1", 60_000) for n in range(400)])
        after = client.info("commandstats")

    def calls(stats: dict[str, dict[str, int]], name: str) -> int:
        return stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]

    assert calls(after, "evalsha") - calls(before, "evalsha") == 1
    assert calls(after, "set") - calls(before, "set") == 400
    assert calls(after, "eval") == calls(before, "eval")


def test_reading_a_person_is_one_command(subject: RedisSubject) -> None:
    subject.views().write([SetView(KEYS.profile("s", "ada"), b"P")])
    read(subject, lambda r: r.get_people(KEYS, "s", ["device:d"]))
    with subject.server.client() as client:
        for ids, name in ((["ada", "bob"], "mget"), (["ada", "device:d"], "evalsha_ro")):
            client.config_resetstat()
            read(subject, lambda r, ids=ids: r.get_people(KEYS, "s", ids, ["v:x"]))
            stats = client.info("commandstats")
            assert stats[f"cmdstat_{name}"]["calls"] == 1
            assert "cmdstat_eval_ro" not in stats


def test_a_reader_survives_a_cancelled_read(subject: RedisSubject) -> None:
    import asyncio

    async def action(reader: ViewReader) -> list[bytes | None]:
        for _ in range(200):
            task = asyncio.create_task(reader.get_many([f"v:{n}" for n in range(50)]))
            await asyncio.sleep(0.0001)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return await reader.get_many(["v:a"])

    subject.views().write([SetView("v:a", b"right"), *(SetView(f"v:{n}", b"n") for n in range(50))])
    assert read(subject, action) == [b"right"]
