"""`POST /v1/users/{id}/decide` over a real store: eligible, affordable, charged, logged, learnt."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from api import problems
from api.collect.log import LogUnavailableError, Record
from api.decide.deciding import Deciding
from api.decide.routes import build_router
from api.gate import Gate
from api.routing import mount
from api.serve import Serving
from contracts.codec import decode_event
from contracts.events import Event
from contracts.keys import Keys, budget_key
from contracts.profile import Satisfaction
from contracts.settings import Settings
from online_models.placement import PlacementModel
from online_models.rewards import Taken
from operators.decided import decided_of
from storage.redis_views import RedisViews
from storage.writes import SetView
from tests.api.running import PLAIN
from tests.api.serve.shop import ada, fill, now_ms, person, shop, until
from tests.storage.servers import StoreServer, free_port, running

BOOK = """
[[offer]]
id = "rebate"
kind = "rebate"
text = "3 off"
cost = 3.0
budget = 30.0
placements = ["home"]

[[offer]]
id = "points"
kind = "points"
value = 100
per_user = 2

[[offer]]
id = "vip"
kind = "benefit"
when = { min_orders = 10 }

[[offer]]
id = "new-one"
kind = "replacement"
cost = 10.0
budget = 20.0
per_user = 1
placements = ["recovery"]
when = { min_complaints = 1, max_satisfaction = 0.2 }

[[offer]]
id = "call"
kind = "callback"
placements = ["recovery"]
when = { min_complaints = 1 }

[[placement]]
name = "recovery"
fixed = "new-one"
nothing = false
policy = "fixed"
shares = { uniform = 0.0, fixed = 0.0, thompson = 0.0 }

[[placement]]
name = "home"
fixed = "points"

[[placement]]
name = "cart"
reward = "purchase"
nothing = false
"""


class Log:
    """Takes events, or is away."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.away = self.hangs = False

    async def append(self, records: Sequence[Record], timestamp: int) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise LogUnavailableError("the broker is away", 1)
        self.events += [decode_event(record.value) for record in records]


class Desk:
    """A service over a real store, and what it logged."""

    def __init__(self, http: httpx.Client, log: Log, server: StoreServer) -> None:
        self.http, self.log, self.server = http, log, server

    def decide(self, user: str = "ada", placement: str = "home", **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"/v1/users/{user}/decide", json={"placement": placement, **body})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def desk_at(server: StoreServer, offers: Path, **given: Any) -> Iterator[Desk]:
    patient = {"api.store_budget_ms": 5_000, "redis.timeout_seconds": 5}
    overrides = {
        "redis.url": server.url,
        "api.offers_file": str(offers),
        **PLAIN,
        **patient,
        **given,
    }
    settings = Settings.load(overrides=overrides)
    log = Log()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        async with (
            Serving.open(settings) as serving,
            Deciding.open(settings, serving, log) as deciding,
        ):
            app.state.serving, app.state.deciding = serving, deciding
            yield

    app = FastAPI(lifespan=lifespan)
    app.state.gate = Gate(settings.api)
    problems.install(app)
    mount(app, build_router())
    port = free_port()
    config = uvicorn.Config(app, port=port, http="httptools", access_log=False, log_config=None)
    service = uvicorn.Server(config)
    thread = threading.Thread(target=service.run, name="service", daemon=True)
    thread.start()
    try:
        until(lambda: service.started or not thread.is_alive())
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            yield Desk(http, log, server)
    finally:
        service.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def offers(tmp_path: Path) -> Path:
    file = tmp_path / "offers.toml"
    file.write_text(BOOK)
    return file


@pytest.fixture
def desk(store_server: StoreServer, offers: Path) -> Iterator[Desk]:
    fill(store_server, shop(now_ms()))
    with desk_at(store_server, offers) as opened:
        yield opened


