"""Tasks with a CSV, and tasks about outcomes over a recording."""

import csv
import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from evaluation.errors import EvaluationError
from evaluation.intent_task import run_intent, run_response
from evaluation.outcome_task import run_churn, run_order_value
from evaluation.table import read_table
from evaluation.tasks import Request

DAY_MS = 86_400_000


def sessions(file: Path, rows: int = 600) -> Path:
    rng = random.Random(1)
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["pages", "channel", "weekend", "Revenue"])
        for _ in range(rows):
            pages, channel = rng.randrange(30), rng.choice(["mail", "web"])
            buys = rng.random() < (0.7 if pages > 15 and channel == "mail" else 0.05)
            writer.writerow([pages, channel, rng.choice(["TRUE", "FALSE"]), str(buys).upper()])
    return file


def orders(file: Path, people: int = 120) -> Path:
    rng = random.Random(2)
    events = []
    for person in range(people):
        time = 1_600_000_000_000 + rng.randrange(60) * DAY_MS
        for visit in range(rng.randrange(1, 8)):
            time += (rng.randrange(35, 60) if person % 2 else rng.randrange(1, 12)) * DAY_MS
            price = 200.0 if person % 2 else 20.0
            more = {"item": f"i{rng.randrange(9)}", "price": price * rng.uniform(0.8, 1.2)}
            order = {"user": f"u{person}", "type": "purchase", "order": f"{person}/{visit}"}
            events.append({"id": f"{person}/{visit}", "time": time, **order, **more})
    events.sort(key=lambda event: event["time"])
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    return file


def test_a_folder_with_one_csv_is_read_and_with_two_is_not(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="there is none"):
        read_table(tmp_path)
    sessions(tmp_path / "s.csv", rows=20)
    assert len(read_table(tmp_path).rows) == 20
    sessions(tmp_path / "t.csv", rows=20)
    with pytest.raises(EvaluationError, match=r"s\.csv, t\.csv"):
        read_table(tmp_path)


def test_a_table_is_read_with_numbers_words_and_truths(tmp_path: Path) -> None:
    table = read_table(sessions(tmp_path / "s.csv", rows=20))
    assert table.outcome == "Revenue"
    assert set(table.rows[0]) == {"pages", "channel", "weekend"}
    assert isinstance(table.rows[0]["channel"], str)
    assert table.rows[0]["weekend"] in (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no rows"), ("a,y\n", "no rows"), ("a,y\n1,perhaps\n", "line 2: `y` is 'perhaps'")],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(EvaluationError, match=said):
        read_table(tmp_path / "t.csv")


def test_intent_beats_the_base_rate(tmp_path: Path) -> None:
    request = Request(sessions(tmp_path / "s.csv"), "csv", models="intent-live,base-rate")
    board = run_intent(request)
    ours, plain = board.models["intent-live"], board.models["base-rate"]
    assert ours["auc"] > 0.75
    assert ours["log_loss"] < plain["log_loss"]
    assert board.about["counted"] == 540


def test_response_reports_uplift_by_thirds(tmp_path: Path) -> None:
    rng = random.Random(3)
    lines = ["loyal,segment,visit,spend"]
    for _ in range(500):
        loyal, arm = rng.randrange(2), rng.choice(["No E-Mail", "Mens E-Mail"])
        came = rng.random() < 0.1 + 0.6 * (loyal and arm != "No E-Mail")
        lines.append(f"{loyal},{arm},{int(came)},{9 * came}")
    (tmp_path / "r.csv").write_text("\n".join(lines))
    board = run_response(Request(tmp_path / "r.csv", "csv", models="response,base-rate"))
    thirds = board.about["uplift"]
    assert thirds[-1]["came"] > thirds[0]["came"]
    assert "spend" not in board.about["outcome"]
    assert board.models["response"]["auc"] > 0.6


def test_outcomes_over_a_recording(tmp_path: Path) -> None:
    file = orders(tmp_path / "orders.jsonl")
    value = run_order_value(Request(file, "events"))
    assert value.models["order-value"]["mae"] < value.models["running-mean"]["mae"]
    assert value.models["order-value"]["coverage"] > 0.7
    churn = run_churn(Request(file, "events", models="churn,base-rate"))
    assert churn.models["churn"]["auc"] > 0.6
    assert churn.about["outcomes"] <= churn.about["visits"]


def test_a_recording_without_outcomes_says_so(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="only 0 visits"):
        run_churn(Request(orders(tmp_path / "o.jsonl", people=1), "events"))


def test_the_command_writes_the_table(tmp_path: Path) -> None:
    sessions(tmp_path / "s.csv", rows=200)
    out = tmp_path / "out.json"
    arguments = ["evaluate", str(tmp_path / "s.csv"), "--task", "intent", "--models", "base-rate"]
    result = CliRunner().invoke(app, [*arguments, "--json", str(out)])
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["models"]["base-rate"]["log_loss"] > 0.0
