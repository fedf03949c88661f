"""The offers file: what is wrong is pointed at; and who may be made an offer."""

from pathlib import Path

import pytest

from api.decide.eligible import Standing, refusal
from api.decide.offers import Offer, OffersError, load, parse
from cli.demo.command import OFFERS

GOOD = """
[[offer]]
id = "rebate"
kind = "rebate"
cost = 2.5
budget = 10.0
placements = ["home"]
when = { min_cart = 20, stages = ["new"], until = 2030-01-01T00:00:00Z }

[[placement]]
name = "home"
fixed = "rebate"
"""


def test_a_good_file_is_read() -> None:
    book = parse(GOOD, "o.toml")
    placement = book.at("home")
    assert placement is not None
    assert [offer.id for offer in book.offers_at(placement)] == ["rebate", "none"]
    assert book.at("cart") is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('kind = "rebate"', 'kind = "gift"'),
            'offer 1 ("rebate"): kind: expected `benefit`, `rebate`',
        ),
        (("cost = 2.5", "cost = -1"), 'offer 1 ("rebate"): cost'),
        (
            ("cost = 2.5", "prise = 1"),
            'offer 1 ("rebate"): prise: there is no such field; there are: id, kind,',
        ),
        (("cost = 2.5\n", ""), "`budget` needs a `cost`"),
        (("min_cart = 20", 'min_cart = "x"'), "when.min_cart"),
        (('placements = ["home"]', 'placements = ["cart"]'), "names placement 'cart'"),
        (('fixed = "rebate"', 'fixed = "other"'), "the fixed offer 'other'"),
        (('fixed = "rebate"', "shares = { uniform = 0.95 }"), 'placement 1 ("home")'),
        (('fixed = "rebate"', 'reward = "revenue"'), "needs `worth`"),
        (('fixed = "rebate"', 'policy = "best"'), 'placement 1 ("home"): policy'),
        (('id = "rebate"', 'id = "none"'), "is there already"),
        (("[[placement]]", "[placement"), "not valid TOML"),
    ],
)
def test_what_is_wrong_is_pointed_at(change: tuple[str, str], said: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(OffersError) as raised:
        parse(GOOD.replace(*change), "o.toml")
    assert str(raised.value).startswith("o.toml: ")
    assert said in str(raised.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = GOOD.replace('"rebate"\ncost', '"gift"\nprice').replace("min_cart", "min_card")
    with pytest.raises(OffersError) as raised:
        parse(wrong.replace('name = "home"', 'name = "home"\npolicy = "best"'), "o.toml")
    for said in (
        "kind: expected `benefit`",
        "price: there is no such field; there are: id",
        "when.min_card: there is no such field; did you mean `min_cart`?",
        "policy: expected `linear-thompson`, `linucb`, `thompson`, `fixed` or `uniform`",
    ):
        assert said in str(raised.value)
    with pytest.raises(
        OffersError, match=r"placement 'hom', .* `home`.*fixed offer 'rebat', which"
    ):
        parse(
            GOOD.replace('["home"]', '["hom"]').replace('fixed = "rebate"', 'fixed = "rebat"'), "o"
        )


def test_the_demo_offers_of_every_kind_at_two_placements() -> None:
    book = load(OFFERS)
    kinds = {one.name: {offer.kind for offer in book.offers_at(one)} for one in book.placement}
    assert kinds["recovery"] >= {"refund", "replacement", "callback", "rebate", "none"}
    assert kinds["shop"] == {"benefit", "rebate", "points", "shipping", "message", "none"}


def test_names_are_unique_and_files_are_there(tmp_path: Path) -> None:
    twice = '[[offer]]\nid = "a"\nkind = "points"\n' * 2
    with pytest.raises(OffersError, match="two offers are called 'a'"):
        parse(twice, "o.toml")
    with pytest.raises(OffersError, match="cannot be read"):
        load(tmp_path / "gone.toml")


NEW = Standing("s1", "new", 30.0, 2, {"intent": 0.7}, marketing=True)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({}, None),
        ({"sites": ["shop"]}, None),
        ({"sites": ["other"]}, "other sites"),
        ({"segments": ["s1"], "stages": ["new"]}, None),
        ({"segments": ["s2"]}, "other segments"),
        ({"stages": ["customer"]}, "other stages"),
        ({"min_cart": 30, "max_cart": 30}, None),
        ({"min_cart": 31}, "below 31"),
        ({"max_cart": 29}, "above 29"),
        ({"min_orders": 3}, "fewer than 3"),
        ({"max_orders": 1}, "more than 1"),
        ({"min_scores": {"intent": 0.5}}, None),
        ({"min_scores": {"intent": 0.8}}, "below 0.8"),
        ({"max_scores": {"intent": 0.6}}, "above 0.6"),
        ({"min_scores": {"churn": 0.1}}, "not known"),
        ({"max_scores": {"churn": 0.1}}, "not known"),
        ({"marketing": True}, None),
        ({"from": "1970-01-01T00:00:02Z"}, "not begun"),
        ({"until": "1970-01-01T00:00:01"}, "over"),
        ({"from": "1970-01-01T00:00:01", "until": "1970-01-01T00:00:02Z"}, None),
    ],
)
def test_who_may_be_made_an_offer(when: dict[str, object], why: str | None) -> None:
    found = refusal(Offer(id="a", kind="points", when=when), NEW, "shop", 1_000)  # type: ignore[arg-type]
    assert (found is None) if why is None else (why in str(found))


def test_nobody_unknown_gets_what_asks_for_consent() -> None:
    offer = Offer(id="a", kind="points", when={"marketing": True})  # type: ignore[arg-type]
    assert refusal(offer, Standing(), "shop", 0) == "there is no consent to marketing"
