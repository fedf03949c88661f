"""A service whose store holds a campaign that did something, and cases that wait for an answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.codec import dump_json, pack
from contracts.feedback import STATUSES, Case, CaseLine, Contentment
from contracts.keys import Keys
from contracts.profile import CartLine
from contracts.settings import RedisSettings
from flows.topics import create_topics
from online_models.campaign_course import Course, pack_courses
from online_models.campaign_results import Cell, pack_counts
from online_models.confidence import Sums
from storage.redis_views import RedisViews
from storage.writes import SetView, Write
from tests.api.running import serving
from tests.api.serve.shop import ada, person, shop
from tests.conftest import PARTITIONS
from tests.web.conftest import PATIENT

KEYS = Keys()
MINUTE = 60_000
DAY = 86_400_000
CART = {
    "id": "cart",
    "name": "Cart left behind",
    "template": "cart_abandoned",
    "with": {"after": "2h", "value": 20},
    "holdout": 0.1,
    "quiet_hours": {"from": "21:00", "to": "08:00", "zone": "Europe/Zurich"},
    "caps": [{"count": 3, "per": "7d"}],
    "send": {"message": "Still there?", "banner": 7},
}
OFFERS = """
[[offer]]
id = "voucher"
kind = "rebate"
text = "A voucher of 10"
placements = ["recovery"]

[[placement]]
name = "recovery"
nothing = false
"""


class Desk:
    """The running service, and its store."""

    def __init__(self, url: str, store: str, bootstrap: str, now: int) -> None:
        self.url = url
        self.bootstrap = bootstrap
        self.now = now
        self._store = store

    def write(self, *writes: Write) -> None:
        """Write views as the flow would."""
        views = RedisViews.open(RedisSettings.model_validate({"url": self._store}))
        views.write(writes)
        views.close()

    def cases(self, *cases: Case) -> None:
        """Write cases, and the lists of them."""
        lines = {
            status: [
                CaseLine(one.id, one.opened, one.topic, one.type, one.due)
                for one in cases
                if one.status == status
            ]
            for status in STATUSES
        }
        self.write(
            *(SetView(KEYS.case("default", one.id), pack(one)) for one in cases),
            *(SetView(KEYS.cases("default", name), pack(told)) for name, told in lines.items()),
        )

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.url}/v1/{path}", timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def campaign(self, **changes: Any) -> None:
        """Make a campaign, or another version of it."""
        body = {**CART, **changes}
        httpx.put(f"{self.url}/v1/campaigns/{body['id']}", json=body, timeout=20).raise_for_status()


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """Serve it."""
    offers, now = folder / "offers.toml", time.time_ns() // 1_000_000
    offers.write_text(OFFERS)
    with (
        EmbeddedStore(folder / "store", folder / "store.log") as store,
        EmbeddedBroker(folder / "broker", folder / "broker.log") as broker,
    ):
        create_topics(broker.bootstrap_servers, PARTITIONS)
        given = {"redis.url": store.url, "api.pages": True, **PATIENT}
        given |= {"api.offers_file": str(offers)}
        with serving(broker.bootstrap_servers, **given) as url:
            made = Desk(url, store.url, broker.bootstrap_servers, now)
            made.write(*shop(now), *results(now), *people(now), summary(now))
            made.cases(*cases(now))
            made.campaign()
            yield made


def results(now: int) -> list[Write]:
    """Return what came of the campaign: twelve days of it."""
    sent, held = Sums(9_000, 1_800, 1_800.0, 1_800.0), Sums(1_000, 100, 100.0, 100.0)
    groups = {
        "sent": {"s1": Cell(9_500, 8_000, 4_000, 2_000, 1_900, 19_000.5, sent, sent)},
        "holdout": {"s1": Cell(1_050, 0, 0, 0, 110, 1_000.25, held, held)},
    }
    slots = {now // (256 * MINUTE) - 60 + 10 * n: [1_500, 300, 166, 16] for n in range(6)}
    course = Course(256 * MINUTE, slots)
    counts = {"cart": {"fired": 9_500, "held": 1_050, "consent": 77, "digest": "00"}}
    return [
        SetView(KEYS.results("default", "cart", "u000"), pack_counts({1: groups})),
        SetView(KEYS.course("default", "cart", "u000"), pack_courses({1: course})),
        SetView(KEYS.campaigns("u000"), dump_json({"default": counts})),
    ]


def first_results(now: int, campaign: str) -> list[Write]:
    """Return what came of a campaign of which little is known: one figure, no bounds."""
    sent, held = Sums(40, 8, 8.0, 8.0), Sums(20, 2, 2.0, 2.0)
    groups = {
        "sent": {"s1": Cell(40, 40, 20, 10, 8, 600.0, sent, sent)},
        "holdout": {"s1": Cell(20, 0, 0, 0, 2, 40.0, held, held)},
    }
    course = Course(256 * MINUTE, {now // (256 * MINUTE) - 1: [40, 8, 20, 2]})
    return [
        SetView(KEYS.results("default", campaign, "u000"), pack_counts({1: groups})),
        SetView(KEYS.course("default", campaign, "u000"), pack_courses({1: course})),
    ]


def people(now: int) -> list[Write]:
    """Return people of whom some have a full cart."""
    full, light = {"cup": CartLine(9, 5.0, now)}, {"cup": CartLine(1, 5.0, now)}
    told = ["marketing"]
    return [
        person(
            KEYS, ada(now, f"u{n}", consent=told if n % 3 else None, cart=full if n % 2 else light)
        )
        for n in range(12)
    ]


def cases(now: int) -> list[Case]:
    """Return three that wait, one of them too long, and one that is done."""

    def case(id_: str, ago: int, **fields: Any) -> Case:
        given = {"type": "complaint", "user": "ada", "topic": "delivery", "channel": "web"}
        return Case(1, "default", id_, opened=now - ago, **{**given, **fields})

    return [
        case("c/1", 3 * DAY, text="It never came", due=now - DAY, sentiment=-0.8),
        case("c2", 2 * MINUTE, text="Charged twice", topic="billing", due=now + DAY),
        case("c3", MINUTE, text="More colours, please", type="suggestion", due=now + DAY),
        case("c4", DAY, text="Broken", status="resolved", history=[(now, "resolved", "sent anew")]),
    ]


def summary(now: int) -> Write:
    """Return what people said."""
    change = {"time": now - DAY, "before": 0.4, "after": -0.1}
    told = Contentment(
        as_of=now, answers=240, weight=200.5, score=0.1234, trend=-0.0567, csat=0.7312,
        csat_weight=80.0, nps=30.5, nps_low=12.1, nps_high=48.9, nps_weight=90.0,
        complaints=31.0, bought=400.0, complaint_rate=0.0775, changes=[change],
    )  # fmt: skip
    body = {
        "heard": 240,
        "all": told,
        "channels": {"web": told},
        "categories": {"kitchen": told},
        "worst_items": {"cup": told},
        "cases": {"open": 3, "answered": 0, "resolved": 1, "reopened": 0, "overdue": 1},
        "waiting_by_topic": {"delivery": 2, "billing": 1},
        "first_response": {"count": 9, "median_hours": 1.5, "p90_hours": 7.25},
        "resolution": {"count": 4, "median_hours": 20.0, "p90_hours": 50.0},
        "topics": ["billing", "delivery"],
        "groups": [{"group": 1, "name": "never came", "weight": 3.0, "texts": 4}],
        "emerging": [{"topic": "billing", "kind": "topic", "since": now, "count": 9, "usual": 2.5}],
    }
    return SetView(KEYS.feedback("default"), dump_json(body))
