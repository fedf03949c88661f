from contracts.codec import dump_json, pack
from contracts.decisions import Standing
from contracts.keys import Keys, alias_value
from contracts.profile import Profile
from flows.diff import diff, differs
from flows.summary import summarise


def views(namespace="live", **changes):
    keys = Keys(namespace)
    ada = Profile(1, "shop", "ada", events=changes.get("events", 2))
    state = {
        keys.profile("shop", "ada"): pack(ada),
        keys.profile("shop", "device:d1"): alias_value("ada"),
        keys.profile("shop-2", "ada"): pack(Profile(1, "shop-2", "ada")),
        keys.standing("shop", "ada"): pack(Standing(1, "shop", "ada")),
        keys.ends("profile", "u000"): dump_json({"applied": 5, "late": 1}),
        keys.ends("clean", "a/0"): dump_json({"rejected": {"malformed": 2}}),
        keys.ends("clean", "b/0"): dump_json({"rejected": {"malformed": 1}, "withheld": {"no": 4}}),
        keys.ends("dedupe", "d000"): dump_json({"duplicate": 3}),
        keys.model("shop", "items"): dump_json({"items": 9}),
        keys.catalog_page("shop", 3): {b"cup": b"1", b"pot": b"2"},
        keys.campaigns("u000"): dump_json({"shop": {"cart": {"fired": 2, "held": 1, "cap": 7}}}),
        keys.campaigns("u001"): dump_json({"shop": {"cart": {"fired": 1}, "vip": {"cap": 1}}}),
        keys.progress("a/0"): changes.get("progress", b"{}"),
        keys.sites(): frozenset([b"shop", b"shop-2"]),
    }
    return iter(sorted(state.items()))


def test_a_summary_adds_up_the_ends_of_all_owners():
    summary = summarise(views(), seconds=5.0)
    assert summary.as_dict() == {
        "events": 15,
        "applied": 5,
        "late": 1,
        "duplicate": 3,
        "withheld": {"no": 4},
        "rejected": {"malformed": 3},
        "users": 2,
        "items": 9,
        "triggers": {"cart": 4, "vip": 0},
        "events_per_second": 3.0,
        "state_hash": summary.state_hash,
    }


def test_the_hash_is_of_the_state_and_not_of_its_namespace_or_the_clock():
    assert summarise(views()).state_hash == summarise(views("other", progress=b"x")).state_hash


def test_any_change_of_state_changes_the_hash():
    assert summarise(views()).state_hash != summarise(views(events=3)).state_hash


def test_two_runs_alike_do_not_differ():
    assert not differs(diff(views("a"), views("b")))


def test_a_difference_is_told_field_by_field():
    kinds = diff(views("a"), views("b", events=3))
    assert differs(kinds)
    (example,) = kinds["profile"].examples
    assert example == {"site": "shop", "id": "ada", "changes": {"events": [2, 3]}}
    assert (kinds["profile"].same, kinds["profile"].changed) == (2, 1)


def test_what_only_one_run_has_is_counted():
    less = [(key, value) for key, value in views("b") if "standing" not in key]
    kinds = diff(views("a"), iter(less))
    assert (kinds["standing"].only_in_a, kinds["standing"].only_in_b) == (1, 0)
