"""Every key can be read back, and no two things share one."""

import fnmatch
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.keys import (
    CATALOG_PAGES,
    EVENT_TOPICS,
    EVERY_SITE,
    SERVED_KEY,
    TOPICS,
    Keys,
    ViewKey,
    accepted_key,
    alias_value,
    bucket_name,
    bucket_of,
    campaign_versions_key,
    campaigns_key,
    catalog_page_of,
    item_key,
    message_key,
    parse,
    partition_of,
    run_key,
    triggers_key,
)

# Any text that can be written at all: `contracts.validation` refuses halves of surrogate pairs.
plain = st.text(st.characters(exclude_categories=["Cs"]))
awkward = st.sampled_from(
    [
        *("", ":", "::", "a:b", "v:live", "device:1"),
        *("%", "%3A", "%253A", "a%3Ab", "device%3A1"),
        *("*", "a*", "[ab]", "?", "-", "..", "/", "a/b", "a b", "\n", "\x00"),
        *("é", "日本", "🙂", "\ufeff"),
    ]
)
texts = plain | awkward


class Kind(NamedTuple):
    """One sort of view: the call that spells its key, and the parts that are to come back."""

    name: str
    spell: Callable[[Keys, str, str], str]
    site: Callable[[str], str] = lambda site: site
    id: Callable[[str], str] = lambda id_: id_


def _near(item: str) -> str:
    return f"{item_key(item):016x}"


KINDS = [
    Kind("profile", Keys.profile),
    Kind("standing", Keys.standing),
    Kind("near", Keys.neighbours, id=_near),
    Kind("near", lambda k, s, i: k.neighbours_of(s, item_key(i)), id=_near),
    Kind("top", Keys.top),
    Kind("model", Keys.model),
    Kind("rank-weights", lambda k, s, _: k.rank_weights(s), id=lambda _: "all"),
    Kind("bandit", Keys.bandit),
    Kind("case", Keys.case),
    Kind("cases", Keys.cases),
    Kind("voices", Keys.voices),
    Kind("contentment", lambda k, s, i: k.contentment(s, "item", i), id=lambda i: f"item/{i}"),
    Kind("feedback", lambda k, s, _: k.feedback(s), id=lambda _: "all"),
    Kind("track", lambda k, s, i: k.track(s, item_key(i)), id=_near),
    Kind("rules", Keys.rules),
    Kind("concept", Keys.concept),
    Kind("concepts", lambda k, s, _: k.concepts(s), id=lambda _: "all"),
    Kind("segments", lambda k, s, _: k.segments(s), id=lambda _: "all"),
    Kind("weights", lambda k, s, _: k.weights(s), id=lambda _: "blend"),
    Kind(
        "catalog",
        lambda k, s, i: k.catalog_page(s, catalog_page_of(i)),
        id=lambda i: str(catalog_page_of(i)),
    ),
    Kind("catalog-log", lambda k, s, _: k.catalog_log(s), id=lambda _: "all"),
    Kind("sites", lambda k, *_: k.sites(), lambda _: EVERY_SITE, lambda _: "all"),
    Kind("ends", lambda k, _, i: k.ends("clean", i), lambda _: EVERY_SITE, lambda i: f"clean/{i}"),
    Kind("results", lambda k, s, i: k.results(s, "c", i), id=lambda i: f"c/{i}"),
    Kind("course", lambda k, s, i: k.course(s, "c", i), id=lambda i: f"c/{i}"),
    Kind("campaigns", lambda k, _, i: k.campaigns(i), lambda _: EVERY_SITE),
    Kind("progress", lambda k, _, i: k.progress(i), lambda _: EVERY_SITE),
    Kind(
        "worker",
        lambda k, _, i: k.worker(catalog_page_of(i)),
        lambda _: EVERY_SITE,
        lambda i: str(catalog_page_of(i)),
    ),
    Kind("checkpoint", lambda k, *_: k.checkpoint(), lambda _: EVERY_SITE, lambda _: "all"),
    Kind("summary", lambda k, *_: k.summary(), lambda _: EVERY_SITE, lambda _: "all"),
]
kinds = st.sampled_from(KINDS)


