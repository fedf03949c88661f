"""Every built-in template fires when it should, and does not when it should not."""

from contracts.events import Item
from contracts.templates import TEMPLATES
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND
from tests.operators.campaigns.moments import Shop


def shop(template, **fields):
    return Shop({"template": template, **fields})


def test_cart_abandoned():
    s = shop("cart_abandoned")
    s.event("view", item="cup")
    added = s.event("add_to_cart", item="cup", price=4.0, at=MINUTE)
    s.tick(HOUR)
    assert s.fired == []
    s.tick(HOUR + MINUTE + 3 * SECOND)
    assert s.fired == [("c", "ada", HOUR + MINUTE)]
    assert s.triggers[0].evidence["events"] == [added]
    assert s.triggers[0].evidence["item"] == "cup"


def test_cart_abandoned_is_not_for_a_cart_that_was_bought_or_emptied_or_touched():
    s = shop("cart_abandoned")
    for user in ("bought", "emptied", "touched"):
        s.event("add_to_cart", user, item="cup", price=4.0)
    s.event("purchase", "bought", item="cup", price=4.0, at=MINUTE)
    s.event("remove_from_cart", "emptied", item="cup", at=MINUTE)
    s.event("add_to_cart", "touched", item="pot", at=50 * MINUTE)
    s.tick(HOUR + 30 * MINUTE)
    assert s.fired == []
    s.tick(3 * HOUR)
    assert s.fired == [("c", "touched", HOUR + 50 * MINUTE)]


def test_browse_abandoned():
    s = shop("browse_abandoned")
    for n in range(3):
        for user in ("looked", "bought", "carted"):
            s.event("view", user, item=f"i{n}", at=n * MINUTE)
    for n in range(2):
        s.event("view", "few", item=f"i{n}", at=n * MINUTE)
    s.event("purchase", "bought", item="i0", at=3 * MINUTE)
    s.event("add_to_cart", "carted", item="i0", at=3 * MINUTE)
    s.tick(2 * HOUR)
    assert s.fired == [("c", "looked", 32 * MINUTE)]
    assert len(s.triggers[0].evidence["events"]) == 3


def stock(s, item, at, **fields):
    s.catalogue.put(Item(id=item, time=NOON + at, **fields))


def test_back_in_stock():
    s = shop("back_in_stock")
    stock(s, "cup", -DAY, in_stock=False, price=4.0)
    stock(s, "pot", -DAY, in_stock=True, price=4.0)
    s.event("view", "ada", item="cup")
    s.event("view", "bob", item="pot")
    stock(s, "pot", HOUR, in_stock=False, price=4.0)
    s.tick(HOUR + MINUTE)
    assert s.fired == []
    stock(s, "cup", 2 * HOUR, in_stock=True, price=4.0)
    s.tick(2 * HOUR + MINUTE)
    assert s.fired == [("c", "ada", 2 * HOUR)]
    s.tick(3 * HOUR)
    assert len(s.fired) == 1


def test_price_drop():
    s = shop("price_drop")
    stock(s, "cup", -DAY, price=10.0)
    s.event("view", "ada", item="cup")
    s.event("view", "bob", item="pot")
    stock(s, "cup", HOUR, price=9.5)  # too little
    stock(s, "cup", 2 * HOUR, price=8.0)
    stock(s, "cup", 3 * HOUR, price=7.0)  # it had dropped already
    s.tick(4 * HOUR)
    assert s.fired == [("c", "ada", 2 * HOUR)]
    facts = s.triggers[0].evidence["facts"]
    assert (facts["item.id"], facts["item.price"], facts["item.was"]) == ("cup", 8.0, 10.0)


def test_a_price_that_rose_and_came_back_is_no_drop():
    s = shop("price_drop")
    stock(s, "cup", -DAY, price=10.0)
    s.event("view", item="cup")
    stock(s, "cup", HOUR, price=15.0)
    stock(s, "cup", 2 * HOUR, price=10.0)
    s.tick(3 * HOUR)
    assert s.fired == []


def test_first_purchase():
    s = shop("first_purchase", cooldown="1s")
    s.event("view", item="cup")
    s.event("purchase", item="cup", price=4.0, order="o1", at=MINUTE)
    s.event("purchase", item="pot", price=4.0, order="o1", at=2 * MINUTE)
    s.event("purchase", item="pan", price=4.0, order="o2", at=DAY)
    assert s.fired == [("c", "ada", MINUTE)]


def test_replenishment():
    s = shop("replenishment")
    s.event("purchase", item="coffee", price=9.0, order="o1")
    s.event("purchase", item="tea", price=9.0, order="o2", at=DAY)
    s.event("purchase", item="coffee", price=9.0, order="o3", at=20 * DAY)
    s.tick(31 * DAY + MINUTE)
    assert s.fired == [("c", "ada", 31 * DAY)]  # the tea; the coffee was bought again
    assert s.triggers[0].evidence["item"] == "tea"
    s.tick(60 * DAY)
    assert s.fired[1:] == [("c", "ada", 50 * DAY)]


