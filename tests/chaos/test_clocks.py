"""Clocks that lie: in events, and of whoever writes to the log. Nobody else is harmed by them."""

import time
from pathlib import Path
from typing import Any

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.codec import load_json
from contracts.keys import Keys
from flows.auditing.audit import Audit
from storage.connection import connect
from tests.builders import DAY, HOUR, NOON, SECOND, raw
from tests.flows.live_run import LiveRun

IN_2099 = 4_070_908_800_000


def liars(now: int) -> list[bytes]:
    return [
        raw(user="ahead", id="l1", at=now + DAY),
        raw(user="behind", id="l2", at=now - DAY),
        raw(user="seconds", id="l3", at=NOON // 1000 - NOON),
        raw(user="epoch", id="l4", at=-NOON),
        raw(user="far", id="l5", at=253_370_764_800_000 - NOON),
    ]


def people(live: LiveRun) -> dict[bytes, Any]:
    with connect(live.settings.redis) as client:
        keys = sorted(client.scan_iter(match=Keys().profile("default", "u") + "*"))
        return dict(zip(keys, client.mget(keys), strict=True))


def test_clocks_that_lie_move_nobodys_windows(
    tmp_path: Path, own_broker: EmbeddedBroker, own_store: EmbeddedStore
) -> None:
    begun = time.time_ns() // 1_000_000 - 2 * HOUR - NOON
    good = [
        raw(user=f"u{n % 9}", item=f"i{n % 5}", id=f"e{n}", at=begun + n * SECOND)
        for n in range(90)
    ]
    live = LiveRun(tmp_path / "data", own_broker, own_store)
    live.send(good)
    live.until_ended(90)
    before = people(live)
    assert len(before) == 9

    for at in (NOON + begun + HOUR, IN_2099, 1):
        live.send(liars(begun + HOUR), at=at)
    live.send(good[-20:], at=NOON + begun + HOUR)
    live.until_ended(125)
    # Repeats are still known as such, nobody is forgotten, and no profile has moved.
    assert people(live) == before
    with connect(live.settings.redis) as client:
        account = Audit(live.settings, live.settings.data_dir, client.mget).run()
        told = [
            load_json(client.get(Keys().ends("profile", f"u{n:03d}")) or b"{}") for n in range(8)
        ]
    assert account.differences == []
    assert sum(part.duplicate for part in account.parts) == 24
    # Three lie about times that no clock can mean, three times over; the late one is marked.
    assert sum(part.rejected for part in account.parts) == 9
    assert sum(ends.get("late", 0) for ends in told) == 1