def test_every_method_that_spells_a_key_is_tested() -> None:
    spelt = {kind.spell(Keys(), "s", "i").split(":")[3] for kind in KINDS}
    methods = {name for name in vars(Keys) if not name.startswith("_")} - {"pattern"}
    # `near` has two: by item and by its number.
    assert spelt == {kind.name for kind in KINDS}
    assert len(methods) == len(KINDS)


@given(kinds, texts, texts, texts)
def test_a_key_comes_apart_as_it_was_put_together(
    kind: Kind, namespace: str, site: str, id_: str
) -> None:
    key = kind.spell(Keys(namespace), site, id_)
    assert parse(key) == ViewKey(namespace, kind.site(site), kind.name, kind.id(id_))
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key


@given(st.lists(st.tuples(kinds, texts, texts, texts), min_size=2, max_size=6))
def test_two_things_never_share_a_key(things: list[tuple[Kind, str, str, str]]) -> None:
    keys = {kind.spell(Keys(name), site, id_) for kind, name, site, id_ in things}
    told_apart = {
        (kind.name, name, kind.site(site), kind.id(id_)) for kind, name, site, id_ in things
    }
    assert len(keys) == len(told_apart)


@given(texts, texts, kinds, texts, texts)
def test_a_namespace_s_pattern_finds_its_own_keys_alone(
    mine: str, other: str, kind: Kind, site: str, id_: str
) -> None:
    key = kind.spell(Keys(other), site, id_)
    assert fnmatch.fnmatchcase(key, Keys(mine).pattern) == (mine == other)


@given(texts, texts)
def test_control_keys_are_no_views_and_differ_by_namespace(one: str, two: str) -> None:
    spelt = {
        run_key(one),
        SERVED_KEY,
        triggers_key(one),
        accepted_key(one, two),
        campaigns_key(one),
        campaign_versions_key(one, two),
    }
    assert len(spelt) == 6
    for key in spelt:
        with pytest.raises(ValueError, match="not the key of a view"):
            parse(key)
    assert run_key(one) != SERVED_KEY
    assert (run_key(one) == run_key(two)) == (one == two)


@given(st.text(st.sampled_from(":vc%ab"), max_size=12))
def test_what_is_no_key_is_refused(text: str) -> None:
    if text.count(":") == 4 and text.startswith("v:"):
        parse(text)
    else:
        with pytest.raises(ValueError, match="v:NAMESPACE:SITE:KIND:ID"):
            parse(text)


@given(plain)
def test_an_alias_is_told_from_a_profile(user: str) -> None:
    # A packed profile is a MessagePack array: its first byte is at least 0x80.
    assert alias_value(user)[0] < 0x80
    assert alias_value(user)[1:].decode() == user


@given(texts, texts, st.integers(1, 4096))
def test_a_bucket_a_page_and_a_partition_exist(site: str, id_: str, count: int) -> None:
    assert 0 <= bucket_of(site, id_, count) < count
    assert 0 <= catalog_page_of(id_) < CATALOG_PAGES
    assert 0 <= partition_of(message_key(site, id_, None), count) < count
    assert bucket_name("u", bucket_of(site, id_, count)).startswith("u")


@given(texts, texts, texts)
def test_a_device_s_events_keep_together_whoever_uses_it(site: str, user: str, device: str) -> None:
    assert message_key(site, user, device) == message_key(site, None, device)
    assert message_key(site, user, None) != message_key(site, None, user)


def test_numbers_and_buckets_never_change() -> None:
    # They lie in recovery state, in views and on the log: another value would orphan what is there.
    assert item_key("kettle") == 0xA903_FDC1_355A_F018
    assert bucket_of("shop", "ada", 64) == 10
    assert partition_of(message_key("shop", "ada", "d2"), 8) == 2
    assert catalog_page_of("kettle") == 60


def test_topics_are_named_once() -> None:
    assert len(set(TOPICS)) == len(TOPICS)
    assert set(EVENT_TOPICS) < set(TOPICS)
