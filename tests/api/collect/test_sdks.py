"""The real Segment SDKs, pointed at the running service: what they send lies on the topics."""

import shutil
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
import segment.analytics as segment_sdk

from contracts.events import Event
from tests.api.collect.conftest import Events

SDK = Path(__file__).with_name("sdk")
INSTALL_SECONDS = 120
SEND_SECONDS = 60
NOON = 1_714_816_800_000  # 2024-05-04T12:00:00+02:00


@pytest.fixture(scope="module")
def node_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the SDK for Node.js is installed, as its lock file says."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("sdk")
    for name in ("package.json", "package-lock.json", "send.js"):
        shutil.copy(SDK / name, folder)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(
        install, cwd=folder, timeout=INSTALL_SECONDS, capture_output=True, text=True, check=False
    )
    if done.returncode:
        if any(code in done.stderr for code in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED")):
            pytest.skip(f"the npm registry cannot be reached: {done.stderr.strip()[:200]}")
        pytest.fail(f"npm ci failed: {done.stderr}")
    return folder


def by_kind(found: list[Event]) -> dict[str, list[Event]]:
    kinds: dict[str, list[Event]] = {}
    for event in found:
        kinds.setdefault(event.type, []).append(event)
    return kinds


def assert_calls(found: list[Event], run: str) -> None:
    """Check the events of one call of each kind."""
    kinds = by_kind(found)
    assert {kind: len(events) for kind, events in kinds.items()} == {
        "identify": 3,
        "view": 3,
        "purchase": 2,
    }
    assert all(e.user == f"ada-{run}" for e in found)
    identify = [(e.device, e.props) for e in kinds["identify"]]
    assert (f"d-{run}", {"plan": "gold"}) in identify
    assert (f"d-{run}", {"group": "acme"}) in identify
    assert (f"old-{run}", {}) in identify
    kettle = next(e for e in kinds["view"] if e.item)
    assert (kettle.item, kettle.price) == ("kettle", 39.9)
    assert {e.props.get("page") for e in kinds["view"]} == {"Home", "Basket", None}
    lines = sorted(kinds["purchase"], key=lambda e: e.id)
    assert [e.id for e in lines] == [f"order-{run}:0", f"order-{run}:1"]
    assert [(e.item, e.price, e.quantity) for e in lines] == [
        ("kettle", 39.9, 1.0),
        ("cup", 4.5, 6.0),
    ]
    assert {(e.order, e.currency, e.time) for e in lines} == {("o-1", "EUR", NOON)}


def test_node(node_sdk: Path, url: str, events_of: Events) -> None:
    run = uuid.uuid4().hex[:8]
    done = subprocess.run(
        ["node", "send.js", url, "any-key", run],
        cwd=node_sdk,
        timeout=SEND_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = events_of(lambda e: e.user == f"ada-{run}", 8)
    assert_calls(found, run)
    assert {e.source for e in found} == {"@segment/analytics-node"}


@pytest.mark.parametrize("gzip", [False, True])
def test_python(url: str, events_of: Events, gzip: bool) -> None:
    run = uuid.uuid4().hex[:8]
    failures: list[Exception] = []
    client = segment_sdk.Client(
        "any-key",
        host=url,
        gzip=gzip,
        upload_size=3,
        max_retries=1,
        on_error=lambda error, _: failures.append(error),
    )
    user, device = f"ada-{run}", f"d-{run}"
    client.identify(user, {"plan": "gold"}, anonymous_id=device)
    client.page(user, name="Home", properties={"url": "https://s/"}, anonymous_id=device)
    client.screen(user, name="Basket", anonymous_id=device)
    viewed = {"product_id": "kettle", "price": 39.9}
    client.track(user, "Product Viewed", viewed, anonymous_id=device)
    client.track(
        user,
        "Order Completed",
        {
            "order_id": "o-1",
            "currency": "EUR",
            "products": [
                {"product_id": "kettle", "price": 39.9, "quantity": 1},
                {"product_id": "cup", "price": 4.5, "quantity": 6},
            ],
        },
        anonymous_id=device,
        message_id=f"order-{run}",
        timestamp=_noon(),
    )
    client.group(user, "acme", anonymous_id=device)
    client.alias(f"old-{run}", user)
    client.shutdown()
    assert failures == []
    found = events_of(lambda e: e.user == user, 8)
    assert_calls(found, run)
    assert {e.source for e in found} == {"analytics-python"}


def _noon() -> datetime:
    return datetime.fromtimestamp(NOON / 1000, UTC)
