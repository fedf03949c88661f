"""State as a release writes it: `python -m tests.flows.writing_state ARCHIVE`.

Each release adds its own to `tests/flows/releases`. What a later one does not
read any more it has to refuse in words.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main

from contracts.settings import FlowSettings
from flows.live import Resources, Sinks, build
from flows.recovery import prepare
from operators.catalogue import Catalogue
from operators.messages import View
from tests.flows.test_live import batches

RECORDING = Path(__file__).parents[2] / "examples" / "shop.jsonl"
BEFORE, AFTER = 150, 300
KEY = b"k" * 32


def run(folder: Path, last: int, cluster: bool = False) -> dict[tuple[str, str, str], bytes | None]:
    """Run the graph from a folder's state to a place in the recording; return its views."""
    records = RECORDING.read_bytes().splitlines()[:last]
    settings = FlowSettings(buckets=2, shards=1, publish_ms=0)
    views: list[tuple[str, Any]] = []
    sinks = Sinks(TestingSink(views), TestingSink([]), TestingSink([]), TestingSink([]))
    prepare(folder / "recovery", 1)
    items = batches(records, 50, ordered=False)
    flow = build(
        TestingSource(items), sinks, settings, Resources(Catalogue(), KEY, folder / "state")
    )
    config = RecoveryConfig(folder / "recovery")
    options = {"epoch_interval": timedelta(seconds=10), "recovery_config": config}
    cluster_main(flow, [], 0, **options) if cluster else run_main(flow, **options)
    found: list[View] = [view for _, message in views for view in message.items]
    return {(view.kind, view.site, view.id): view.value for view in found}


def main(file: Path) -> None:
    """Write an archive of the state of this release."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        folder = Path(name)
        run(folder, BEFORE)
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
