"""How much types of events say."""

from typing import get_args

import pytest

from contracts.events import TouchName
from online_models.recommender import ItemRecommender
from online_models.touches import WEIGHTS, weigh


def test_settings_name_the_types_that_there_are() -> None:
    assert set(get_args(TouchName)) == WEIGHTS.keys()


@pytest.mark.parametrize(("share", "first"), [(2.0, "saucer"), (9.0, "spoon")])
def test_what_weighs_more_comes_first(
    monkeypatch: pytest.MonkeyPatch, share: float, first: str
) -> None:
    monkeypatch.setitem(WEIGHTS, "share", WEIGHTS["share"])  # as it was, afterwards
    weigh({"share": share})
    model = ItemRecommender()
    for user in range(20):
        model.learn_one(user, "cup")
        item, kind = ("saucer", "like") if user % 2 else ("spoon", "share")
        model.learn_one(user, item, True, {"type": kind})
    model.learn_one("ada", "cup")
    assert model.rank("ada", ["saucer", "spoon"])[0] == first
