"""Campaigns over HTTP: checked, versioned, told to the flow, read from a folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.campaigns import CampaignVersion, decode_version
from contracts.clock_records import is_clock_record
from contracts.codec import pack
from contracts.decisions import DECISION_VERSION, Standing
from contracts.keys import CLICK_TOPIC, CONTROL_TOPIC, FEEDBACK_TOPIC, Keys, alias_value
from contracts.profile import BotMark, CartLine
from contracts.settings import RedisSettings
from online_models.campaign_course import Course, pack_courses
from online_models.campaign_results import Cell, pack_counts
from online_models.confidence import Sums
from storage.redis_views import RedisViews
from storage.writes import SetView, Write
from tests.api.running import TopicReader, headers, serving
from tests.api.serve.shop import ada, person
from tests.builders import MINUTE
from tests.conftest import PARTITIONS

NOW = 1_700_000_000_000
SLOT = 64 * MINUTE

NONE: dict[str, Any] = {"campaigns": [], "total": {}}
CART = {"id": "cart", "name": "Cart", "template": "cart_abandoned", "with": {"after": "2h"}}


class Served:
    """A running API, and what it wrote to the topic `control`."""

    def __init__(self, url: str, bootstrap: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=20)
        self._reader = TopicReader(bootstrap, [CONTROL_TOPIC], PARTITIONS)

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._reader.close()

    def control(self, count: int) -> list[CampaignVersion]:
        """Return the versions on the topic, once there are so many."""
        found = self._reader.until(lambda messages: len({m.key() for m in messages}) >= count)
        told = {message.key(): decode_version(message.value() or b"") for message in found}
        return sorted(told.values(), key=lambda one: (one.id, one.version))


@pytest.fixture
def served(own_broker: EmbeddedBroker, own_store: EmbeddedStore) -> Iterator[Served]:
    bootstrap = own_broker.bootstrap_servers
    options = {"redis.url": own_store.url, "campaigns.clock_seconds": 0.5}
    with serving(bootstrap, **options) as url, Served(url, bootstrap) as served:
        yield served


def test_a_campaign_is_made_changed_and_ended_in_versions(served: Served) -> None:
    made = served.http.post("/v1/campaigns", json=CART)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    assert served.http.post("/v1/campaigns", json=CART).status_code == 409

    changed = served.http.put("/v1/campaigns/cart", json={**CART, "priority": 3})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = served.http.put("/v1/campaigns/cart", json=CART, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    one = served.http.get("/v1/campaigns/cart").json()
    assert one["campaign"]["priority"] == 3
    assert [version["version"] for version in one["versions"]] == [1, 2]

    assert served.http.delete("/v1/campaigns/cart").json()["deleted"]
    assert served.http.delete("/v1/campaigns/cart").status_code == 404
    assert served.http.get("/v1/campaigns").json() == NONE
    assert served.http.post("/v1/campaigns", json=CART).json()["version"] == 4
    told = served.control(4)
    assert [one.version for one in told] == [1, 2, 3, 4]
    assert [one.campaign is None for one in told] == [False, False, True, False]
    assert sorted(one.time for one in told) == [one.time for one in told]


def test_what_is_wrong_is_refused_with_its_place_and_the_running_version_stays(
    served: Served,
) -> None:
    served.http.post("/v1/campaigns", json=CART)
    for body, field in (
        ({**CART, "with": {"afer": "1h"}}, "with.afer"),
        ({"name": "C", "condition": "profile.orders > 1 &&\n segmnt == 'a'"}, "condition"),
        ({"name": "C", "condition": " && ".join(["profile.orders > 1"] * 80)}, "condition"),
        ({"name": "C", "condition": "segment == '" + "a" * 2_000 + "'"}, "condition"),
        ({**CART, "id": "other"}, "id"),
        ({**CART, "holdot": 1}, "holdot"),
    ):
        answer = served.http.put("/v1/campaigns/cart", json=body)
        assert answer.status_code == 400
        problem = answer.json()
        assert problem["type"] == "urn:headrace:problem:bad-campaign"
        assert problem["faults"][0]["field"] == field
    places = served.http.put("/v1/campaigns/x", json={"name": "C", "condition": "a &&\n b"}).json()
    assert (places["faults"][0]["line"], places["faults"][0]["column"]) == (1, 1)
    for raw in (b"", b"{", b"[]", b"\xff"):
        assert served.http.put("/v1/campaigns/cart", content=raw).status_code == 400
    assert served.http.get("/v1/campaigns/cart").json()["version"] == 1


def test_counts_are_those_of_all_buckets(served: Served, own_store: EmbeddedStore) -> None:
    served.http.post("/v1/campaigns", json=CART)
    views = RedisViews.open(RedisSettings(url=own_store.url))
    for bucket, fired in (("u000", 2), ("u063", 3)):
        raw = b'{"default":{"cart":{"fired":%d,"cap":1,"digest":"00"}}}' % fired
        views.write([SetView(Keys().campaigns(bucket), raw)])
    views.close()
    assert served.http.get("/v1/campaigns/cart").json()["counts"] == {"fired": 5, "cap": 2}
    for left in (1, 0):
        told = served.http.get("/v1/campaigns").json()
        assert len(told["campaigns"]) == left
        assert told["total"] == {"fired": 5, "cap": 2}, "ending a campaign takes nothing back"
        served.http.delete("/v1/campaigns/cart")


def test_the_vocabulary_is_told(served: Served) -> None:
    words = served.http.get("/v1/campaigns/vocabulary").json()
    assert "profile.orders" in words["facts"]
    assert "quiet" in words["functions"]
    assert "cart_abandoned" in words["templates"]


def test_clock_records_are_written_once_there_is_a_campaign(
    served: Served, own_broker: EmbeddedBroker
) -> None:
    topics = [CLICK_TOPIC, FEEDBACK_TOPIC]
    reader = TopicReader(own_broker.bootstrap_servers, topics, PARTITIONS)
    served.http.post("/v1/campaigns", json=CART)
    messages = reader.until(
        lambda messages: len({(m.topic(), m.partition()) for m in messages}) == 2 * PARTITIONS
    )
    reader.close()
    assert all(is_clock_record(message.value() or b"") for message in messages)


def test_clock_records_are_written_where_decisions_wait_for_their_horizon(
    own_broker: EmbeddedBroker, own_store: EmbeddedStore, tmp_path: Path
) -> None:
    offers = tmp_path / "offers.toml"
    offers.write_text("")
    options = {"redis.url": own_store.url, "api.offers_file": str(offers)}
    topics, bootstrap = [CLICK_TOPIC, FEEDBACK_TOPIC], own_broker.bootstrap_servers
    reader = TopicReader(bootstrap, topics, PARTITIONS)
    with serving(bootstrap, **options):
        reader.until(lambda found: len({(m.topic(), m.partition()) for m in found}) > PARTITIONS)
    reader.close()


def test_a_folder_is_taken_as_it_changes_and_told_again_to_a_new_log(
    own_broker: EmbeddedBroker, own_store: EmbeddedStore, tmp_path: Path
) -> None:
    folder = tmp_path / "campaigns"
    folder.mkdir()
    file = folder / "cart.toml"
    file.write_text('name = "Cart"\ntemplate = "cart_abandoned"\n')
    options = {"redis.url": own_store.url, "campaigns.folder": str(folder)}
    bootstrap = own_broker.bootstrap_servers
    with serving(bootstrap, **options) as url, Served(url, bootstrap) as served:
        assert served.control(1)[0].origin == "file"
        file.write_text('name = "Cart"\ntemplate = "cart_abandon"\n')
        (folder / "vip.toml").write_text('name = "VIP"\ntemplate = "vip"\nsite = "default"\n')
        file.write_text('name = "Cart 2"\ntemplate = "cart_abandoned"\n')
        told = served.control(3)
        assert [(one.id, one.version) for one in told] == [("cart", 1), ("cart", 2), ("vip", 1)]
        file.unlink()
        assert served.control(4)[2].campaign is None
    # A start tells everything again, and makes no new versions of what did not change.
    with serving(bootstrap, **options) as url, Served(url, bootstrap) as again:
        assert [one.version for one in again.control(4)] == [1, 2, 3, 1]
        assert [one["id"] for one in again.http.get("/v1/campaigns").json()["campaigns"]] == ["vip"]


def test_without_store_or_broker_the_answer_says_so(own_broker: EmbeddedBroker) -> None:
    with serving(own_broker.bootstrap_servers) as url:
        answer = httpx.post(f"{url}/v1/campaigns", json=CART, timeout=20)
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:headrace:problem:store-unavailable"
        assert answer.headers["retry-after"] == "1"


def test_campaigns_take_the_admin_key_and_sites_do_not_see_each_other_s(
    own_broker: EmbeddedBroker, own_store: EmbeddedStore
) -> None:
    bootstrap = own_broker.bootstrap_servers
    options = {"redis.url": own_store.url, "api.sites": {"one": "key-1", "two": "key-2"}}
    with serving(bootstrap, **options) as url, httpx.Client(base_url=url) as http:
        assert http.get("/v1/campaigns?site=one", headers=headers("key-1")).status_code == 403
    options["api.admin_key"] = "s3cret"
    bearer = {"Authorization": "Bearer s3cret"}
    with serving(bootstrap, **options) as url, httpx.Client(base_url=url) as http:
        for wrong, status in (({}, 401), (headers("key-1"), 403), (headers("no"), 401)):
            refused = http.post("/v1/campaigns?site=one", json=CART, headers=wrong)
            assert refused.status_code == status
        assert http.post("/v1/campaigns", json=CART, headers=bearer).status_code == 400
        assert http.get("/v1/campaigns?site=three", headers=bearer).status_code == 404
        made = http.post("/v1/campaigns?site=one", json=CART, headers=bearer)
        assert made.status_code == 201
        other = http.get("/v1/campaigns?site=two", headers=bearer)
        assert other.json() == NONE


def test_a_campaign_is_checked_without_being_made(served: Served) -> None:
    def check(body: object) -> dict[str, Any]:
        answer = served.http.post("/v1/campaigns/check", json=body)
        assert answer.status_code == 200
        return dict(answer.json())

    fine = check(CART)
    assert fine["faults"] == []
    assert fine["campaign"]["with"] == {"after": "2h"}
    assert "quiet('cart', '2h')" in fine["conditions"][0]
    wrong = check({"id": "x", "name": "X", "condition": "profile.orders > 1 &&\n segmnt == 'a'"})
    (fault,) = wrong["faults"]
    assert (fault["field"], fault["line"], fault["column"]) == ("condition", 2, 2)
    assert [one["field"] for one in check({})["faults"]] == ["id", "name", "condition"]
    named = {"id": "x", "name": "X", "condition": ["entered('fans')", "left('s9')"]}
    assert check(named)["warnings"] == [
        "condition: there is no segment 'fans' now; there are: none",
        "condition.1: there is no segment 's9' now; there are: none",
    ]
    audience = {**CART, "audience": "segment in ['s9']"}
    (warning,) = served.http.put("/v1/campaigns/cart", json=audience).json()["warnings"]
    assert warning.startswith("audience: there is no segment 's9' now")
    served.http.delete("/v1/campaigns/cart")
    assert served.http.post("/v1/campaigns/check", content=b"{").status_code == 400
    assert served.http.get("/v1/campaigns").json() == NONE


def test_whom_a_campaign_could_reach_is_asked_of_people_as_they_are_stored(
    served: Served, own_store: EmbeddedStore
) -> None:
    views = RedisViews.open(RedisSettings(url=own_store.url), "live")  # type: ignore[arg-type]
    keys, marketing = Keys("live"), ["marketing"]
    people = [
        ada(NOW, "full", consent=marketing, cart={"cup": CartLine(9, 5.0, NOW)}),
        ada(NOW, "light", consent=marketing, cart={"cup": CartLine(1, 5.0, NOW)}),
        ada(NOW, "quiet", cart={"cup": CartLine(9, 5.0, NOW)}),
        ada(NOW, "program", consent=marketing, bot=BotMark("rate", NOW, NOW)),
        ada(NOW, "new", consent=marketing, orders=0, cart={"cup": CartLine(9, 5.0, NOW)}),
    ]
    writes: list[Write] = [person(keys, one) for one in people]
    writes.append(SetView(keys.profile("default", "device:d"), alias_value("full")))
    standing = Standing(DECISION_VERSION, "default", "full", segment="s1")
    writes.append(SetView(keys.standing("default", "full"), pack(standing)))
    views.write(writes)
    views.close()
    tried = RedisViews.open(RedisSettings(url=own_store.url), "tried")  # type: ignore[arg-type]
    tried.write([SetView(Keys("tried").campaigns("u001"), b'{"default":{"cart":{"fired":7}}}')])
    tried.issue_run("tried")
    tried.close()

    draft = {**CART, "with": {"value": 20}, "audience": "profile.orders >= 1"}
    told = served.http.post("/v1/campaigns/preview", json=draft).json()
    assert (told["looked_at"], told["whole"], told["fit"]) == (5, True, 1)
    assert told["out"] == {"bot": 1, "consent": 1, "audience": 1, "condition": 1}
    assert (told["people"], told["segments"]) == (["full"], {"s1": 1})
    (condition,) = told["conditions"]
    assert condition["stored"] == "profile.cart_items > 0 && profile.cart_value >= 20.0"
    assert (condition["moments"], condition["fit"]) == (["quiet('cart', '1h')"], 1)
    assert told["audience"] == {"stored": "profile.orders >= 1", "moments": []}
    assert told["replays"] == [{"namespace": "tried", "counts": {"fired": 7}}]

    few = served.http.post("/v1/campaigns/preview", params={"n": 2}, json=draft).json()
    assert (few["looked_at"], few["whole"]) == (2, False)
    assert served.http.post("/v1/campaigns/preview?n=0", json=draft).status_code == 400
    assert served.http.post("/v1/campaigns/preview", json={"id": "x"}).status_code == 400


def test_what_a_campaign_did_is_told_against_its_holdout(
    served: Served, own_store: EmbeddedStore
) -> None:
    assert served.http.get("/v1/campaigns/cart/results").status_code == 404
    served.http.post("/v1/campaigns", json={**CART, "holdout": 0.1})
    empty = served.http.get("/v1/campaigns/cart/results").json()
    assert (empty["version"], empty["sent"]["triggers"], empty["uplift"]) == (1, 0, None)

    sums = Sums(4_500, 900, 900.0, 900.0), Sums(500, 50, 50.0, 50.0)
    cells = [Cell(5_000, 4_000, 2_000, 1_000, 950, 9_500.0, one, one) for one in sums]
    views = RedisViews.open(RedisSettings(url=own_store.url), "live")  # type: ignore[arg-type]
    for part in ("u000", "u063"):
        packed = pack_counts({1: {"sent": {"s1": cells[0]}, "holdout": {"s1": cells[1]}}})
        course = pack_courses({1: Course(SLOT, {5: [4_500, 0, 500, 0], 6: [0, 900, 0, 50]})})
        keys = Keys("live")
        views.write([SetView(keys.results("default", "cart", part), packed)])
        views.write([SetView(keys.course("default", "cart", part), course)])
    views.close()
    told = served.http.get("/v1/campaigns/cart/results").json()
    assert told["sent"]["triggers"] == 10_000
    assert told["sent"]["clicked"] == 2_000
    assert told["uplift"]["difference"] == pytest.approx(0.1)
    assert told["uplift"]["low"] > 0.0
    assert told["uplift"]["sure"]
    assert told["value_per_send"] == pytest.approx(0.1 * 9_000 / 10_000)
    assert list(told["segments"]) == ["s1"]
    assert told["assignment"]["people"] == {"holdout": 1_000, "sent": 9_000}
    assert not told["assignment"]["mismatch"]
    assert [one["time"] for one in told["over_time"]] == [6 * SLOT, 7 * SLOT]
    last = {name: told["over_time"][-1][name] for name in ("difference", "low", "high")}
    assert last == {name: told["uplift"][name] for name in last}

    served.http.delete("/v1/campaigns/cart")
    assert served.http.get("/v1/campaigns/cart/results").json()["version"] == 1
    assert served.http.get("/v1/campaigns/cart/results", params={"version": 7}).status_code == 404
    assert served.http.get("/v1/campaigns/cart/results", params={"version": "x"}).status_code == 400
