"""The task `uplift`: gains with bounds at each look, and who should be sent to."""

import random
from pathlib import Path

import pytest

from evaluation.errors import EvaluationError
from evaluation.tasks import Request, task

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "hillstrom" / "hillstrom.csv"


def request(file: Path, **options: object) -> Request:
    return Request(source=file, format="csv", **options)  # type: ignore[arg-type]


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """Web people answer mails, and nobody else does because of one."""
    rng, lines = random.Random(1), ["age,channel,segment,visit,spend"]
    for _ in range(6_000):
        web, arm = rng.random() < 0.5, rng.choice(["No Mail", "Mail"])
        rate = 0.1 + 0.2 * (web and arm == "Mail")
        lines.append(
            f"{rng.randrange(60)},{'web' if web else 'shop'},{arm},{int(rng.random() < rate)},0"
        )
    file = tmp_path / "mails.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_the_gain_has_bounds_and_an_order_is_found(experiment: Path) -> None:
    board = task("uplift")(request(experiment))
    gain = board.about["gains"]["Mail"]
    assert gain["low"] < 0.1 < gain["high"]
    assert gain["held"]
    assert gain["sure_from"] < 3_000
    assert not board.about["sizes"]["mismatch"]
    for name in ("transformed", "t-learner"):
        row = board.models[f"{name}: Mail"]
        assert row["qini"] > 4 * row["qini_error"]
    chance = board.models["by-chance: Mail"]
    assert abs(chance["qini"]) < 4 * chance["qini_error"]


def test_a_group_that_lost_people_is_named(experiment: Path) -> None:
    lines = experiment.read_text().splitlines()
    kept = [line for at, line in enumerate(lines) if "No Mail" not in line or at % 3]
    experiment.write_text("\n".join(kept) + "\n")
    board = task("uplift")(request(experiment, models="by-chance"))
    assert board.about["sizes"]["mismatch"]
    assert any("NOT believable" in note for note in board.notes)


def test_without_a_control_group_it_is_no_experiment(tmp_path: Path) -> None:
    file = tmp_path / "mails.csv"
    file.write_text("age,segment,visit\n1,Mail,1\n2,Mail,0\n")
    with pytest.raises(EvaluationError, match="control group"):
        task("uplift")(request(file))
    file.write_text("age,segment,visit\n1,Mail,1\n2,none,0\n3,Mail,1\n4,none,1\n")
    with pytest.raises(EvaluationError, match="--models oracle"):
        task("uplift")(request(file, models="oracle"))


@pytest.mark.skipif(not DATA.is_file(), reason="the Hillstrom data set is not here")
def test_hillstroms_known_gains_are_within_the_bounds_at_every_look() -> None:
    board = task("uplift")(request(DATA, models="by-chance"))
    for arm, known in (("Mens E-Mail", 0.1828), ("Womens E-Mail", 0.1514)):
        gain = board.about["gains"][arm]
        assert gain["rate"] == pytest.approx(known, abs=5e-5)
        assert gain["low"] < known - 0.1062 < gain["high"]
        assert gain["held"]
        assert gain["low"] > 0.0
    assert not board.about["sizes"]["mismatch"]
