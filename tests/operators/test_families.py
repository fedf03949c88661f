import pickle
from typing import get_args

from contracts.settings import FamilyName, FlowSettings
from operators.families import FAMILIES, families_of
from operators.messages import Attributed, Lesson, UserSlice
from operators.stages import ProfileStage
from tests.builders import NOON, SECOND, arrived


def test_the_settings_know_every_family_and_no_other() -> None:
    assert [family.name for family in FAMILIES] == list(get_args(FamilyName))


def test_all_families_run_where_none_is_named() -> None:
    assert families_of(FlowSettings()) == list(FAMILIES)


def test_only_the_named_families_run() -> None:
    settings = FlowSettings(families=["segments", "intent"])
    assert [family.name for family in families_of(settings)] == ["intent", "segments"]


def test_what_a_program_teaches_crosses_to_another_process() -> None:
    stage = ProfileStage(FlowSettings())
    views = [
        Attributed("robot", arrived("view", user="robot", item=f"i{n}", id=str(n), at=n * SECOND))
        for n in range(400)
    ]
    messages = stage.on_batch([UserSlice("u0", 0, NOON, views)])
    (lesson,) = [message for message in messages if isinstance(message, Lesson)]
    assert any(example.label for example in lesson.examples["visits"])
    assert pickle.loads(pickle.dumps(lesson)) == lesson
