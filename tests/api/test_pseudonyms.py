"""With pseudonyms on the log holds tokens, and who may be told of people is told their ids."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.codec import decode_json, pack
from contracts.decisions import DECISION_VERSION, Standing
from contracts.events import Item
from contracts.keys import EVENT_TOPICS, REJECTED_TOPIC, Keys, alias_value
from contracts.pseudonyms import Pseudonyms
from contracts.rejects import Rejected, raw_bytes
from contracts.settings import RedisSettings
from flows.topics import create_topics
from storage.redis_views import RedisViews
from storage.writes import SetView
from tests.api.running import TopicReader, await_true, serving
from tests.api.serve.shop import ada, catalogue, neighbours, now_ms, person, rankings
from tests.api.test_keys import make
from tests.api.triggers.firing import fire, trigger

SITE = "one"
SECRETS = {"1": "the secret of the pseudonyms of this test"}
NAMES = Pseudonyms(SECRETS)
ADA, USER, DEVICE = 'kanari "ada"', "kanari-user", "kanari-device"
TOKEN, PHONE = NAMES.token(SITE, ADA), NAMES.subject(SITE, "device:phone")


class Service(NamedTuple):
    url: str
    http: httpx.Client
    secret: dict[str, str]
    writer: dict[str, str]

    def get(self, path: str, **headers: Any) -> Any:
        answer = self.http.get(path, headers=self.secret, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("broker")
    with EmbeddedBroker(folder / "broker", folder / "broker.log") as broker:
        create_topics(broker.bootstrap_servers, 1)
        yield broker.bootstrap_servers


@pytest.fixture(scope="module")
def service(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder, keys, now = tmp_path_factory.mktemp("store"), Keys(), now_ms()
    with EmbeddedStore(folder / "store", folder / "store.log") as store:
        profile = ada(now, TOKEN)
        profile.site = SITE
        standing = Standing(DECISION_VERSION, SITE, TOKEN, as_of=now, facts={"stage": "new"})
        items = [Item(id=i, title=i) for i in ("kettle", "teapot", "cup")]
        views = RedisViews.open(RedisSettings.model_validate({"url": store.url}), "live")
        views.write(
            [
                *catalogue(items, keys, SITE),
                *neighbours(keys, now, SITE),
                *rankings(keys, now, SITE, popular=["kettle", "cup"], trending=["cup"]),
                person(keys, profile),
                SetView(keys.standing(SITE, TOKEN), pack(standing)),
                SetView(keys.profile(SITE, PHONE), alias_value(TOKEN)),
            ]
        )
        views.close()
        fire(store.url, [trigger(1, SITE, user=TOKEN), trigger(2, SITE, user=TOKEN)])
        every = ("profile:read", "triggers:read", "admin", "events:write", "recs:read")
        secret, writer = make(store, SITE, *every), make(store, SITE, "events:write", "recs:read")
        given = {
            "redis.url": store.url,
            "api.site_names": [SITE],
            "api.pseudonyms": True,
            "api.pseudonym_keys": SECRETS,
        }
        with serving(broker, **given) as url, httpx.Client(base_url=url, timeout=20) as http:
            made = Service(url, http, _bearer(secret), _bearer(writer))
            await_true(lambda: "cup" in http.get("/v1/trending", headers=made.secret).text)
            yield made


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_no_id_comes_into_the_log(service: Service, broker: str) -> None:
    now = now_ms()
    both = {"userId": USER, "anonymousId": DEVICE}
    posts: list[tuple[str, Any]] = [
        ("/v1/events", {"id": "1", "type": "view", "time": now, "user": USER, "device": DEVICE}),
        ("/v1/events", [{"id": "2", "type": "view", "time": now, "device": DEVICE}]),
        ("/v1/track", {"messageId": "3", "event": "Product Viewed", **both}),
        ("/v1/batch", {"batch": [{"messageId": "4", "type": "identify", **both}]}),
        ("/v1/alias", {"messageId": "5", "userId": USER, "previousId": f"{DEVICE}-2"}),
        ("/v1/events", [{"id": "6", "type": "view", "time": now, "user": NAMES.token(SITE, USER)}]),
        ("/v1/events", {"id": "7", "type": "view", "time": "never", "user": USER}),
        ("/v1/track", {"messageId": "8", "event": "", **both}),
    ]
    codes = [
        service.http.post(path, json=body, headers=service.writer).status_code
        for path, body in posts
    ]
    assert codes == [200] * 6 + [400] * 2
    reader = TopicReader(broker, [*EVENT_TOPICS, REJECTED_TOPIC], 1)
    found = reader.until(lambda messages: len(messages) >= len(posts))
    reader.close()
    refusals = [
        raw_bytes(decode_json(m.value() or b"", Rejected))
        for m in found
        if m.topic() == REJECTED_TOPIC
    ]
    assert len(refusals) == 2
    for raw in [*refusals, *((m.key() or b"") + (m.value() or b"") for m in found)]:
        assert b"kanari" not in raw
    events = {e["id"]: e for m in found if "id" in (e := json.loads(m.value() or b""))}
    assert {e["user"] for e in events.values() if "user" in e} == {NAMES.token(SITE, USER)}
    assert events["5"]["device"] == NAMES.token(SITE, f"{DEVICE}-2")
    rejects = service.get("/v1/rejects")["rejects"]
    text = service.get(f"/v1/rejects/{rejects[0]['id']}")["text"]
    assert json.loads(text)["anonymousId"] == DEVICE
    long = {"id": "9", "type": "view", "time": now, "user": "x" * 200}
    refused = service.http.post("/v1/events", json=long, headers=service.writer)
    assert "an id has at most 173 bytes" in refused.json()["detail"]


def test_a_person_is_found_by_id_and_by_token(service: Service) -> None:
    for asked in (ADA, TOKEN, "device:phone", PHONE):
        told = service.get(f"/v1/users/{_path(asked)}/profile")
        assert (told["user"], told["known"]) == (ADA, True)
        assert service.get(f"/v1/users/{_path(asked)}/facts")["facts"] == {"stage": "new"}
        answer = service.get(f"/v1/users/{_path(asked)}/recommendations")
        assert answer["fallback"] is False
    assert service.get("/v1/users/zoe/profile")["user"] == "zoe"
    answer = service.http.get(f"/v1/users/{'x' * 200}/profile", headers=service.secret)
    assert (answer.status_code, "173 bytes" in answer.text) == (400, True)


def test_triggers_are_told_with_ids(service: Service) -> None:
    polled = service.get("/v1/triggers?cursor=0&wait=0")["triggers"]
    assert {one["subject"] for one in polled} == {one["data"]["user"] for one in polled} == {ADA}
    of_user = service.get(f"/v1/users/{_path(ADA)}/triggers")
    assert (of_user["user"], len(of_user["triggers"])) == (ADA, 2)
    stream = f"{service.url}/v1/triggers/stream?cursor=0"
    with httpx.stream("GET", stream, headers=service.secret, timeout=20) as answer:
        data = (line for line in answer.iter_lines() if line.startswith("data: "))
        assert json.loads(next(data).removeprefix("data: "))["subject"] == ADA
    export = service.get(f"/v1/users/{_path('device:phone')}/export")
    assert (export["user"], len(export["triggers"])) == (ADA, 2)


def test_an_answer_without_a_body_stays_one(service: Service) -> None:
    made = service.http.post("/v1/subscriptions", json={"delivery": "pull"}, headers=service.secret)
    path = made.headers["location"]
    gone = service.http.delete(path, headers=service.secret)
    assert (gone.status_code, "content-length" in gone.headers) == (204, False)


def test_a_write_key_is_told_nothing_that_it_did_not_say(service: Service) -> None:
    """Whoever has a copy of the store and a key of a page cannot turn tokens back by it."""

    def user_of(asked: str) -> str:
        path = f"/v1/users/{_path(asked)}/recommendations"
        told: str = service.http.get(path, headers=service.writer).json()["user"]
        return told

    assert (user_of(ADA), user_of("zoe")) == (ADA, "zoe")
    assert user_of(TOKEN) == user_of("device:phone") == user_of(PHONE) == TOKEN
    many = {"users": [ADA, TOKEN]}
    answers = service.http.post("/v1/recommendations", json=many, headers=service.writer).json()
    assert [one["user"] for one in answers["answers"]] == [ADA, TOKEN]
    for user in (ADA, TOKEN):
        body = {"user": user, "items": ["kettle", "cup"]}
        ranked = service.http.post("/v1/rank", json=body, headers=service.writer)
        assert ranked.json()["user"] == user
    # Nor where what was sent comes back.
    for path in (f"/v1/items?id={TOKEN}", f"/v1/trending?n={TOKEN}", f"/v1/search?q={TOKEN}"):
        assert "kanari" not in service.http.get(path, headers=service.writer).text


def test_who_is_erased_is_found_by_id(service: Service) -> None:
    done = service.http.delete(f"/v1/users/{_path(ADA)}", headers=service.secret)
    assert (done.status_code, done.json()["swept"] > 0) == (200, True)
    assert service.get(f"/v1/users/{TOKEN}/profile")["known"] is False


def _path(id_: str) -> str:
    return id_.replace('"', "%22").replace(" ", "%20")