def test_a_decision_is_answered_and_logged_with_its_chances(desk: Desk) -> None:
    made = desk.decide(explain=True, context={"page": "front"})
    (event,) = desk.log.events
    decided = decided_of(event)
    assert decided is not None
    assert (event.user, event.request, event.site) == ("ada", made["request"], "default")
    assert event.campaign == made["offer"]["id"]
    assert event.variant == made["policy"]
    assert decided.offers == ["rebate", "points", "none"]
    at = decided.offers.index(made["offer"]["id"])
    assert decided.chances[at] == pytest.approx(made["propensity"], abs=1e-6)
    assert sum(decided.chances) == pytest.approx(1.0)
    assert decided.context["page"] == "front"
    assert (decided.context["stage"], decided.context["segment"]) == ("customer", "s1")
    assert made["refused"] == {"vip": "fewer than 10 orders"}
    assert made["logged"] is True
    assert made["fallback"] is True


def test_a_budget_is_never_overspent_and_then_others_are_chosen(desk: Desk) -> None:
    chosen = Counter(desk.decide(f"u{n}")["offer"]["id"] for n in range(80))
    assert chosen["rebate"] == 10
    assert sum(chosen.values()) == 80
    last = desk.decide("late", explain=True)
    assert "budget is spent" in last["refused"]["rebate"]
    decided = decided_of(desk.log.events[-1])
    assert decided is not None
    assert "rebate" not in decided.offers
    with desk.server.client() as client:
        assert client.get(budget_key("default", "rebate", "ever")) == b"30000"
    spent = {o["id"]: o["spent"] for o in desk.http.get("/v1/offers").json()["offers"]}
    assert spent["rebate"] == 30.0


def test_a_person_has_an_offer_so_often(desk: Desk) -> None:
    chosen = Counter(
        (made["offer"] or {}).get("id") for made in (desk.decide("bob", "cart") for _ in range(5))
    )
    assert chosen == {"points": 2, None: 3}
    assert desk.decide("bob", "cart")["reason"] == "no offer may be made here now"
    assert len(desk.log.events) == 2, "where nothing was decided, nothing is logged"


def test_who_signs_in_has_had_what_the_device_was_offered(desk: Desk) -> None:
    first = desk.decide("device:tab", "cart")
    views = RedisViews.open(desk.server.settings, "live")
    views.write([person(Keys("live"), ada(now_ms(), "eve", devices=["tab"]))])
    views.close()
    again = [(desk.decide("eve", "cart")["offer"] or {}).get("id") for _ in range(2)]
    assert [first["offer"]["id"], *again] == ["points", "points", None]


def test_service_recovery_is_for_who_complained_and_has_a_budget_of_its_own(desk: Desk) -> None:
    views = RedisViews.open(desk.server.settings, "live")
    now = now_ms()
    for name, said in (
        ("cross", Satisfaction(-0.6, 1.0, now, complaints=1)),
        ("cross2", Satisfaction(-0.6, 1.0, now, complaints=2)),
        ("cross3", Satisfaction(-0.6, 1.0, now, complaints=1)),
        ("mild", Satisfaction(0.5, 1.0, now, complaints=1)),
    ):
        views.write([person(Keys("live"), ada(now, name, satisfaction=said))])
    views.close()
    asked: dict[str, Any] = {"placement": "recovery", "offers": ["new-one", "call"]}
    offered = [
        (desk.decide(name, **asked)["offer"] or {}).get("id")
        for name in ("ada", "mild", "cross", "cross", "cross2", "cross3")
    ]
    # Nothing for whom nothing is wrong; once for a person; two are what the budget is for.
    assert offered == [None, "call", "new-one", "call", "new-one", "call"]
    why = desk.decide("ada", **asked, explain=True)["refused"]
    assert why == {"new-one": "too few complaints", "call": "too few complaints"}
    with desk.server.client() as client:
        assert client.get(budget_key("default", "new-one", "ever")) == b"20000"
        assert client.get(budget_key("default", "rebate", "ever")) is None


