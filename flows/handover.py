"""Where a backfilled namespace goes on in the live log: its offsets, written once.

A backfill replays a topic up to offsets that it fixes at its start. The live flow of the
namespace begins exactly there; from its first epoch on, recovery knows better.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE: Final = "handover.json"


def write_offsets(data_dir: Path, offsets: Mapping[str, int]) -> None:
    """Keep the offsets, by `TOPIC/PARTITION`, that the live flow is to begin at."""
    data_dir.mkdir(parents=True, exist_ok=True)
    made = data_dir / f"{FILE}.new"
    made.write_text(json.dumps(dict(offsets), indent=1))
    made.replace(data_dir / FILE)


def start_offsets(data_dir: Path) -> dict[str, int]:
    """Return the offsets to begin at; none where nothing was handed over."""
    try:
        found: dict[str, int] = json.loads((data_dir / FILE).read_text())
    except FileNotFoundError:
        return {}
    return found
