"""Run a pure operator as a keyed, recoverable step of the dataflow.

A `Stage` is one key's logic: it takes a batch of messages, returns messages, and saves its state
in parts. `stateful` hangs it into the graph: state is loaded from recovery's segments, what
changed is written at the end of an epoch, and a stage that publishes from time to time is woken.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias

import bytewax.operators as op
from bytewax.operators import KeyedStream, StatefulBatchLogic

from contracts.erasures import Erased
from flows.batch_spans import Watch, unwatched
from flows.segments import Saved, Segments
from flows.told import telling
from operators.durable import Durable
from operators.erased import Forgets
from operators.messages import Erase

Message: TypeAlias = Any


class Stage(Durable, Protocol):
    """One key's logic. `load` is called once, before anything else, when there is state."""

    def on_batch(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Take a batch, in order; return what goes downstream."""
        ...


class Publisher(Stage, Protocol):
    """A stage that lets changes add up, and hands them out when it is woken or at the end."""

    @property
    def waiting(self) -> bool:
        """Whether there is anything to publish."""
        ...

    def publish(self) -> Sequence[Message]:
        """Return what has changed since the last time."""
        ...

    def finish(self) -> Sequence[Message]:
        """Return what is to be published when the input has ended."""
        ...


class _Logic(StatefulBatchLogic[Message, Message, bytes]):
    def __init__(self, step: str, stage: Stage, saved: Saved, watch: Watch) -> None:
        self._step = step
        self._stage = stage
        self._take = watch(step, stage.on_batch)
        self._saved = saved

    def on_batch(self, values: list[Message]) -> tuple[Sequence[Message], bool]:
        self._saved.touch()
        erases = [one for one in values if type(one) is Erase]
        with telling(self._step, f"handle {len(values)} messages"):
            if not erases:
                return self._take(values), False
            given = [one for one in values if type(one) is not Erase]
            out = [*(self._take(given) if given else ()), *self._erase(erases)]
            return out, False

    def _erase(self, erases: Sequence[Erase]) -> Sequence[Message]:
        """Forget people, after what came before that: they are in no other state of the key."""
        gone = Erased(one for erase in erases for one in erase.erasures).holds
        if any(erase.renews for erase in erases):
            self._saved.renew()
        return self._stage.forget(gone) if isinstance(self._stage, Forgets) else ()

    def on_eof(self) -> tuple[Sequence[Message], bool]:
        # State outlives the end of the input: a drained flow resumes where it stopped.
        return [], False

    def snapshot(self) -> bytes:
        with telling(self._step, "save its state"):
            return self._saved.snapshot()


class _PublishingLogic(_Logic):
    def __init__(
        self, step: str, stage: Publisher, saved: Saved, every: timedelta | None, watch: Watch
    ) -> None:
        super().__init__(step, stage, saved, watch)
        self._publisher = stage
        self._every = every
        # What a crash kept from being published is still due.
        self._due = self._now() if stage.waiting and every is not None else None

    def on_batch(self, values: list[Message]) -> tuple[Sequence[Message], bool]:
        out = super().on_batch(values)
        if self._due is None and self._every is not None and self._publisher.waiting:
            self._due = self._now() + self._every
        return out

    def on_notify(self) -> tuple[Sequence[Message], bool]:
        with telling(self._step, "publish"):
            out = self._publisher.publish()
        # What is shown in turns gets its next turn, whether or not anything comes meanwhile.
        every = self._every if self._publisher.waiting else None
        self._due = None if every is None else self._now() + every
        return out, False

    def on_eof(self) -> tuple[Sequence[Message], bool]:
        # Live, the end of the input is a drain, and a run that resumes goes on publishing.
        last = self._publisher.finish if self._every is None else self._publisher.publish
        with telling(self._step, "publish what is left"):
            return last(), False

    def notify_at(self) -> datetime | None:
        return self._due

    @staticmethod
    def _now() -> datetime:
        return datetime.now(UTC)


def stateful(
    step_id: str,
    up: KeyedStream[Message],
    make: Callable[[], Stage],
    segments: Segments,
    watch: Watch = unwatched,
) -> KeyedStream[Message]:
    """Add a step whose keys each run a stage, which `make` makes; `watch` may trace its calls."""

    def build(state: bytes | None) -> _Logic:
        with telling(step_id, "load its state"):
            stage = make()
            return _Logic(step_id, stage, segments.saved(stage, state), watch)

    return op.stateful_batch(step_id, up, build)


def publishing(
    step_id: str,
    up: KeyedStream[Message],
    make: Callable[[], Publisher],
    segments: Segments,
    every: timedelta | None,
    watch: Watch = unwatched,
) -> KeyedStream[Message]:
    """Add a step whose keys each run a publisher, woken so long after a change, or at the end."""

    def build(state: bytes | None) -> _PublishingLogic:
        with telling(step_id, "load its state"):
            stage = make()
            return _PublishingLogic(step_id, stage, segments.saved(stage, state), every, watch)

    return op.stateful_batch(step_id, up, build)
