"""The whole graph, list in and views out, through the real engine."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main

from contracts.codec import load_json, unpack_profile, unpack_standing
from contracts.events import Item
from contracts.rejects import raw_bytes
from contracts.settings import FlowSettings
from flows.live import Resources, Sinks, build
from flows.records import Raw, RawBatch
from flows.recovery import prepare
from online_models.rows import unpack_row, unpack_top
from online_models.touches import number_of
from operators.campaigns.book import Book
from operators.catalogue import Catalogue
from tests.builders import HOUR, MINUTE, NOON, SECOND, raw

SETTINGS = FlowSettings(buckets=8, shards=4, publish_ms=0, intent_every=1, segment_every=2)


def batches(records, size=10, ordered=True, part="replay"):
    """Return records as the batches that a source would make of them."""
    clock, raws = NOON, []
    for number, value in enumerate(records):
        if value.endswith(b"}"):
            clock = max(clock, json.loads(value)["time"])
        raws.append(Raw(value, clock, f"{part}:", number, number + 1))
    rounds = [raws[at : at + size] for at in range(0, len(raws), size)]
    return [
        RawBatch(
            part,
            number if ordered else None,
            cut[-1].received if ordered else None,
            cut,
            number == len(rounds) - 1,
        )
        for number, cut in enumerate(rounds)
    ]


class Run:
    """One run of the graph: what it wrote."""

    def __init__(
        self,
        records,
        tmp_path: Path,
        *,
        ordered=True,
        workers=1,
        catalogue=None,
        book=None,
        settings=SETTINGS,
        size=10,
        aborts=(),
    ):
        self.views, self.refused, self.facts, self.fired = [], [], [], []
        self.state = {}
        sinks = Sinks(*map(TestingSink, (self.views, self.refused, self.facts, self.fired)))
        catalogue = catalogue or Catalogue()
        resources = Resources(catalogue, b"k" * 32, tmp_path / "state", book or Book())
        recovery = tmp_path / "recovery"
        for abort in (*aborts, None):
            items = batches(records, size, ordered)
            if abort is not None:
                # One at a time: after a second one the testing source resumes a batch too early.
                items.insert(abort, TestingSource.ABORT())
            flow = build(TestingSource(items), sinks, settings, resources, ordered=ordered)
            if workers > 1:
                cluster_main(flow, [], 0, worker_count_per_proc=workers)
            elif aborts:
                prepare(recovery, 2)
                config = RecoveryConfig(recovery)
                run_main(flow, epoch_interval=timedelta(0), recovery_config=config)
            else:
                run_main(flow)
        self.collect()

    def collect(self):
        for _, message in self.views:
            for view in message.items:
                self.state[view.kind, view.site, view.id] = view.value

    def profile(self, user, site="default"):
        return unpack_profile(self.state["profile", site, user])

    def standing(self, user, site="default"):
        return unpack_standing(self.state["standing", site, user])

    def ends(self):
        return [load_json(value) for (kind, _, _), value in self.state.items() if kind == "ends"]


@pytest.mark.parametrize("ordered", [True, False])
def test_events_become_profiles_rows_rankings_scores_and_facts(tmp_path, ordered):
    records = [
        raw("view", item="kettle", at=0),
        raw("view", item="cup", at=SECOND),
        raw("add_to_cart", item="cup", price=4.0, at=2 * SECOND),
        raw("purchase", item="cup", price=4.0, order="o1", at=3 * SECOND),
        raw("view", user="bob", item="kettle", at=4 * SECOND),
    ]
    run = Run(records, tmp_path, ordered=ordered)
    assert run.profile("ada").orders == 1
    assert run.profile("bob").events == 1
    row = unpack_row(run.state["near", "default", f"{number_of('kettle'):016x}"])
    assert row.keys.tolist() == [number_of("cup")]
    assert unpack_top(run.state["top", "default", "popular"]).keys[0] == number_of("cup")
    assert "intent" not in run.standing("bob").scores, "nobody knows yet"
    assert run.standing("ada").facts["orders"] == 1
    assert run.standing("ada").segment
    facts = [fact.name for _, message in run.facts for fact in message.items if fact.user == "ada"]
    assert "first_seen" in facts
    assert "orders" in facts


def test_every_event_comes_to_one_end(tmp_path):
    records = [
        raw("view", id="1", item="cup"),
        raw("view", id="1", item="cup"),
        raw("view", id="2", consent=[]),
        b'{"id": "3"',
        raw("view", id="4", user=None),
        raw("nps", id="5", value=-5.0),
    ]
    run = Run(records, tmp_path)
    ends = run.ends()
    assert sum(end.get("applied", 0) for end in ends) == 1
    assert sum(end.get("duplicate", 0) for end in ends) == 1
    (clean,) = [end for end in ends if "rejected" in end]
    assert clean["rejected"] == {"malformed": 1, "no_subject": 1, "invalid": 1}
    assert [end["withheld"] for end in ends if "withheld" in end] == [{"no_consent": 1}]
    origins = [record.origin for _, message in run.refused for record in message.records]
    assert origins == ["replay:3", "replay:4", "replay:5"]


def test_what_its_reader_refused_is_refused_as_it_lies(tmp_path):
    refused = batches([raw("view", item="cup"), b"7,\xff"])
    refused[0].records[1].fault = ("malformed", "wrong number of columns")
    views, records = [], []
    sinks = Sinks(*map(TestingSink, (views, records, [], [])))
    resources = Resources(Catalogue(), b"k" * 32, tmp_path / "state")
    run_main(build(TestingSource(refused), sinks, SETTINGS, resources, ordered=True))
    (record,) = [record for _, message in records for record in message.records]
    assert (record.reason, record.detail) == ("malformed", "wrong number of columns")
    assert (record.origin, raw_bytes(record)) == ("replay:1", b"7,\xff")


def test_a_device_becomes_its_user(tmp_path):
    records = [
        raw("view", user=None, device="d1", item="cup", id="a"),
        raw("identify", user="ada", device="d1", id="b", at=SECOND),
        raw("view", user=None, device="d1", item="pot", id="c", at=2 * SECOND),
    ]
    run = Run(records, tmp_path)
    assert [recent.item for recent in run.profile("ada").recents] == ["cup", "pot"]
    assert run.state["profile", "default", "device:d1"] == b"@ada"


def test_the_catalogue_enriches_what_the_event_does_not_say(tmp_path):
    catalogue = Catalogue()
    catalogue.put(Item(id="cup", category="kitchen", brand="acme", price=4.0))
    run = Run(
        [raw("view", item="cup"), raw("view", item="pot", props={"category": "garden"})],
        tmp_path,
        catalogue=catalogue,
    )
    assert set(run.profile("ada").categories) == {"kitchen", "garden"}
    # What the catalogue does not know gets a record from the event.
    assert [key[2] for key in run.state if key[0] == "catalog"] == ["pot"]


def traffic(count=400):
    """Return a busy hour: 20 people and devices, 15 items, duplicates, rubbish."""
    kinds = ["view", "view", "view", "add_to_cart", "purchase", "search", "like"]
    records = []
    for n in range(count):
        device = f"d{n % 7}" if n % 3 else None
        user = None if device and n % 5 else f"u{n % 20}"
        item = f"i{n * n % 15}"
        records.append(
            raw(
                kinds[n * 7 % 11 % 7],
                user=user,
                device=device,
                item=item,
                price=float(n % 9),
                id=f"e{n if n % 13 else n - 1}",
                at=n * 9 * SECOND,
                order=f"o{n}",
                props={"category": f"c{n * n % 15 % 4}"},
            )
        )
    records[50] = b"rubbish"
    return records


@pytest.mark.parametrize("ordered", [True, False])
def test_aborted_and_resumed_a_run_ends_in_the_same_state(tmp_path, ordered):
    records = traffic()
    straight = Run(records, tmp_path / "straight", ordered=ordered)
    broken = Run(records, tmp_path / "broken", ordered=ordered, aborts=(3, 4, 17, 33))
    assert broken.state == straight.state


@pytest.mark.parametrize("workers", [2, 4])
def test_a_replay_ends_in_the_same_state_with_any_number_of_workers(tmp_path, workers):
    records = traffic()
    one = Run(records, tmp_path / "one")
    many = Run(records, tmp_path / "many", workers=workers)
    assert many.state == one.state


def test_a_replay_ends_in_the_same_state_whatever_the_size_of_its_rounds_says_of_people(tmp_path):
    records = traffic()
    small, large = Run(records, tmp_path / "a", size=7), Run(records, tmp_path / "b", size=90)
    people = [key for key in small.state if key[0] == "profile"]
    assert len(people) > 20
    assert {k: small.state[k] for k in people} == {k: large.state[k] for k in people}


def test_two_sites_do_not_meet(tmp_path):
    records = [
        raw("view", site=site, item=item, id=f"{site}{n}", at=n * SECOND)
        for site in ("one", "two")
        for n, item in enumerate(["cup", "pot"])
    ]
    run = Run(records, tmp_path)
    assert run.profile("ada", "one").events == run.profile("ada", "two").events == 2
    assert ("top", "one", "popular") in run.state
    assert ("near", "two", f"{number_of('cup'):016x}") in run.state


def test_an_open_session_is_settled_when_time_has_passed(tmp_path):
    records = [
        raw("view", user="ada"),
        *(raw("view", user=f"x{n}", at=HOUR + n * MINUTE) for n in range(40)),
    ]
    run = Run(records, tmp_path, settings=SETTINGS.model_copy(update={"buckets": 1}))
    model = load_json(run.state["model", "default", "intent"])
    assert model["learned"] > 0
