import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.serve.rules import Match, RulesError, in_force, load, parse
from api.serve.rules_file import RulesFile
from api.serve.shape import Pick, Policy, pin, shape
from contracts.events import Item
from contracts.keys import Keys
from tests.api.serve.shop import Shop, ada, fill, now_ms, open_shop, person, shop, until
from tests.storage.servers import StoreServer

ADA = "/v1/users/ada/recommendations"
KEYS = Keys("live")


def rule(text: str) -> str:
    return f'[[rule]]\nname = "r"\n{text}\n'


PIN = rule('action = "pin"\nposition = 1\nmatch = { items = ["seed"] }')
BURY = rule('action = "bury"\nmatch = { categories = ["kitchen"] }')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule", "r.toml: not valid TOML"),
        ("[[rules]]", "r.toml: rules: there is no such field; did you mean `rule`?"),
        ("rule = 3", "r.toml: rule: expected a list, got 3"),
        ("[[rule]]\naction = 'bury'", "rule 1: name: is missing"),
        (rule("action = 'boast'"), 'rule 1 ("r"): action: expected `'),
        (rule("action = 'boast'"), "got 'boast'"),
        (BURY + rule("action = 'bury'"), 'rule 2 ("r"): `match` names nothing'),
        (rule("action = 'boost'\nmatch = {tags = ['x']}"), "the action boost needs `factor`"),
        (rule("action = 'boost'\nfactor = 0"), "factor: expected a number above 0, got 0"),
        (rule("action = 'boost'\nfactor = inf"), "factor: expected a number of at most "),
        (rule("action = 'boost'\nfactor = nan"), "factor: "),
        (rule("action = 'pin'\nposition = 0"), "position: expected a number of at least 1"),
        (rule("action = 'pin'\nposition = 1\nmatch = {brands = ['b']}"), "needs `match.items`"),
        (rule("action = 'bury'\nposition = 1"), "`position` is not for the action bury"),
        (rule("action = 'bury'\nkeep = true"), "`keep` is not for the action bury"),
        (
            rule("action = 'bury'\nmatch = {catgories = []}"),
            "match.catgories: there is no such field; did you mean `categories`",
        ),
        (
            rule("action = 'bury'\nmatch = {categories = 'a'}"),
            "match.categories: expected a list, got ",
        ),
        (
            rule("action = 'bury'\nwhen = {from = 'soon'}"),
            "when.from: expected a time as in `2026-05-04T12:00:00Z`, got 'soon'",
        ),
    ],
)
def test_a_bad_rule_is_one_line_that_points_at_the_field(text: str, words: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse(text, "r.toml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("r.toml: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="cannot be read"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(items=["cup"]), True),
        (Match(categories=["kitchen"], brands=["acme"]), False),
        (Match(categories=["kitchen"], brands=["bell"]), True),
        (Match(tags=["new", "sale"]), True),
        (Match(min_price=5, max_price=5), True),
        (Match(min_price=5.01), False),
        (Match(props={"colour": "red"}), True),
        (Match(props={"colour": "red", "size": 3}), False),
    ],
)
def test_a_match_needs_every_field(match: Match, fits: bool) -> None:
    cup = Item(id="cup", category="kitchen", brand="bell", price=5, tags=["sale"])
    cup.props["colour"] = "red"
    assert match.fits(cup) is fits
    assert not Match(max_price=9).fits(Item(id="priceless"))


def test_a_rule_holds_only_when_it_says() -> None:
    limited = parse(
        rule("action = 'bury'\nmatch = {tags = ['x']}\n")
        + "[rule.when]\nsites = ['s']\nsegments = ['s1']\ncategories = ['c']\n"
        + "from = 2026-01-01T00:00:00Z\nuntil = 2026-01-01T01:00:00+01:00\n",
        "r.toml",
    )
    assert in_force(limited, "s", "s1", "c", 1_767_225_600_000) == []  # from and until are one
    limited = parse(
        rule("action = 'bury'\nmatch = {tags = ['x']}\n")
        + "[rule.when]\nsites = ['s']\nsegments = ['s1']\ncategories = ['c']\n"
        + "from = 2026-01-01T00:00:00Z\nuntil = 2026-01-02T00:00:00Z\n",
        "r.toml",
    )
    begin = 1_767_225_600_000
    assert in_force(limited, "s", "s1", "c", begin) == limited
    assert in_force(limited, "s", "s1", "c", begin - 1) == []
    assert in_force(limited, "s", "s1", "c", begin + 86_400_000) == []
    assert in_force(limited, "t", "s1", "c", begin) == []
    assert in_force(limited, "s", None, "c", begin) == []
    assert in_force(limited, "s", "s1", None, begin) == []


def picks(*ids: str) -> list[Pick]:
    return [
        Pick(Item(id=id_, category=id_[0]), 1 / (n + 1), "together") for n, id_ in enumerate(ids)
    ]