def test_churn_rising():
    s = shop("churn_rising")
    s.event()
    for at, value in enumerate([0.3, 0.35, 0.25, 0.4]):
        s.score("churn", value, at=at * DAY, event=f"e{at}")
    assert s.fired == []
    s.score("churn", 0.46, at=5 * DAY, event="x")
    assert s.fired == [("c", "ada", 5 * DAY)]
    s.score("churn", 0.5, at=40 * DAY, event="y")
    assert len(s.fired) == 1


def test_churn_that_was_always_high_does_not_rise():
    s = shop("churn_rising")
    s.event()
    for at in range(5):
        s.score("churn", 0.7, at=at * DAY, event=f"e{at}")
    assert s.fired == []


def test_high_intent():
    s = shop("high_intent")
    s.event()
    s.score("intent", 0.5)
    assert s.fired == []
    s.score("intent", 0.65, at=SECOND)
    s.score("intent", 0.7, at=2 * DAY)  # it stays
    assert s.fired == [("c", "ada", SECOND)]
    s.score("intent", 0.2, at=3 * DAY)
    s.score("intent", 0.9, at=4 * DAY)
    assert s.fired[1:] == [("c", "ada", 4 * DAY)]


def test_vip():
    s = shop("vip", **{"with": {"value": 100}})
    s.event("purchase", price=60.0, item="a", order="o1")
    assert s.fired == []
    s.event("purchase", price=60.0, item="b", order="o2", at=DAY)
    s.event("purchase", price=60.0, item="c", order="o3", at=2 * DAY)
    assert s.fired == [("c", "ada", DAY)]


def test_detractor():
    s = shop("detractor")
    s.event("nps", "happy", value=9.0)
    s.event("nps", "sad", value=6.0)
    s.event("csat", "cross", value=2.0)
    s.event("csat", "fine", value=4.0)
    s.event("view", "nobody")
    assert [user for _, user, _ in s.fired] == ["sad", "cross"]


def test_complaint():
    s = shop("complaint")
    s.event("suggestion", text="more tea")
    assert s.fired == []
    s.event("complaint", text="broken", item="cup")
    assert [t.evidence["item"] for t in s.triggers] == ["cup"]
    (told,) = s.triggers
    assert told.evidence["case"] == {"id": told.event, "text": "broken"}


def test_win_back():
    s = shop("win_back")
    s.event("purchase", "gone", item="a", price=1.0)
    s.event("purchase", "back", item="a", price=1.0)
    s.event("view", "visitor")
    s.event("view", "back", at=10 * DAY)
    s.tick(14 * DAY + MINUTE)
    assert s.fired == [("c", "gone", 14 * DAY)]
    s.tick(23 * DAY)
    assert len(s.fired) == 1


def test_segment_change():
    s = shop("segment_change")
    s.event()
    s.segment("s1")
    assert s.fired == []  # the first one is no change
    s.segment("s2", at=HOUR)
    s.segment("s2", at=2 * HOUR)
    assert s.fired == [("c", "ada", HOUR)]
    assert s.triggers[0].segment == "s2"


def test_birthday():
    s = shop("birthday")  # noon is the 14th of November 2023, 22:13 UTC
    s.event("identify", props={"birthday": "1990-11-16"})
    s.event("identify", "bob", props={"birthday": "nonsense"})
    s.tick(DAY)
    assert s.fired == []
    s.tick(2 * DAY)
    assert [user for _, user, _ in s.fired] == ["ada"]
    s.tick(300 * DAY)
    assert len(s.fired) == 1


def test_anniversary():
    s = shop("anniversary")
    s.event("purchase", item="a", price=1.0)
    s.event("view", "visitor")
    s.tick(360 * DAY)
    assert s.fired == []
    s.tick(367 * DAY)
    assert [user for _, user, _ in s.fired] == ["ada"]


def test_every_template_has_a_test():
    names = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(TEMPLATES) <= names


def test_answer_overdue():
    s = shop("answer_overdue", cooldown="1s")
    s.event("complaint")
    s.score("overdue", 0.0, at=HOUR, event="e1")
    assert s.fired == []
    s.score("overdue", 1.0, at=DAY, event="e2")
    s.score("overdue", 2.0, at=DAY + HOUR, event="e3")  # it is known already
    s.score("overdue", 0.0, at=2 * DAY, event="e4")
    s.score("overdue", 1.0, at=3 * DAY, event="e5")
    assert s.fired == [("c", "ada", DAY), ("c", "ada", 3 * DAY)]


def test_topic_emerging():
    s = shop("topic_emerging", **{"with": {"times": 3}})
    for user, value in (("ada", 0.0), ("bob", 2.5), ("eve", 8.0)):
        s.event("complaint", user)
        s.score("emerging", value, at=MINUTE, user=user, event=f"e-{user}")
    assert s.fired == [("c", "eve", MINUTE)]
