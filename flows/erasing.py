"""Carrying erasures out: the people go from the state of every key, and from the store.

It goes in rounds, one an epoch. In each, every key that knows people is told to forget the erased;
again and again, since what was on its way from one stage to the next may have brought them back.
After a few rounds nothing can have, and then what lies on the disk is written anew without them,
and the old files are given up, a few flushes late as always (`flows.segment_files`). An erasure is
done when all rounds have passed; until then a restart begins with the first.
"""

import json
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from contracts.erasures import ROUNDS, Erased, Erasure
from contracts.keys import bucket_name
from contracts.settings import FlowSettings
from flows.drain import Drain
from flows.process import Process
from flows.sweeping import sweep_apart
from operators.families import families_of
from operators.messages import Erase
from storage.erasures import ErasureStore
from storage.errors import StoreError

FILE: Final = "erased.json"
RENEW_ROUND: Final = 3
"""Eight flushes after this one old files go (`SegmentStore.keep_syncs`), well before the last."""

SWEEP_ROUNDS: Final = (0, RENEW_ROUND)
REWRITE_TRIES: Final = 60
REWRITE_PAUSE_S: Final = 1.0

IDLE: Final = timedelta(milliseconds=100)

Keyed = tuple[str, Erase]

logger = logging.getLogger(__name__)


class Rounds:
    """Says what is to be done next, and remembers in a file what is done."""

    def __init__(self, erased: Erased, file: Path) -> None:
        self._erased = erased
        self._file = file
        self._done = set(json.loads(file.read_text())) if file.exists() else set()
        self._batch: list[str] = []
        self.round = -1

    def next(self) -> Erase | None:
        """Return the next round, of all erasures that are not done; None if all are."""
        wanted = [one for one in self._erased.in_force() if one.mark not in self._done]
        if not wanted:
            return None
        if not self._batch:
            self._batch, self.round = [one.mark for one in wanted], -1
        self.round += 1
        return Erase(wanted, renews=self.round == RENEW_ROUND)

    def end(self) -> None:
        """Note, after the last round, that its erasures are done."""
        marks = {one.mark for one in self._erased.in_force()}
        self._done = {*self._done, *self._batch} & marks
        made = self._file.with_suffix(".new")
        made.write_text(json.dumps(sorted(self._done)))
        made.replace(self._file)
        logger.info("%d erasures are done", len(self._batch))
        self._batch = []


class ErasingSource(FixedPartitionedSource[Keyed, None]):
    """Gives a round in each epoch, if any is due, to the keys that know people.

    The engine begins an epoch once all that came before the last one has had its effect, so that
    rounds keep the pace of a flow that is behind. `sweep` takes the people out of the store, and
    what nobody refers to off the disk.
    """

    def __init__(
        self,
        rounds: Rounds,
        keys: Sequence[str],
        drain: Drain,
        sweep: Callable[[int, list[Erasure]], None],
    ) -> None:
        self._given = (rounds, keys, drain, sweep)

    def list_parts(self) -> list[str]:
        """Return the one partition."""
        return ["erasing"]

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSourcePartition[Keyed, None]:
        """Return the partition; what is done is known from a file."""
        return _Erasing(*self._given)


class _Erasing(StatefulSourcePartition[Keyed, None]):
    def __init__(
        self,
        rounds: Rounds,
        keys: Sequence[str],
        drain: Drain,
        sweep: Callable[[int, list[Erasure]], None],
    ) -> None:
        self._rounds = rounds
        self._keys = keys
        self._drain = drain
        self._sweep = sweep
        self._due = True
        self._wake = datetime.now(UTC)

    def next_batch(self) -> Iterable[Keyed]:
        if self._drain.asked:
            raise StopIteration
        self._wake = datetime.now(UTC) + IDLE
        erase = self._rounds.next() if self._due else None
        if erase is None:
            return []
        self._due = False
        self._sweep(self._rounds.round, erase.erasures)
        if self._rounds.round == ROUNDS - 1:
            self._rounds.end()
        return [(key, erase) for key in self._keys]

    def next_awake(self) -> datetime:
        return self._wake

    def snapshot(self) -> None:
        self._due = True  # the epoch is over


def erasing_of(process: Process) -> ErasingSource:
    """Return the source for a live graph."""
    settings, recovery = process.settings, process.recovery_dir
    rounds = Rounds(process.erased, settings.data_dir / FILE)
    sweeper = Sweeper(
        lambda: ErasureStore(settings.redis), settings.data_dir / "state", recovery, time.time()
    )
    return ErasingSource(rounds, keys_of(settings.flow), process.drain, sweeper)


def keys_of(settings: FlowSettings) -> list[str]:
    """Return the state keys that may know people: buckets of devices and users, and families."""
    buckets = [bucket_name(kind, n) for kind in "du" for n in range(settings.buckets)]
    return [*buckets, *(family.name for family in families_of(settings))]


class Sweeper:
    """Sweeps the store, in a thread of its own, and files of earlier runs that are given up.

    `began` is when this run did (epoch seconds): what was written to since belongs to it.
    """

    def __init__(
        self,
        open_store: Callable[[], ErasureStore],
        state_dir: Path,
        recovery_dir: Path,
        began: float,
    ) -> None:
        self._open = open_store
        self._folders = state_dir, recovery_dir
        self._began = began
        self._busy = threading.Thread()

    def __call__(self, number: int, erasures: list[Erasure]) -> None:
        """Sweep in a round, if it is time to."""
        if number > RENEW_ROUND and not self._busy.is_alive():
            self._busy = threading.Thread(target=self._files, daemon=True)
            self._busy.start()
        if number == ROUNDS - 1:
            self._busy.join()  # then nothing is left of what an earlier run wrote
        if number in SWEEP_ROUNDS or number == ROUNDS - 1:
            given = (Erased(erasures), number == ROUNDS - 1)
            threading.Thread(target=self._store, args=given, daemon=True).start()

    def _files(self) -> None:
        try:
            sweep_apart(*self._folders, self._began)
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("erasing: files of earlier runs are still there: %s", error)

    def _store(self, erased: Erased, last: bool) -> None:
        try:
            store = self._open()
            swept = store.sweep(erased)
            for _ in range(REWRITE_TRIES if last else 0):
                if store.write_anew():
                    break
                time.sleep(REWRITE_PAUSE_S)
            store.close()
            logger.info("erasing: %d keys and entries of the store", swept)
        except StoreError as error:
            logger.warning("erasing: the store cannot be swept now: %s", error)
