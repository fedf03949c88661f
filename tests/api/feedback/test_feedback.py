"""Feedback over HTTP: lists, one case, its status, a person's own, the summary."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.codec import decode_event, dump_json, pack
from contracts.feedback import STATUSES, Case, CaseLine, Voice
from contracts.keys import FEEDBACK_TOPIC, Keys
from contracts.settings import RedisSettings
from storage.redis_views import RedisViews
from storage.writes import SetView
from tests.api.running import TopicReader, serving
from tests.conftest import PARTITIONS

NOW = 1_700_000_000_000
KEYS = Keys()
CASES = [
    Case(1, "default", "c/1", "complaint", "ada", NOW, topic="delivery", text="late", due=NOW + 5),
    Case(1, "default", "c2", "complaint", "bob", NOW + 10, topic="billing", due=1 << 52),
    Case(1, "default", "c3", "suggestion", "device:d1", NOW + 20, device="d1", status="resolved"),
]


def filled(url: str) -> None:
    """Write what the flow would write."""
    writes = [SetView(KEYS.case("default", one.id), pack(one)) for one in CASES]
    for status in STATUSES:
        lines = [
            CaseLine(one.id, one.opened, one.topic, one.type, one.due)
            for one in CASES
            if one.status == status
        ]
        writes.append(SetView(KEYS.cases("default", status), pack(lines)))
    said = [
        Voice("n1", "nps", NOW, 3.0, opinion=-1.0),
        Voice("c/1", "complaint", NOW + 1, text="late", opinion=-1.0, case=True),
    ]
    summary, kettle = {"heard": 2, "all": {"score": -1.0}}, {"score": 0.5}
    writes += [
        SetView(KEYS.voices("default", "ada"), pack(said)),
        SetView(KEYS.feedback("default"), dump_json(summary)),
        SetView(KEYS.contentment("default", "item", "kettle"), dump_json(kettle)),
    ]
    views = RedisViews.open(RedisSettings(url=url))
    views.write(writes)
    views.close()


@pytest.fixture
def bootstrap(own_broker: EmbeddedBroker) -> str:
    return own_broker.bootstrap_servers


@pytest.fixture
def http(bootstrap: str, own_store: EmbeddedStore) -> Iterator[httpx.Client]:
    filled(own_store.url)
    with (
        serving(bootstrap, **{"redis.url": own_store.url}) as url,
        httpx.Client(base_url=url, timeout=20) as client,
    ):
        yield client


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [case["id"] for case in answer.json()["cases"]]


def test_cases_are_listed_the_newest_first_and_chosen(http: httpx.Client) -> None:
    assert ids(http.get("/v1/feedback")) == ["c3", "c2", "c/1"]
    assert ids(http.get("/v1/feedback?status=open")) == ["c2", "c/1"]
    assert ids(http.get("/v1/feedback?topic=delivery")) == ["c/1"]
    assert ids(http.get("/v1/feedback?type=suggestion")) == ["c3"]
    assert ids(http.get("/v1/feedback?overdue=true")) == ["c/1"]
    few = http.get("/v1/feedback?n=1")
    assert (ids(few), few.json()["more"]) == (["c3"], 2)


def test_one_case_is_told_also_with_a_slash_in_its_id(http: httpx.Client) -> None:
    told = http.get("/v1/feedback/c%2F1").json()
    assert (told["user"], told["topic"], told["overdue"]) == ("ada", "delivery", True)
    missing = http.get("/v1/feedback/nothing")
    assert (missing.status_code, missing.headers["retry-after"]) == (404, "1")


def test_a_person_s_feedback_is_told_with_their_cases(http: httpx.Client) -> None:
    told = http.get("/v1/users/ada/feedback").json()
    assert [one["id"] for one in told["said"]] == ["c/1", "n1"]
    assert [one["id"] for one in told["cases"]] == ["c/1"]
    nobody = http.get("/v1/users/zoe/feedback").json()
    assert (nobody["said"], nobody["cases"], nobody["satisfaction"]) == ([], [], None)


def test_the_summary_is_told_of_all_and_of_one(http: httpx.Client) -> None:
    assert http.get("/v1/feedback/summary").json()["heard"] == 2
    one = http.get("/v1/feedback/summary?item=kettle").json()
    assert (one["item"], one["contentment"]) == ("kettle", {"score": 0.5})
    assert http.get("/v1/feedback/summary?item=pot").json()["contentment"] is None


def test_a_status_goes_to_the_log_as_an_event_of_the_person(
    http: httpx.Client, bootstrap: str
) -> None:
    body = {"status": "answered", "topic": "delivery", "note": "sorry", "id": "mine"}
    answer = http.post("/v1/feedback/c%2F1/status", json=body)
    assert (answer.status_code, answer.json()["accepted"]) == (202, True)
    assert http.post("/v1/feedback/c3/status", json={"status": "reopened"}).status_code == 202
    reader = TopicReader(bootstrap, [FEEDBACK_TOPIC], PARTITIONS)
    try:
        found = reader.until(lambda messages: len(messages) >= 2)
    finally:
        reader.close()
    events = {event.id: event for event in (decode_event(m.value() or b"") for m in found)}
    mine = events.pop("mine")
    assert (mine.type, mine.user, mine.device, mine.source) == ("status", "ada", None, "care")
    assert mine.props == {
        "feedback": "c/1",
        "status": "answered",
        "topic": "delivery",
        "note": "sorry",
    }
    (other,) = events.values()
    assert (other.user, other.device) == (None, "d1")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("c2", {"status": "reopened"}, 409, "the case is open; from there it may become"),
        ("nothing", {"status": "answered"}, 404, "no complaint or suggestion 'nothing'"),
        ("c2", {"status": "open"}, 400, "`status`: expected `answered`, `resolved` or `reopened`"),
        (
            *("c2", {"status": "gone"}, 400),
            "`status`: expected `answered`, `resolved` or `reopened`, got 'gone'",
        ),
        ("c2", {}, 400, "`status`: is missing"),
        ("c2", {"status": "answered", "topic": " "}, 400, "`topic`"),
        ("c2", {"status": "answered", "note": "x" * 1_001}, 400, "`note`"),
        ("c2", {"status": "answered", "notes": ""}, 400, "did you mean `note`?"),
    ],
)
def test_a_status_that_cannot_be_is_refused(
    http: httpx.Client, path: str, body: dict[str, Any], status: int, said: str
) -> None:
    answer = http.post(f"/v1/feedback/{path}/status", json=body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_the_same_status_again_changes_nothing(http: httpx.Client) -> None:
    answer = http.post("/v1/feedback/c3/status", json={"status": "resolved"})
    assert (answer.status_code, answer.json()["accepted"]) == (200, False)


@pytest.mark.parametrize("query", ["status=gone", "n=0", "n=501", "n=x", "overdue=2", "what=1"])
def test_a_bad_question_is_refused(http: httpx.Client, query: str) -> None:
    assert http.get(f"/v1/feedback?{query}").status_code == 400
    assert http.get("/v1/feedback/summary?item=a&category=b").status_code == 400


def test_what_people_said_is_for_holders_of_the_secret_key(
    bootstrap: str, own_store: EmbeddedStore
) -> None:
    filled(own_store.url)
    given = {"api.sites": {"default": "public"}, "api.secrets": {"default": "hush"}}
    with serving(bootstrap, **{"redis.url": own_store.url, **given}) as url:
        with httpx.Client(base_url=url, auth=("public", "")) as page:
            for path in ("/v1/feedback", "/v1/feedback/c2", "/v1/users/ada/feedback"):
                assert page.get(path).status_code == 403
            status = {"status": "answered"}
            assert page.post("/v1/feedback/c2/status", json=status).status_code == 403
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer hush"}) as desk:
            assert ids(desk.get("/v1/feedback"))


def test_a_store_that_is_away_is_said(bootstrap: str) -> None:
    with serving(bootstrap) as url, httpx.Client(base_url=url) as client:
        assert client.get("/v1/feedback").status_code == 503