def order(found: list[Pick]) -> list[str]:
    return [pick.item.id for pick in found]


def test_boost_bury_filter_and_fatigue() -> None:
    rules = parse(
        rule("action = 'boost'\nfactor = 10\nmatch = {items = ['b1']}")
        + rule("action = 'bury'\nmatch = {categories = ['c']}")
        + rule("action = 'filter'\nmatch = {categories = ['d']}"),
        "r.toml",
    )
    policy = Policy(tired=frozenset(["a1"]), rules=rules, hidden=frozenset(["a3"]))
    shaped = shape(picks("c1", "a1", "a2", "d1", "b1", "a3"), policy, 2)
    assert order(shaped) == ["b1", "a2", "a1", "c1"]
    assert shaped[0].score == pytest.approx(2)
    keep = parse(rule("action = 'filter'\nkeep = true\nmatch = {categories = ['d']}"), "r.toml")
    assert order(shape(picks("c1", "d1", "a1"), Policy(hidden=frozenset(["c1"])), 1)) == ["d1"]
    assert order(shape(picks("c1", "d1", "a1"), Policy(rules=keep), 9)) == ["d1"]


def test_pins_stand_where_they_should_and_nothing_is_lost() -> None:
    stock = {item.id: item for item in (p.item for p in picks("x", "y", "a", "b", "c"))}
    stock["out"] = Item(id="out", in_stock=False)
    rules = parse(
        rule("action = 'pin'\nposition = 2\nmatch = {items = ['x', 'b']}")
        + rule("action = 'pin'\nposition = 1\nmatch = {items = ['out', 'never']}")
        + rule("action = 'pin'\nposition = 900\nmatch = {items = ['y']}"),
        "r.toml",
    )
    pinned = pin(picks("a", "b", "c"), Policy(rules=rules), stock.get, 10)
    assert order(pinned) == ["a", "x", "b", "c", "y"]
    assert [p.strategy for p in pinned] == ["together", "pinned", "pinned", "together", "pinned"]
    hidden = Policy(rules=rules, hidden=frozenset(["x"]))
    assert order(pin(picks("a", "b", "c"), hidden, stock.get, 2)) == ["a", "c"]


@pytest.fixture(scope="module")
def opened(store_server: StoreServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    fill(store_server, shop(now_ms()))
    rules = tmp_path_factory.mktemp("rules") / "rules.toml"
    rules.write_text(PIN)
    given = {"api.rules_file": str(rules), "api.fatigue": 3}
    with open_shop(store_server, **given) as opened:
        yield opened


def rewrite(opened: Shop, text: str) -> None:
    path = opened.serving.settings.api.rules_file
    assert path is not None
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def test_rules_apply_and_are_read_again_when_they_change(opened: Shop) -> None:
    first = opened.get(ADA, n=3, explain=1)["items"][0]
    assert (first["item"], first["strategy"], first["rule"]) == ("seed", "pinned", "r")
    assert first["reasons"] == ["chosen by the shop", "popular in the last hours"]
    assert opened.items("/v1/trending", n=2) == ["seed", "hose"]
    rewrite(opened, BURY)
    until(lambda: opened.get(ADA, n=1)["items"][0]["strategy"] != "pinned")
    items = opened.items(ADA, n=100)
    assert set(items[-3:]) == {"cup", "kettle", "teapot"}
    given = {"user": "ada", "items": ["cup", "hose"]}
    assert [s["item"] for s in opened.post("/v1/rank", given)["items"]] == ["hose", "cup"]
    rewrite(opened, BURY + "nonsense")
    until(lambda: "not valid TOML" in opened.get("/readyz")["rules"])
    assert opened.items(ADA, n=100) == items
    rewrite(opened, "")
    until(lambda: opened.items(ADA, n=1) == ["cup"])
    assert opened.get("/readyz")["rules"] == "ok"


def test_what_was_shown_too_often_steps_back(opened: Shop) -> None:
    rewrite(opened, "")
    until(lambda: len(opened.serving.rules) == 0)
    now = now_ms()
    opened.write(person(KEYS, ada(now, "weary", impressions={"cup": 3, "hose": 2})))
    items = opened.items("/v1/users/weary/recommendations", n=100)
    assert items[-1] == "cup"
    assert items.index("hose") < 3
    opened.write(person(KEYS, ada(now, "weary", impressions={"cup": 2})))
    assert opened.items("/v1/users/weary/recommendations", n=1) == ["cup"]


def test_a_rules_file_that_vanishes_leaves_its_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(PIN)
    rules = RulesFile(path)
    path.unlink()
    rules.refresh()
    assert [one.action for one in rules.rules] == ["pin"]
    assert rules.error is not None
    path.write_text(BURY)
    rules.refresh()
    assert [one.action for one in rules.rules] == ["bury"]
    assert rules.error is None
