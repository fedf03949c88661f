from typing import get_args

from contracts.settings import FamilyName, FlowSettings
from operators.families import FAMILIES, families_of


def test_the_settings_know_every_family_and_no_other() -> None:
    assert [family.name for family in FAMILIES] == list(get_args(FamilyName))


def test_all_families_run_where_none_is_named() -> None:
    assert families_of(FlowSettings()) == list(FAMILIES)


def test_only_the_named_families_run() -> None:
    settings = FlowSettings(families=["segments", "intent"])
    assert [family.name for family in families_of(settings)] == ["intent", "segments"]
