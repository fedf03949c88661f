"""The traffic against the real collector, broker and store; the test stands in for the flow."""

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator

import pytest
from pydantic import SecretStr

from cli.demo import probes
from cli.demo.client import ApiError, Client
from cli.demo.reports import Example, Report, Said
from cli.demo.traffic import Traffic
from cli.embedded import EmbeddedBroker
from contracts.codec import decode_event, pack
from contracts.decisions import Recommendation, RecommendedItem
from contracts.keys import EVENT_TOPICS, Keys
from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import RedisSettings
from storage.redis_views import RedisViews
from storage.writes import SetView
from tests.api.running import TopicReader, serving
from tests.builders import event
from tests.conftest import PARTITIONS

Action = Callable[[Traffic], Awaitable[None]]
SITE = "default"


@pytest.fixture
def views(store_url: str, namespace: str) -> Iterator[RedisViews]:
    settings = RedisSettings(url=SecretStr(store_url))
    fenced = RedisViews.open(settings, namespace)
    run = fenced.issue_run(namespace)
    fenced.close()
    opened = RedisViews.open(settings, namespace, run)
    yield opened
    opened.close()


@pytest.fixture
def url(own_broker: EmbeddedBroker, store_url: str, namespace: str) -> Iterator[str]:
    given = {"redis.url": store_url, "namespace": namespace, "kafka.delivery_timeout_ms": 1_000}
    with serving(own_broker.bootstrap_servers, **given) as found:
        yield found


def through(url: str, action: Action, seconds: float = 10) -> tuple[Traffic, list[Report]]:
    """Let `action` use the traffic, then close it; return it, and what was reported."""
    reports: list[Report] = []

    async def run() -> Traffic:
        async with Client(url) as client:
            traffic = Traffic(client, reports.append)
            await action(traffic)
            await traffic.close(seconds)
            return traffic

    return asyncio.run(run()), reports


def seen(views: RedisViews, namespace: str, user: str, as_of: int) -> None:
    """Write a profile, as the flow does once it has applied an event."""
    profile = Profile(PROFILE_VERSION, SITE, user, first_seen=as_of, as_of=as_of, events=1)
    views.write([SetView(Keys(namespace).profile(SITE, user), pack(profile), 60_000)])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_person_s_events_arrive_in_the_order_in_which_they_happened(
    url: str, own_broker: EmbeddedBroker
) -> None:
    events = [event(user=f"u{number % 7}", at=number) for number in range(700)]

    async def post_all(traffic: Traffic) -> None:
        for number, one in enumerate(events):
            await traffic.post(one, number % 7)

    traffic, _ = through(url, post_all)
    assert traffic.figures().accepted == 700
    assert traffic.figures().troubles == 0
    reader = TopicReader(own_broker.bootstrap_servers, EVENT_TOPICS, PARTITIONS)
    times: dict[str | None, list[int]] = defaultdict(list)
    for message in reader.until(lambda messages: len(messages) == 700):
        found = decode_event(message.value() or b"")
        times[found.user].append(found.time)
    reader.close()
    assert len(times) == 7
    assert all(one == sorted(one) for one in times.values())


def test_what_the_collector_refuses_is_counted_and_said(url: str) -> None:
    bad_item, bad_time = event(item="ket\x00tle"), event()
    bad_time.time = 0

    async def post_all(traffic: Traffic) -> None:
        for one in (event(item="kettle"), bad_item, bad_time):
            await traffic.post(one, 1)

    figures = through(url, post_all)[0].figures()
    assert (figures.accepted, figures.refused) == (1, 2)
    assert figures.troubles == 2
    assert "bad_time: `time`: 0 is 1970-01-01" in figures.last_trouble


def test_while_the_broker_is_away_events_wait_and_none_is_lost(
    url: str, own_broker: EmbeddedBroker
) -> None:
    pid = own_broker.child.pid
    assert pid is not None

    async def post_through_an_outage(traffic: Traffic) -> None:
        os.kill(pid, signal.SIGSTOP)
        try:
            for number in range(20):
                await traffic.post(event(at=number), number)
            await until(lambda: traffic.client.troubles > 0)
            assert traffic.figures().accepted == 0
            assert traffic.lanes.waiting == 20
        finally:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: traffic.figures().accepted == 20)

    figures = through(url, post_through_an_outage)[0].figures()
    assert "the collector answered 503" in figures.last_trouble


