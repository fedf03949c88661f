"""The tasks about texts: `topics` and `text-groups`."""

import json
from pathlib import Path

import pytest

from evaluation.errors import EvaluationError
from evaluation.tasks import Request, task
from tests.online_models.text_cases import texts

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "cfpb-complaints"


def recording(file: Path, count: int = 300) -> Path:
    lines = []
    for at, (text, topic) in enumerate(texts(1, count)):
        props = {"topic": topic} if at % 10 else {}
        said = {"id": str(at), "time": 1_600_000_000_000 + at * 60_000, "user": f"u{at}"}
        lines.append({**said, "type": "complaint", "text": text, "props": props})
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_topics_are_guessed_better_than_by_the_majority(tmp_path: Path) -> None:
    source = recording(tmp_path / "events.jsonl")
    asked = Request(source, "events", models="topics,majority,river-multinomial-nb")
    board = task("topics")(asked)
    assert board.about == {"texts": 270, "labels": 3, "counted": 243}
    ours, majority = board.models["topics"], board.models["majority"]
    assert ours["accuracy"] > 0.9 > 0.5 > majority["accuracy"]
    assert ours["log_loss"] < 0.5 < 1.0 < majority["log_loss"]
    assert ours["macro_f1"] > 0.9


def test_groups_are_judged_by_labels(tmp_path: Path) -> None:
    board = task("text-groups")(
        Request(recording(tmp_path / "events.jsonl"), "events", models="groups")
    )
    figures = board.models["groups"]
    assert 0.0 <= figures["v_measure"] <= 1.0
    assert figures["purity"] > 0.34
    assert figures["groups"] >= 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"by": "nothing"}, "0 texts with `props.nothing`"),
        ({"models": "no such"}, "--models no such: expected of topics"),
        ({"until": 0.0}, "--until"),
        ({"test_from": 1.0}, "--test-from"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    tmp_path: Path, more: dict[str, object], said: str
) -> None:
    request = Request(recording(tmp_path / "events.jsonl"), "events", **more)  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match=said):
        task("topics")(request)


@pytest.mark.skipif(not DATA.is_dir(), reason="the CFPB complaints do not lie beside the checkout")
def test_complaints_are_told_apart_far_better_than_by_the_majority() -> None:
    board = task("topics")(Request(DATA, "cfpb", models="topics,majority"))
    ours, majority = board.models["topics"], board.models["majority"]
    assert ours["accuracy"] > majority["accuracy"] + 0.2
    assert ours["log_loss"] < majority["log_loss"] - 0.6
    assert ours["macro_f1"] > 5 * majority["macro_f1"]
