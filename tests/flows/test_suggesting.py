"""Triggers say what their people may like now, and an id always says the same."""

import pytest

from contracts.cloudevents import decode_trigger
from contracts.decisions import Trigger
from contracts.keys import SERVED_KEY, TRIGGERS_TOPIC, Keys, triggers_key
from contracts.settings import KafkaSettings, Settings
from flows.drain import Drain
from flows.suggesting import REST_SECONDS, Suggester
from flows.trigger_sink import TriggerSink
from operators.catalogue import Catalogue
from operators.messages import Triggers
from storage.sync_reader import SyncReader
from storage.triggers import TriggerStore
from tests.api.running import TopicReader
from tests.api.serve.shop import ITEMS, SITE, ada, fill, now_ms, open_shop, person, shop
from tests.storage.servers import StoreServer, free_port, store_server  # noqa: F401  # a fixture

NOW = now_ms()


def trigger(user: str = "ada", id_: str = "t1", **given: object) -> Trigger:
    fields = {"campaign": "c", "version": 1, "time": NOW, "event": "e1", **given}
    return Trigger(id=id_, site=SITE, user=user, **fields)  # type: ignore[arg-type]


def suggester(server: StoreServer, clock=lambda: 0.0, **given: object) -> Suggester:
    settings = Settings.load(overrides={"redis.url": server.url, **given})
    catalogue = Catalogue()
    for item in ITEMS:
        catalogue.put(item)
    reader = SyncReader(settings.redis, 5.0)
    return Suggester(reader, settings, catalogue, settings.namespace, clock)


@pytest.fixture
def filled(store_server: StoreServer) -> StoreServer:  # noqa: F811  # the fixture
    fill(store_server, shop(NOW))
    return store_server


def test_a_trigger_says_what_the_api_would_recommend(filled):
    # Ada looked at the kettle last, whose neighbour `cup` is first; the rake is hers, the spoon in
    # her cart, and one neighbour is not in stock.
    (sent,) = suggester(filled)([trigger()])
    with open_shop(filled, **{"api.max_per_category": 0, "api.explore": 0.0}) as served:
        answered = served.items("/v1/users/ada/recommendations", n=5)
    assert sent.recommendations[0] == "cup"
    assert not {"rake", "spoon", "gone"} & set(sent.recommendations)
    assert sent.recommendations == answered[: len(sent.recommendations)]


def test_a_stranger_gets_what_is_liked_and_a_holdout_nothing(filled):
    suggest = suggester(filled, **{"campaigns.recommendations": 2})
    stranger, held = suggest([trigger("nobody"), trigger(id_="t2", holdout=True)])
    assert len(stranger.recommendations) == 2
    assert held.recommendations == []
    assert suggester(filled, **{"campaigns.recommendations": 0})([trigger()]) == [trigger()]


def test_without_consent_nothing_that_is_known_of_the_person_is_used(filled):
    with filled.client() as client:
        write = person(Keys("live"), ada(NOW, consent=["marketing"], disliked={"hose": NOW}))
        client.set(write.key, write.value)
    refusing, stranger = suggester(filled)([trigger(), trigger("nobody", "t2")])
    assert refusing.recommendations == [i for i in stranger.recommendations if i != "hose"]


def test_a_namespace_that_is_not_served_asks_for_nothing_more(filled):
    with filled.client() as client:
        client.set(SERVED_KEY, "other")
    assert suggester(filled)([trigger()]) == [trigger()]


def test_a_store_that_is_away_holds_nothing_up():
    settings = Settings.load(overrides={"redis.url": f"redis://127.0.0.1:{free_port()}/0"})
    now, asked = [0.0], []
    reader = SyncReader(settings.redis, 0.1)
    get = reader.get_many
    reader.get_many = lambda keys: asked.append(1) or get(keys)  # type: ignore[method-assign]
    suggest = Suggester(reader, settings, Catalogue(), "live", lambda: now[0])
    assert suggest([trigger()]) == [trigger()]
    assert suggest([trigger()]) == [trigger()]
    assert len(asked) == 1
    now[0] += REST_SECONDS
    suggest([trigger()])
    assert len(asked) == 2


def test_an_id_that_comes_again_says_what_it_said_first(filled, own_broker):
    """A run that was broken off after the store had accepted: Kafka gets the same as the stream."""
    settings = KafkaSettings(delivery_timeout_ms=20_000)
    said = [["cup", "hose"], ["seed"]]

    def sink() -> TriggerSink:
        liked = said.pop(0)

        def complete(triggers):
            return [Trigger(**{**_fields(one), "recommendations": liked}) for one in triggers]

        return TriggerSink(
            lambda: TriggerStore(filled.settings, "live", 3),
            {"bootstrap.servers": own_broker.bootstrap_servers},
            settings,
            Drain(),
            complete,
        )

    for triggers in ([trigger()], [trigger(), trigger(id_="t2")]):
        part = sink().build_part("out", "triggers-00", None)
        part.write_batch([Triggers(triggers)])
        part.snapshot()
    with filled.client() as client:
        stream = [decode_trigger(e[b"event"]) for _, e in client.xrange(triggers_key(SITE))]
    assert [(one.id, one.recommendations) for one in stream] == [
        ("t1", ["cup", "hose"]),
        ("t2", ["seed"]),
    ]
    reader = TopicReader(own_broker.bootstrap_servers, [TRIGGERS_TOPIC], 4)
    found = [decode_trigger(m.value() or b"") for m in reader.until(lambda found: len(found) >= 3)]
    reader.close()
    assert {(one.id, tuple(one.recommendations)) for one in found} == {
        ("t1", ("cup", "hose")),
        ("t2", ("seed",)),
    }


def _fields(one: Trigger) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
