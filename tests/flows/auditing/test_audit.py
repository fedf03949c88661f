"""The audit over a real log, store and recovery: what it says when all is well, and what not."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.clock_records import clock_record
from contracts.keys import Keys
from flows.auditing.account import Account
from flows.auditing.audit import Audit
from operators.dedupe import Dedupe
from operators.ledger import id_number
from operators.messages import Attributed
from operators.profile import Profiles
from storage.connection import connect
from tests.builders import DAY, NOON, SECOND, event, raw
from tests.cli.running import ROOT
from tests.flows.live_run import LiveRun

RUBBISH = [b"{", b'{"id": 7}', b"\xff"]


def records(count: int = 120) -> list[bytes]:
    """Return events of 20 people, of both topics, with repeats and one who withdrew consent."""
    kinds = ["view", "view", "add_to_cart", "like"]
    made = [
        raw(kinds[n % 4], user=f"u{n % 20}", item=f"i{n % 7}", id=f"e{n}", at=n * SECOND)
        for n in range(count)
    ]
    no = [raw(user="no", consent=[], id="no1"), raw(user="no", id="no2", at=SECOND)]
    return [*made, *no, *made[10:20], *RUBBISH, clock_record(NOON)]


def audited(live: LiveRun, acknowledged: Sequence[int] = (), **options: Any) -> Account:
    with connect(live.settings.redis) as client:
        audit = Audit(live.settings, live.settings.data_dir, client.mget, **options)
        return audit.run(acknowledged)


@pytest.fixture
def live(tmp_path: Path, own_broker: EmbeddedBroker, own_store: EmbeddedStore) -> LiveRun:
    return LiveRun(tmp_path / "data", own_broker, own_store)


def sums(account: Account) -> dict[str, int]:
    names = ("accepted", "applied", "duplicate", "rejected", "withheld", "in_flight")
    return {name: sum(getattr(part, name) for part in account.parts) for name in names}


def test_every_event_has_one_end_and_what_waits_is_in_flight(live: LiveRun) -> None:
    live.send(records())
    live.until_ended(135)
    live.send([raw(user="later", id="later")])
    account = audited(live, [id_number(event(id=one)) for one in ("e1", "later")])
    assert account.differences == []
    assert sums(account) == {
        "accepted": 136,
        "applied": 120,
        "duplicate": 10,
        "rejected": 3,
        "withheld": 2,
        "in_flight": 1,
    }
    assert all(part.difference == 0 for part in account.parts)
    assert account.notes == ["views: 17 counts of ends and 21 profiles compared"]
    # Of two of the four partition numbers; it says so by what it lists.
    assert len(audited(live, sample=2).parts) == 4
    lost = audited(live, [id_number(event(id="never"))])
    assert lost.differences == ["1 of 1 acknowledged events are not in the log"]


def test_only_what_came_since_the_last_one_is_compared(live: LiveRun) -> None:
    live.send(records())
    live.until_ended(135)
    assert audited(live, since_last=True).parts == []
    live.send([*records()[:40], raw(user="new", id="new")])
    live.until_ended(176)
    account = audited(live, since_last=True)
    assert account.differences == []
    assert sums(account) | {"in_flight": 0} == {
        "accepted": 41,
        "applied": 1,
        "duplicate": 40,
        "rejected": 0,
        "withheld": 0,
        "in_flight": 0,
    }
    assert sums(audited(live, since_last=True))["accepted"] == 0


def test_a_repeat_after_its_id_is_forgotten_is_an_event_of_its_own(live: LiveRun) -> None:
    live.send([raw(id="a"), raw(id="b"), raw(id="a", at=3 * DAY)])
    live.until_ended(3)
    account = audited(live)
    assert account.differences == []
    assert sums(account)["applied"] == 3
    assert "1 repeats came so late" in account.notes[0]


Change = Callable[[list[Attributed]], list[Attributed]]


def without(*ids: str) -> Change:
    return lambda items: [item for item in items if item.arrived.event.id not in ids]


def again(*ids: str) -> Change:
    return lambda items: [item for item in items for _ in range(1 + (item.arrived.event.id in ids))]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without("e7"), ["lost events."]),
        (again("e7"), ["twice events."]),
        # The same number of effects as of events; both people write to one partition.
        (lambda items: again("e0")(without("e20")(items)), ["lost", "twice"]),
    ],
    ids=["lost", "twice", "one for the other"],
)
def test_a_loss_and_a_double_are_found_and_named(
    live: LiveRun, monkeypatch: pytest.MonkeyPatch, change: Change, told: list[str]
) -> None:
    right = Profiles.on_batch

    def wrong(self: Profiles, items: list[Attributed], clock: int) -> Any:
        return right(self, change(items), clock)

    monkeypatch.setattr(Profiles, "on_batch", wrong)
    live.send(records())
    live.until_ended(134)
    account = audited(live)
    text = "\n".join(account.differences)
    assert text, "nothing was found"
    assert all(word in text for word in told), text


def test_a_repeat_that_took_effect_is_found(live: LiveRun, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Dedupe.on_batch

    def forgetful(self: Dedupe, items: Any, clock: int) -> Any:
        firsts = []
        for item in items:
            firsts += right(self, [item], clock)
            for ids in self._open.values():
                ids.discard(id_number(event(id="e12")))
        return firsts

    monkeypatch.setattr(Dedupe, "on_batch", forgetful)
    live.send(records())
    live.until_ended(135)
    (found,) = audited(live).differences
    assert "different events have" in found
    assert "twice events.click/" in found


def test_a_refused_record_and_a_view_that_are_gone_are_found(
    live: LiveRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import main, outgoing

    def forgetful(message: Any) -> Any:
        return [one for one in outgoing.refused_records(message) if b"/0/0" not in (one.key or b"")]

    monkeypatch.setattr(main, "refused_records", forgetful)
    live.send([b"{", *records()])
    live.until_ended(136)
    with connect(live.settings.redis) as client:
        client.delete(Keys().profile("default", "u3"))
    refused, views = audited(live).differences
    assert refused == (
        "events.click/0: 1 records that were rejected are not in events.rejected: events.click/0/0"
    )
    assert views == "views: 1 profiles are behind the flow: default/u3 shows 0 events of 6"


def test_the_command_says_it_in_words_and_in_json(live: LiveRun) -> None:
    live.send(records())
    live.until_ended(135)
    command = [
        *(sys.executable, "-m", "cli.main", "audit", "--data-dir", str(live.settings.data_dir)),
        *("--kafka", live.broker.bootstrap_servers, "--redis", live.store.url),
    ]
    told = {"PYTHONPATH": str(ROOT), "HEADRACE_FLOW__BUCKETS": "8"}
    shown = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[-1] == "no difference"
    with connect(live.settings.redis) as client:
        client.delete(Keys().profile("default", "u3"))
    found = subprocess.run(
        [*command, "--json"], env=told, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert len(json.loads(found.stdout)["differences"]) == 1