def test_the_end_does_not_wait_for_a_broker_that_stays_away(
    url: str, own_broker: EmbeddedBroker
) -> None:
    own_broker.stop()

    async def post_one(traffic: Traffic) -> None:
        await traffic.post(event(), 1)

    traffic, _ = through(url, post_one, seconds=0.3)
    assert traffic.figures().accepted == 0
    assert traffic.lanes.waiting == 1


def test_freshness_is_from_the_collector_s_answer_to_the_first_that_reflects_the_event(
    url: str, views: RedisViews, namespace: str
) -> None:
    one = event(user="ada")

    async def measure(traffic: Traffic) -> None:
        seen(views, namespace, "ada", one.time - 1)
        await traffic.post(one, 1)
        await until(lambda: traffic.figures().accepted == 1)
        await asyncio.sleep(0.3)
        assert traffic.figures().fresh_p50 is None
        seen(views, namespace, "ada", one.time)
        await until(lambda: traffic.figures().fresh_p50 is not None)

    began = time.monotonic()
    fresh = through(url, measure)[0].figures().fresh_p99
    assert fresh is not None
    assert 300 <= fresh <= 1000 * (time.monotonic() - began)


def test_an_event_that_nothing_reflects_counts_as_late(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "LIMIT_SECONDS", 0.2)

    async def measure(traffic: Traffic) -> None:
        await traffic.post(event(user="nobody"), 1)
        await until(lambda: traffic.figures().fresh_p50 is not None)

    figures = through(url, measure)[0].figures()
    assert figures.fresh_p50 is not None
    assert figures.fresh_p50 >= 200
    assert "no answer reflects an event" in figures.last_trouble


def test_an_event_that_an_earlier_one_could_be_taken_for_is_not_measured(
    url: str, views: RedisViews, namespace: str
) -> None:
    async def measure(traffic: Traffic) -> None:
        for one in (event(at=5), event(at=5), event(at=3), event(at=9, consent=["marketing"])):
            await traffic.post(one, 1)
            await until(lambda: traffic.lanes.waiting == 0)
            traffic._probes._next = 0.0
        measured = list(traffic._probes._tasks)
        assert len(measured) == 1

    through(url, measure)


def test_answers_are_counted_and_a_known_person_is_named(
    url: str, views: RedisViews, namespace: str
) -> None:
    answers: list[Recommendation | None] = []

    async def ask(traffic: Traffic) -> None:
        traffic.ask("ada", 3, None, answers.append)
        traffic.ask("device:d/1 2", 3, None, answers.append)
        await until(lambda: len(answers) == 2)
        traffic.say("a trend")

    traffic, reports = through(url, ask)
    assert {answer and answer.user for answer in answers} == {"ada", "device:d/1 2"}
    assert traffic.figures().answers == 2
    # Nobody is an example as long as nothing can be shown to them.
    assert reports == [Said("a trend")]
    traffic._exemplify("device:d", _answer("device:d"))
    traffic._exemplify("bea", _answer("bea", fallback=True))
    traffic._exemplify("ada", _answer("ada"))
    traffic._exemplify("cleo", _answer("cleo"))
    assert reports[1:] == [Example("ada", "kettle")]


def _answer(user: str, *, fallback: bool = False) -> Recommendation:
    items = [RecommendedItem(item="kettle", score=1.0, strategy="popular")]
    return Recommendation(request="r", user=user, items=items, as_of=1, lag_ms=1, fallback=fallback)


def test_without_an_api_nothing_is_shown_and_nothing_breaks() -> None:
    answers: list[Recommendation | None] = []

    async def ask(traffic: Traffic) -> None:
        traffic.ask("ada", 3, None, answers.append)
        await until(lambda: len(answers) == 1)
        await traffic.refresh()
        with pytest.raises(ApiError, match=r"GET /v1/stats: ConnectError"):
            await traffic.begin()
        assert not await traffic.client.ready()

    figures = through("http://127.0.0.1:9", ask)[0].figures()
    assert answers == [None]
    assert figures.answers == 0
    assert figures.troubles == 2
    assert figures.lag_ms is None
