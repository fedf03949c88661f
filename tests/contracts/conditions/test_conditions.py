"""Conditions say where they are wrong, and hold when they should."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.conditions import ConditionError, compile_condition
from contracts.conditions import vocabulary as words
from contracts.conditions.checks import MAX_CHARACTERS
from contracts.conditions.errors import SHOWN


class Moment:
    """A frame with what it is told; everything else is empty."""

    def __init__(self, calls=None, **facts):
        self.facts = {name.replace("__", "."): value for name, value in facts.items()}
        self.calls = calls or {}

    def fact(self, name):
        return self.facts.get(name, words.EMPTY[name])

    def call(self, name, arguments):
        return self.calls.get((name, *arguments), 0 if name.startswith("count") else False)


def holds(text, calls=None, **facts):
    return compile_condition(text).holds(Moment(calls, **facts))


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "line 1, column 1", "empty"),
        ("profile.orders >", "line 1, column 17", "expected a fact, a function, .* found the end"),
        ("(profile.orders > 1", "line 1, column 20", "expected `\\)`, but found the end"),
        ("profile.orders > 1 1", "line 1, column 20", "expected the end, or a sign .* found `1`"),
        ("profile.orders > 1 AND segment == 's'", "line 1, column 20", "`AND`; write `&&`"),
        ("profile.orders => 1", "line 1, column 16", "`=>` is no sign of conditions; write `>=`"),
        ("segment == 's1", "line 1, column 12", "not closed: a ' is missing"),
        ("traits.plan == 'a' ? true", "line 1, column 26", "expected `:`"),
        ("if segment == 'a'", "line 1, column 1", "`if` cannot be used"),
        ("count('view') > 1", "line 1, column 1", r"takes 2 values: write `count\('view', '1h'\)`"),
        ("seen('view', 1)", "line 1, column 1", r"does not take \(a text, a number\): write `seen"),
        ("cart > 3", "line 1, column 1", "did you mean `profile.cart_items` or `profile.cart_v"),
        ("user.nps > 3", "line 1, column 1", r"did you mean `profile.nps`\?"),
        ("item.expired == 1", "line 1, column 1", "`item` has: brand, category"),
        ("rose('nothing', 1, '1h')", "line 1, column 6", "no fact; there are: profile.cart_items"),
        ("profile.ordrs > 1", "line 1, column 1", "did you mean `profile.orders`"),
        ("profile.orders > 1 &&\n  segmnt == 'a'", "line 2, column 3", "did you mean `segment`"),
        ("qiet('cart', '1h')", "line 1, column 1", "did you mean `quiet`"),
        ("profile.orders", "line 1, column 1", "this is a number"),
        ("profile.cart_value > '5'", "line 1, column 22", "is a number, not '5'"),
        ("segment == 3", "line 1, column 9", "cannot stand between a text and a number"),
        ("event.type == 'veiw'", "line 1, column 15", "did you mean `view`"),
        ("quiet('cart', 'soon')", "line 1, column 15", "is no duration"),
        ("quiet('cart', '500d')", "line 1, column 15", "out of range"),
        ("quiet(event.type, '1h')", "line 1, column 12", "plain values"),
        ("rose('score.chrn', 0.1, '7d')", "line 1, column 6", "did you mean `score.churn`"),
        ("rose('score.churn', -1, '7d')", "line 1, column 21", "no amount"),
        ("sequence(['view'], '1h')", "line 1, column 10", "two to eight"),
        ("count('view', '1h') >= 500", "line 1, column 24", "up to 50"),
        ("[1, 2].exists(x, x > 1)", "line 1, column 14", "no loops"),
        ("profile.orders + 1 > 2", "line 1, column 16", "decimals"),
        ("true", "line 1, column 1", "reads no fact"),
        ("event.text.matches('" + "a" * 101 + "')", "line 1, column 19", "a pattern"),
        (" && ".join(["profile.orders > 1"] * 80), "line 1, column ", "too costly"),
        ("x" * (MAX_CHARACTERS + 1), "line 1, column 2001", "too long"),
        ("(" * 60 + "true" + ")" * 60, "line 1, column 1", "recursion"),
        ("segment == '\ud800'", "line 1, column 13", "surrogate"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, where, what):
    with pytest.raises(ConditionError) as caught:
        compile_condition(text)
    assert where in str(caught.value)
    assert re.search(what, str(caught.value))


def test_all_mistakes_that_can_be_found_are_told_at_once_each_with_its_line():
    for text, columns in (
        ("profile.order > 1 && scor.x > 2 && foo('x')", [1, 22, 36]),
        ("seen('purchas', '1 hour') && profile.orders == 's'", [6, 17, 48]),
        ("profile.orders > 1 1 && segment >>", [20]),
    ):
        with pytest.raises(ConditionError) as caught:
            compile_condition(text)
        assert [one.column for one in caught.value.mistakes] == columns
        for one in caught.value.mistakes:
            assert one.snippet == f"{text}\n{' ' * (one.column - 1)}^"
    with pytest.raises(ConditionError) as caught:
        compile_condition(f"{'(' * 90}segment == 's'{')' * 90} &&")
    assert max(map(len, caught.value.mistakes[0].snippet.split("\n"))) <= 2 * SHOWN + 1


@pytest.mark.parametrize("text", ["event.type == 'view'", "segment == 'a' && entered('a')"])
def test_an_audience_is_about_what_holds(text):
    compile_condition(text)
    with pytest.raises(ConditionError, match="of one moment only"):
        compile_condition(text, levels_only=True)


def test_conditions_hold_when_they_should():
    assert holds("profile.orders >= 2 && segment == 's'", profile__orders=2.0, segment="s")
    assert not holds("profile.orders >= 2 && segment == 's'", profile__orders=1.0, segment="s")
    assert holds("profile.cart_value > 10", profile__cart_value=10.5)
    assert holds("event.type in ['view', 'click']", event__type="click")
    assert holds("count('view', '1h') >= 3", {("count", "view", "1h"): 3})
    assert holds("quiet('cart', '1h')", {("quiet", "cart", "1h"): True})
    assert holds("price_drop(1, '1d') || price_drop(0.5, '1d')", {("price_drop", 0.5, "1d"): True})
    assert holds("traits.plan == 'gold'", traits={"plan": "gold"})


def test_what_cannot_be_said_is_not_true():
    assert not holds("traits.plan == 'gold'")
    assert not holds("!(traits.plan == 'gold')")
    assert holds("'plan' in traits && traits.plan > 3", traits={"plan": 4.0})
    assert not holds("traits.plan > 3", traits={"plan": "gold"})
    assert not holds("1 / int(profile.orders) == 1")


def test_all_facts_and_functions_can_be_used():
    values = {"number": "> 1", "text": "== 'a'", "map": ".x == 'a'"}
    for name, word in words.FACTS.items():
        text = "event.type == 'view'" if name == "event.type" else f"{name} {values[word.type]}"
        assert compile_condition(text.replace("traits .", "traits.")).facts == (name,)
    arguments = {
        "event": "'view'",
        "events": "['view', 'click']",
        "duration": "'1h'",
        "fact": "'score.churn'",
        "amount": "2",
        "occasion": "'birthday'",
        "text": "'s1'",
    }
    for name, function in words.FUNCTIONS.items():
        call = f"{name}({', '.join(arguments[kind] for kind in function.arguments)})"
        compile_condition(call if function.answers == "bool" else f"{call} >= 1")


@given(st.text(max_size=60) | st.text("()'\"\\[]{}&|!=<>.,? abprofile\n0123", max_size=60))
def test_no_text_does_more_than_be_refused(text):
    with suppress(ConditionError):
        compile_condition(text)
