"""The index finds what a plain evaluator finds, that asks every condition every time."""

import json
import random

import numpy as np
import pytest

from operators.campaigns import book as book_module
from operators.campaigns import stage as stage_module
from operators.campaigns.rules import Rules
from operators.campaigns.sieve import Sieve
from tests.builders import HOUR, MINUTE, SECOND
from tests.operators.campaigns.moments import Shop

TYPES = ("view", "view", "view", "search", "add_to_cart", "purchase", "like", "complaint", "nps")
SIGNS = (">=", ">", "<=", "<", "==", "!=")


class PlainRules(Rules):
    """All conditions that read what happened, whatever they compare it with."""

    def __init__(self, campaigns):
        super().__init__(campaigns)
        self.keys = [(n, key) for n, rule in enumerate(self.every) for key in rule.prepared.keys]

    def all_of(self, wanted):
        numbers = sorted({number for number, key in self.keys if wanted(key)})
        return [np.array(numbers, np.intp)]

    def of_event(self, fields):
        return self.all_of(lambda key: key[0] in ("event", "type", "events"))

    def of_change(self, name, old, worth):
        return self.all_of(lambda key: key[0] in ("fact", "level") and key[1] == name)

    def of_count(self, spec, old, new, worth):
        return self.all_of(lambda key: key[:3] == spec)


def term(dice):
    """Return one term of a condition."""
    sign, hours = dice.choice(SIGNS), dice.choice(("5m", "1h", "8h"))
    kind = dice.choice(("view", "purchase", "cart", "any"))
    return dice.choice(
        (
            f"profile.orders {sign} {dice.randrange(4)}",
            f"{dice.uniform(0, 60):.1f} {sign} profile.cart_value",
            f"profile.sessions {sign} {dice.randrange(5)}",
            f"profile.cart_items {sign} {dice.randrange(4)}",
            f"profile.days_since_order {sign} {dice.randrange(2)}",
            f"score.intent {sign} {dice.random():.2f}",
            f"segment {dice.choice(('==', '!=', '<'))} 's{dice.randrange(3)}'",
            f"profile.stage == '{dice.choice(('new', 'active', 'customer'))}'",
            f"event.type == '{dice.choice(TYPES)}'",
            f"event.item in ['i{dice.randrange(9)}', 'i{dice.randrange(9)}']",
            f"event.price {sign} {dice.randrange(40)}",
            f"count('{kind}', '{hours}') {sign} {dice.randrange(6)}",
            f"count_item('{kind}', '{hours}') >= {dice.randrange(1, 4)}",
            f"seen('{kind}', '{hours}')",
            f"!seen('{kind}', '{hours}')",
            f"sequence(['view', '{dice.choice(TYPES)}'], '{hours}')",
            f"quiet('{kind}', '{hours}')",
            f"entered('s{dice.randrange(3)}')",
            f"changed('{dice.choice(('segment', 'profile.orders', 'score.intent'))}')",
            f"rose('score.intent', 0.2, '{hours}')",
            f"traits.plan == '{dice.choice(('gold', 'tin'))}'",
        )
    )


def condition(dice):
    """Return a condition of one to five terms, joined anyhow."""
    text = term(dice)
    for _ in range(dice.choice((0, 1, 1, 2, 4))):
        other = term(dice)
        text = dice.choice((f"{text} && {other}", f"({text}) || {other}", f"{other} && ({text})"))
    return text


def campaigns(dice, count):
    """Return campaigns with limits of many kinds."""
    return [
        {
            "id": f"c{number}",
            "condition": [condition(dice) for _ in range(dice.randrange(1, 6))],
            "cooldown": dice.choice(("1s", "20m", "1d")),
            "caps": dice.choice(([], [{"count": 2, "per": "1h"}], [{"count": 5, "per": "4h"}])),
            "consent": dice.choice(([], ["marketing"])),
            "priority": dice.randrange(3),
            "holdout": dice.choice((0.0, 0.3)),
            "start": dice.choice((None, "2023-11-14T23:30:00Z")),
        }
        for number in range(count)
    ]


def live_through(seed):
    """Let five people do things for some hours; return the triggers, and what was counted."""
    dice = random.Random(seed)
    shop = Shop(*campaigns(dice, 60))
    for number in range(150):
        user, at = f"u{dice.randrange(5)}", number * 90 * SECOND
        item = dice.randrange(9)
        shop.event(
            dice.choice(TYPES),
            user,
            at,
            id=f"n{number}",
            item=f"i{item}",
            price=float(item * 5),
            order=f"o{number}",
            value=float(dice.randrange(11)),
            consent=dice.choice((["personalization"], ["personalization", "marketing"])),
        )
        if dice.random() < 0.3:
            shop.score("intent", round(dice.random(), 2), at + SECOND, user, f"s{number}")
        if dice.random() < 0.1:
            shop.segment(f"s{dice.randrange(3)}", at + 2 * SECOND, user)
        if dice.random() < 0.1:
            shop.event(
                "identify",
                user,
                at + 3 * SECOND,
                id=f"t{number}",
                props={"plan": dice.choice(("gold", "tin"))},
            )
        if number % 20 == 0:
            shop.tick(at + MINUTE)
    shop.tick(12 * HOUR)
    return shop.triggers, shop.counts


@pytest.mark.parametrize("seed", range(4))
def test_the_index_finds_what_a_plain_evaluator_finds(seed, monkeypatch):
    found = []
    for many in (0, 16, 1 << 30):
        monkeypatch.setattr(stage_module, "MANY", many)
        found.append(live_through(seed))
    triggers, counts = found[0]
    assert len(triggers) > 50
    for others, counted in found[1:]:
        assert others == triggers
        assert json.dumps(counted, sort_keys=True) == json.dumps(counts, sort_keys=True)
    assert {"cooldown", "cap", "consent", "ended"} <= {
        reason for one in counts["default"].values() for reason in one
    }
    monkeypatch.setattr(book_module, "Rules", PlainRules)
    monkeypatch.setattr(Sieve, "holds", lambda *_: True)
    plain, _ = live_through(seed)
    assert plain == triggers
