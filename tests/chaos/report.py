"""What a chaos run came to, row by row, and its table: `python -m tests.chaos.report FILE`."""

import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLUMNS = (
    *("fault", "cycles", "events taken", "writes refused", "unanswered", "reads", "degraded"),
    *("read p99 ms", "back p50 s", "back p95 s"),
)


def busy() -> bool:
    """Whether the machine has so much to do that times say more of the others on it."""
    return os.getloadavg()[0] > 2.0 * (os.cpu_count() or 1)


def note(**row: Any) -> None:
    """Add a row, if the run keeps a report."""
    file = os.environ.get("HEADRACE_CHAOS_REPORT")
    if file:
        with Path(file).open("a") as report:
            report.write(json.dumps(row) + "\n")


def share(values: Sequence[float], of: float) -> float:
    """Return the least value that at least a share of all do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * of) - 1)]


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS)]
    lines += [tuple(f"{row.get(column, '')}" for column in COLUMNS) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(table([json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]))
