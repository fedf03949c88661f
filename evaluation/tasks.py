"""The kinds of questions that `headrace evaluate` asks: one line each, loaded when it is used.

A task is a function `run(Request) -> Scoreboard` in a module of its own. What it needs beside the
source comes in the request; what it cannot do with it, it refuses with an `EvaluationError`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from evaluation.errors import EvaluationError

NEXT_ITEM: Final = "next-item"
RANKING: Final = "ranking"
TASKS: Final[Mapping[str, str]] = {
    NEXT_ITEM: "evaluation.next_item_task:run",
    "rules": "evaluation.rules_task:run",
    "segments": "evaluation.segments_task:run",
    "concepts": "evaluation.concepts_task:run",
    RANKING: "evaluation.ranking_task:run",
    "intent": "evaluation.intent_task:run_intent",
    "response": "evaluation.intent_task:run_response",
    "uplift": "evaluation.uplift_task:run",
    "churn": "evaluation.outcome_task:run_churn",
    "spend": "evaluation.outcome_task:run_spend",
    "order-value": "evaluation.outcome_task:run_order_value",
    "topics": "evaluation.topics_task:run",
    "text-groups": "evaluation.text_groups_task:run",
}
"""Name of a task to `module:function`."""

TABLES: Final = frozenset({"intent", "response", "uplift"})
"""Tasks whose source is a CSV with a row for each example, and no recording of events."""


@dataclass(frozen=True)
class Request:
    """What is to be evaluated: the recording at `source`, read as `format`.

    `until` cuts the stream (a share of it); `models` names those who take part, all by default.
    `progress` is told who is at work, and how far it is (a share).
    """

    source: Path
    format: str
    protocol: str = "user"
    repeats: bool = False
    by: str = "item"
    test_from: float = 0.0
    until: float = 1.0
    known_only: bool = False
    session_gap_minutes: float = 30.0
    site: str | None = None
    models: str | None = None
    progress: Callable[[str, float], None] = lambda name, share: None


@dataclass
class Scoreboard:
    """What came out: figures by model, `columns` of which are shown; notes in words.

    Figures that are no numbers (curves) go to the JSON only.
    """

    task: str
    protocol: str
    events: int
    columns: tuple[str, ...]
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    curve: str = ""
    """The figure whose curve is drawn; none if empty."""

    def curves(self) -> dict[str, list[float | None]]:
        """Return the curve to draw of each model that has it."""
        found = {name: row.get("curve", {}).get(self.curve) for name, row in self.models.items()}
        return {name: curve for name, curve in found.items() if curve}

    def as_dict(self) -> dict[str, Any]:
        """Return it as a tree of plain values."""
        return {
            "task": self.task,
            "protocol": self.protocol,
            "events": self.events,
            **self.about,
            "models": self.models,
            "skipped": self.skipped,
            "notes": self.notes,
        }


def task(name: str) -> Callable[[Request], Scoreboard]:
    """Return the function of a task; raise `EvaluationError` if there is none of that name."""
    if name not in TASKS:
        raise EvaluationError(f"--task {name}: there is none of that name, only {', '.join(TASKS)}")
    module, _, function = TASKS[name].partition(":")
    found: Callable[[Request], Scoreboard] = getattr(import_module(module), function)
    return found
