"""Every model through one suite; River's estimators through River's own checks as well."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from river.checks import clf, common, reco

from online_models.features import SESSION_FEATURES, USER_FEATURES
from online_models.intent import IntentModel
from online_models.recommender import ItemRecommender
from online_models.segments import SegmentModel
from tests.online_models.cases import CASES
from tests.online_models.conformance import CHECKS, Case, fingerprint
from tests.online_models.made_people import people


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_conforms(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


def test_another_process_learns_the_same() -> None:
    script = (
        "from tests.online_models.cases import CASES\n"
        "from tests.online_models.conformance import fingerprint\n"
        "for case in CASES: print(fingerprint(case))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    other = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert other.stdout.split() == [fingerprint(case) for case in CASES]


ESTIMATORS: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "intent": (lambda: IntentModel(seed=1), SESSION_FEATURES),
    "segments": (lambda: SegmentModel(n_segments=3, warmup=20, seed=1), USER_FEATURES),
}

OF_A_MODEL = (
    common.check_pickling_supports_roundtrip,
    common.check_repr,
    common.check_str,
    common.check_tags,
    common.check_doc,
    common.check_clone_same_class,
    common.check_clone_is_idempotent,
    common.check_clone_changes_memory_addresses,
    common.check_clone_with_new_params_applies,
    common.check_repr_roundtrips_clone,
    common.check_mutate_can_be_idempotent,
    common.check_mutable_attributes_exist,
    common.check_get_params_matches_signature,
    common.check_init_default_params_are_not_mutable,
    common.check_init_has_default_params_for_tests,
)

OF_A_MODEL_AND_DATA = (
    common.check_learn_one,
    common.check_predict_one_pure,
    common.check_predict_one_before_any_learn,
    common.check_shuffle_features_no_impact,
    common.check_emerging_features,
    common.check_disappearing_features,
    common.check_radically_disappearing_features,
    common.check_no_state_aliasing_with_input,
    common.check_pickling,
    common.check_clone_is_independent,
    common.check_seeding_is_idempotent,
    common.check_bounded_memory_growth,
)


@pytest.mark.parametrize("check", OF_A_MODEL, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_passes_rivers_check_of_a_model(name: str, check: Callable[[Any], None]) -> None:
    check(ESTIMATORS[name][0]())


@pytest.mark.parametrize("check", OF_A_MODEL_AND_DATA, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_passes_rivers_check_on_our_data(name: str, check: Callable[[Any, Any], None]) -> None:
    make, features = ESTIMATORS[name]
    check(make(), people(features)(21, 200))


def test_intent_passes_rivers_checks_of_a_classifier() -> None:
    data = people(SESSION_FEATURES)(22, 200)
    clf.check_predict_proba_one(IntentModel(), data)
    clf.check_predict_proba_one_binary(IntentModel(), data)
    clf.check_multiclass_is_bool(IntentModel())


def test_recommender_passes_rivers_check_of_a_ranker() -> None:
    reco.check_reco_routine(ItemRecommender(batch=1, seed=1))


def test_clone_has_learnt_nothing() -> None:
    model = ItemRecommender(batch=1)
    for item in ("cup", "saucer", "cup"):
        model.learn_one("ada", item)
    assert model.recommend("bob")
    assert model.clone().recommend("bob") == []
