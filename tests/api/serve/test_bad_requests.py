import json
from collections.abc import Iterator

import pytest

from tests.api.serve.shop import Shop, fill, now_ms, open_shop, shop
from tests.storage.servers import StoreServer

ADA = "/v1/users/ada/recommendations"


@pytest.fixture(scope="module")
def opened(store_server: StoreServer) -> Iterator[Shop]:
    fill(store_server, shop(now_ms()))
    with open_shop(store_server, **{"api.max_batch_bytes": 50_000}) as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("n=0", "n"),
        ("n=-3", "n"),
        ("n=1000000000", "n"),
        ("n=" + "9" * 5_000, "n"),
        ("n=ten", "n"),
        ("n=1.5", "n"),
        ("n=٣", "n"),
        ("n=", "n"),
        ("n=1&n=2", "n"),
        ("N=1", "N"),
        ("catgory=kitchen", "catgory"),
        ("category=", "category"),
        ("explain=maybe", "explain"),
        ("exclude=", "exclude"),
        ("max_per_category=-1", "max_per_category"),
        ("max_per_category=few", "max_per_category"),
        ("max_per_category=1001", "max_per_category"),
        ("diversity=1.01", "diversity"),
        ("diversity=-0.1", "diversity"),
        ("diversity=nan", "diversity"),
        ("diversity=", "diversity"),
        ("item=" + "x" * 257, "item"),
        ("&".join(f"exclude={n}" for n in range(1_001)), "exclude"),
    ],
)
def test_a_bad_query_names_its_field(opened: Shop, query: str, field: str) -> None:
    response = opened.http.get(f"{ADA}?{query}")
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:headrace:problem:bad-parameter"
    assert problem["faults"][0]["field"] == field
    assert f"`{field}`" in problem["detail"]
    assert len(response.content) < 1_000


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users//recommendations",
        f"/v1/users/{'x' * 257}/profile",
        "/v1/users/%FF/recommendations",
        "/v1/items//similar",
        f"/v1/items/{'y' * 300}/similar",
        "/v1/users/ada/profile?n=3",
        "/v1/segments?x=1",
        "/v1/trending?item=kettle",
    ],
)
def test_a_bad_path_is_a_problem(opened: Shop, path: str) -> None:
    response = opened.http.get(path)
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_a_device_id_may_be_as_long_as_an_id(opened: Shop) -> None:
    assert opened.get(f"/v1/users/device:{'d' * 256}/recommendations")["fallback"] is True


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/recommendations", "", "`users`: is missing"),
        ("/v1/recommendations", "{", "not valid JSON"),
        ("/v1/recommendations", "[" * 10_000, "expected an object"),
        ("/v1/rank", '{"items": ' + "[" * 40_000, "expected text"),
        ("/v1/recommendations", b"\xff\xfe", "the body is not UTF-8: byte 1 is 0xff"),
        ("/v1/recommendations", '{"users": ["\\ud800"]}', "JSON"),
        ("/v1/recommendations", "[]", "expected an object"),
        ("/v1/recommendations", "{}", "users"),
        ("/v1/recommendations", '{"users": []}', "users"),
        ("/v1/recommendations", '{"users": "ada"}', "users"),
        ("/v1/recommendations", '{"users": ["ada", ""]}', "users"),
        ("/v1/recommendations", '{"users": ["ada", 7]}', "users"),
        ("/v1/recommendations", '{"users": ["ada"], "n": 0}', "`n`"),
        ("/v1/recommendations", '{"users": ["ada"], "n": "3"}', "`n`"),
        ("/v1/recommendations", '{"users": ["ada"], "m": 3}', "m"),
        ("/v1/recommendations", json.dumps({"users": ["u"] * 101}), "users"),
        ("/v1/rank", "{}", "items"),
        ("/v1/rank", '{"items": []}', "items"),
        ("/v1/rank", '{"items": [null]}', "items"),
        ("/v1/rank", '{"items": ["a"], "user": ""}', "user"),
        ("/v1/rank", json.dumps({"items": [str(n) for n in range(1_001)]}), "items"),
    ],
)
def test_a_bad_body_names_its_field(opened: Shop, path: str, body: str, words: str) -> None:
    response = opened.http.post(path, content=body)
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["detail"]


def test_a_body_over_the_limit_is_refused(opened: Shop) -> None:
    response = opened.http.post("/v1/rank", content=b'{"items": ["' + b"x" * 60_000 + b'"]}')
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


def test_other_methods_and_paths_are_problems(opened: Shop) -> None:
    for response in (opened.http.post(ADA), opened.http.get("/v1/rank"), opened.http.get("/v1/x")):
        assert response.status_code in (404, 405)
        assert response.headers["content-type"] == "application/problem+json"


def test_with_write_keys_each_key_sees_its_own_site(store_server: StoreServer) -> None:
    keys = {"api.sites": {"default": "first", "other": "second"}}
    with open_shop(store_server, **keys) as opened:
        http = opened.http
        assert http.get(ADA).status_code == 401
        assert http.get(ADA, auth=("wrong", "")).status_code == 401
        assert http.get("/v1/segments").status_code == 401
        assert http.post("/v1/rank", json={"items": ["cup"]}).status_code == 401
        assert http.get(ADA, auth=("first", "")).json()["fallback"] is False
        assert http.get(f"{ADA}?writeKey=first").json()["fallback"] is False
        own = {"items": ["cup"], "user": "ada", "writeKey": "first"}
        assert http.post("/v1/rank", json=own).json()["fallback"] is False
        foreign = http.get(ADA, auth=("second", "")).json()
        assert (foreign["items"], foreign["fallback"]) == ([], True)
        assert http.get("/readyz").status_code == 200
        assert http.get("/metrics").status_code == 200
