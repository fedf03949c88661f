from operators.identify import Identify
from operators.messages import Attributed
from tests.builders import DAY, NOON, SECOND, arrived


def anonymous(number, at=0, device="d1", **fields):
    return arrived(user=None, device=device, id=f"a{number}", at=at, **fields)


def identified(user, at=0, device="d1", type_="identify", **fields):
    return arrived(type_, user=user, device=device, at=at, **fields)


def told(out: list[Attributed]):
    return [
        (item.subject, item.arrived.event.id, item.adopted, item.merged_into or item.merged_from)
        for item in out
    ]


def test_an_event_without_a_device_is_its_users():
    assert told(Identify(50).on_batch([arrived(id="x")], NOON)) == [("ada", "x", False, None)]


def test_an_unknown_device_has_a_profile_of_its_own():
    assert told(Identify(50).on_batch([anonymous(1)], NOON)) == [("device:d1", "a1", False, None)]


def test_a_user_adopts_what_the_device_did_before_in_order_and_the_devices_profile_ends():
    identify = Identify(50)
    identify.on_batch([anonymous(1), anonymous(2, SECOND)], NOON)
    out = identify.on_batch([identified("ada", 2 * SECOND, id="i")], NOON)
    assert told(out) == [
        ("ada", "i", False, "device:d1"),
        ("ada", "a1", True, None),
        ("ada", "a2", True, None),
        ("device:d1", "i", False, "ada"),
        ("ada", "i", False, None),
    ]


def test_after_that_the_devices_events_are_the_users():
    identify = Identify(50)
    identify.on_batch([identified("ada")], NOON)
    assert told(identify.on_batch([anonymous(3)], NOON)) == [("ada", "a3", False, None)]


def test_any_event_that_names_both_joins_them():
    identify = Identify(50)
    identify.on_batch([anonymous(1)], NOON)
    out = identify.on_batch([identified("ada", type_="view", id="v")], NOON)
    assert [item.arrived.event.id for item in out if item.adopted] == ["a1"]


def test_a_shared_device_does_not_merge_its_users():
    identify = Identify(50)
    identify.on_batch([anonymous(1), identified("ada", id="i1"), anonymous(2)], NOON)
    out = identify.on_batch([identified("bob", id="i2"), anonymous(3)], NOON)
    assert told(out) == [
        ("bob", "i2", False, "device:d1"),
        ("device:d1", "i2", False, "bob"),
        ("bob", "i2", False, None),
        ("bob", "a3", False, None),
    ]


def test_at_most_the_last_fifty_are_adopted():
    identify = Identify(50)
    identify.on_batch([anonymous(n, n * SECOND) for n in range(80)], NOON)
    out = identify.on_batch([identified("ada", 80 * SECOND)], NOON)
    assert [item.arrived.event.id for item in out if item.adopted] == [
        f"a{n}" for n in range(30, 80)
    ]


def test_devices_of_two_sites_with_one_name_are_two_devices():
    identify = Identify(50)
    identify.on_batch([identified("ada", site="one")], NOON)
    out = identify.on_batch([anonymous(1, site="two")], NOON)
    assert told(out) == [("device:d1", "a1", False, None)]


def test_a_resumed_bucket_adopts_the_same():
    identify = Identify(50)
    identify.on_batch([anonymous(1)], NOON)
    parts = [identify.dump(full=True)]
    identify.on_batch([anonymous(2)], NOON)
    parts.append(identify.dump(full=False))
    resumed = Identify(50)
    resumed.load(parts)
    batch = [identified("ada", id="i")]
    assert resumed.on_batch(batch, NOON) == identify.on_batch(batch, NOON)


def test_a_device_unseen_for_longer_than_a_profile_lives_is_forgotten():
    identify = Identify(50)
    identify.on_batch([anonymous(1)], NOON)
    identify.on_batch([anonymous(2, 366 * DAY, device="d2")], NOON + 366 * DAY)
    identify.dump(full=True)
    assert len(identify) == 1
