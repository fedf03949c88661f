from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest

from online_models.digest import digest


@dataclass
class Point:
    x: float
    y: Any = None


class Slotted:
    __slots__ = ("a",)

    def __init__(self, a: Any) -> None:
        self.a = a


DIFFERENT = [
    None,
    0,
    1,
    True,
    False,
    0.0,
    -0.0,
    1.0,
    "1",
    b"1",
    "",
    [],
    [[]],
    [1, 2],
    [2, 1],
    [12],
    ["1", "2"],
    ["12", ""],
    {},
    {"a": 1},
    {"a": {"b": 1}},
    {1, 2},
    {1: 2},
    frozenset({3}),
    np.zeros(2),
    np.zeros(2, np.float32),
    np.zeros((2, 1)),
    np.float32(1.0),
    Point(1.0),
    Point(2.0),
    Point(1.0, Point(1.0)),
    Slotted(1),
    Slotted(2),
    Random(1),
    Random(2),
    partial(round, ndigits=1),
    Point,
]


def test_different_things_have_different_digests() -> None:
    digests = [digest(value) for value in DIFFERENT]
    assert len(set(digests)) == len(digests)


def test_order_that_means_nothing_does_not_show() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({f"name {n}" for n in range(50)}) == digest(
        {f"name {n}" for n in reversed(range(50))}
    )
    assert digest(Counter("abc")) == digest(Counter("cba"))
    assert digest(defaultdict(float, {"a": 1.0})) == digest(defaultdict(int, {"a": 1.0}))


def test_sharing_does_not_show() -> None:
    point = Point(1.0)
    assert digest([point, point]) == digest([Point(1.0), Point(1.0)])


def test_what_holds_itself_is_told() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="holds itself"):
        digest(loop)
