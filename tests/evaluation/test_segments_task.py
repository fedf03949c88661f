import numpy as np
import pytest

from evaluation.segments_task import FIELD, adjusted_rand, judge, silhouette
from online_models.features import USER_FEATURES


def looks(count=400):
    rng = np.random.default_rng(1)
    made = []
    for n in range(count):
        kind = n % 3
        values = rng.normal(3.0 * kind, 0.3, len(USER_FEATURES))
        made.append((f"u{n % 60}", tuple(float(v) for v in values)))
    return made


def test_groupings_are_alike_whatever_they_are_called():
    assert adjusted_rand([1, 1, 2, 2, 3], ["x", "x", "y", "y", "z"]) == 1.0
    rng = np.random.default_rng(2)
    first, second = rng.integers(4, size=(2, 4_000)).tolist()
    assert abs(adjusted_rand(first, second)) < 0.01


def test_groups_that_lie_apart_have_a_high_silhouette():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 100)
    apart = rng.normal(size=(200, 2)) + 50.0 * labels[:, None]
    assert silhouette(apart, labels) > 0.9
    assert abs(silhouette(rng.normal(size=(200, 2)), labels)) < 0.1
    assert silhouette(apart, np.zeros(200, np.intp)) == 0.0


@pytest.mark.parametrize("name", ["segments", "river KMeans"])
def test_people_who_do_not_change_stay_where_they_are(name):
    figures = judge(FIELD[name](), looks())
    assert figures["kept"] > 0.6
    assert figures["adjusted_rand"] > 0.4
    assert 1 < figures["groups"] <= 6
