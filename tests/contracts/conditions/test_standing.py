"""The part of a condition that stored people can answer: necessary for it, and no stronger."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.conditions import compile_condition
from contracts.conditions import vocabulary as words
from contracts.conditions.levels import AtRest
from contracts.conditions.standing import standing_part, written
from contracts.decisions import Score, Standing
from contracts.profile import CartLine, Profile
from contracts.templates import TEMPLATES

STORED = ("profile.orders > 1", "score.intent >= 0.5", "segment == 's1'", "!(profile.events < 2)")
MOMENTS = ("seen('view', '1h')", "quiet('cart', '1h')", "event.type == 'view'")
ATOMS = st.sampled_from([*STORED, *MOMENTS])


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} && {})".format, parts, parts),
        st.builds("({} || {})".format, parts, parts),
        st.builds("!({})".format, parts),
        st.builds("({} ? {} : {})".format, parts, parts, parts),
    )


EXPRESSIONS = st.recursive(ATOMS, joined, max_leaves=8)


class Anybody:
    """A person in a moment: each word is worth what was drawn for it."""

    def __init__(self, facts: dict[str, Any], calls: dict[str, bool]) -> None:
        self._facts = facts
        self._calls = calls

    def fact(self, name: str) -> object:
        return self._facts.get(name, words.EMPTY[name])

    def call(self, name: str, arguments: tuple[Any, ...]) -> object:
        return self._calls[name]


PEOPLE = st.builds(
    Anybody,
    st.fixed_dictionaries(
        {
            "profile.orders": st.sampled_from([0.0, 3.0]),
            "profile.events": st.sampled_from([1.0, 3.0]),
            "score.intent": st.sampled_from([0.1, 0.9]),
            "segment": st.sampled_from(["s1", "s2"]),
            "event.type": st.sampled_from(["view", "click"]),
        }
    ),
    st.fixed_dictionaries({"seen": st.booleans(), "quiet": st.booleans()}),
)


@given(EXPRESSIONS, PEOPLE)
def test_who_does_not_fit_what_is_stored_does_not_fit_the_condition(
    text: str, person: Anybody
) -> None:
    part = standing_part(text)
    fits = part.text == "true" if part.condition is None else part.condition.holds(person)
    holds = compile_condition(text).holds(person)
    assert fits or not holds
    if not part.moments:
        assert fits == holds


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_written_means_what_was_read(name: str) -> None:
    for text in TEMPLATES[name].fill({}):
        assert written(compile_condition(text).tree) == text


@pytest.mark.parametrize(
    ("text", "stored", "moments"),
    [
        ("!(seen('view', '1h') || segment == 'a')", "!(segment == 'a')", ["!seen('view', '1h')"]),
        ("count('view', '1h') >= 3", "true", ["count('view', '1h') >= 3"]),
        ("traits.name == 'it\\'s \"x\"'", "traits.name == 'it\\'s \"x\"'", []),
        ("quiet('any', '1d') && 1 < 2", "true", ["quiet('any', '1d') && 1 < 2"]),
        ("segment.startsWith('s') && size(segment) > 1", None, []),
        ("profile.orders - (profile.events - 1.0) > 0.0", None, []),
        ("traits['a b'] in ['x', 'y']", None, []),
    ],
)
def test_what_is_left(text: str, stored: str | None, moments: list[str]) -> None:
    part = standing_part(text)
    assert list(part.moments) == moments
    if stored is None:  # however it is bracketed, it is the same expression
        assert _without_places(text) == _without_places(part.text)
    else:
        assert part.text == stored


def _without_places(text: str) -> list[tuple[object, ...]]:
    tree = compile_condition(text).tree
    return [(node.kind, node.name, node.value, len(node.parts)) for node in tree.walk()]


def test_somebody_at_rest_is_looked_at_as_they_are_stored() -> None:
    profile = Profile(1, "shop", "ada", orders=2, cart={"cup": CartLine(2, 5.0, 0)})
    profile.traits = {"plan": "free"}
    standing = Standing(1, "shop", "ada", scores={"intent": Score("intent", 0.7, 0)}, segment="s1")
    frame = AtRest(profile, standing, 0)
    for text in (
        "profile.orders == 2 && profile.cart_value == 10.0 && score.intent > 0.6",
        "segment == 's1' && traits.plan == 'free' && score.churn == 0.0",
        "!seen('view', '1h') && count('view', '1h') == 0 && event.item == ''",
    ):
        assert compile_condition(text).holds(frame)