def test_what_was_learnt_decides(desk: Desk) -> None:
    model, keys = PlacementModel(), Keys("live")
    for at in range(3_000):
        offer = ("rebate", "points", "none")[at % 3]
        likes = offer == "none"
        taken = Taken(f"r{at}", "u", "home", offer, "uniform", 0, 1, "click", 1.0, {}, float(likes))
        model.learn_one(taken)
    views = RedisViews.open(desk.server.settings, "live")
    views.write([SetView(keys.bandit("default", "home"), model.pack())])
    views.close()
    chosen = Counter(desk.decide(f"u{n}")["offer"]["id"] for n in range(40))
    assert chosen["none"] > 30
    assert desk.decide("zoe")["fallback"] is False


def test_offers_may_be_named_and_devices_asked(desk: Desk) -> None:
    made = desk.decide("device:d1", offers=["points", "none"])
    assert made["offer"]["id"] in ("points", "none")
    (event,) = desk.log.events
    assert (event.user, event.device) == (None, "d1")


def test_without_consent_nothing_known_is_used(desk: Desk) -> None:
    profile = ada(now_ms(), "eve", consent=["marketing"], orders=50)
    views = RedisViews.open(desk.server.settings, "live")
    views.write([person(Keys("live"), profile)])
    views.close()
    made = desk.decide("eve", explain=True)
    decided = decided_of(desk.log.events[0])
    assert decided is not None
    assert decided.context == {}
    assert "vip" in made["refused"]


def test_a_broker_that_is_away_costs_no_answer(desk: Desk) -> None:
    desk.log.away = True
    assert desk.decide()["logged"] is False
    desk.log.away, desk.log.hangs = False, True
    assert desk.decide()["logged"] is False


def test_a_store_that_is_away_leaves_what_is_free(
    offers: Path,
) -> None:
    patient = {"redis.timeout_seconds": 0.5, "api.store_budget_ms": 500}
    with running() as server, desk_at(server, offers, **patient) as desk:
        server.stop()
        made = desk.decide(explain=True)
        assert made["offer"]["id"] == "none"
        assert made["degraded"] is True
        assert set(made["refused"]) == {"rebate", "points", "vip"}
        assert desk.http.get("/v1/offers").json()["offers"][0]["spent"] is None


def test_a_changed_file_is_in_force_and_a_bad_one_is_not(desk: Desk, offers: Path) -> None:
    offers.write_text(BOOK.replace('"home"', '"front"'))
    assert desk.decide(placement="front")["placement"] == "front"
    offers.write_text("[[offer]]\nid = 5")
    assert desk.decide(placement="front")["placement"] == "front"
    assert "offer 1" in desk.http.get("/v1/offers").json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"placement": "nowhere"}, 404, "there are: recovery, home, cart"),
        ({"placement": "hme"}, 404, "did you mean `home`"),
        (
            {"placement": "home", "offers": ["gift", "point"]},
            404,
            "no offer 'point' at 'home'; did",
        ),
        ({"placement": "home", "offers": []}, 400, "`offers`"),
        ({}, 400, "placement"),
        ({"placement": ""}, 400, "`placement`"),
        ({"placement": "home", "context": {"a": [1]}}, 400, "`context`: expected"),
        ({"placement": "home", "context": {"a": "x" * 999}}, 400, "`context`"),
        ({"placement": "home", "context": {f"f{n}": n for n in range(99)}}, 400, "at most 32"),
        ({"placement": "home", "n": 3}, 400, "`n`: there is no such field; there are: placement,"),
    ],
)
def test_a_bad_question_is_told(desk: Desk, body: dict[str, Any], status: int, said: str) -> None:
    answer = desk.http.post("/v1/users/ada/decide", content=json.dumps(body))
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    about = "offer" if "no offer" in said else "placement"
    assert answer.json()["title"] == (f"Unknown {about}" if status == 404 else "Bad parameter")
    assert desk.log.events == []
