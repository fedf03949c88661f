"""Triggers out: accepted once in the store, for its streams; and at least once on Kafka."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from zlib import crc32

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from msgspec import structs

from contracts.cloudevents import MEDIA_TYPE, encode_trigger
from contracts.codec import pack
from contracts.decisions import Trigger
from contracts.keys import HELD_TOPIC, TRIGGERS_TOPIC, message_key
from contracts.settings import KafkaSettings
from flows.drain import Drain
from flows.kafka_client import Config
from flows.kafka_sink import Outgoing, Sender
from flows.per_thread import PerThread
from flows.store_wait import StoreWait
from operators.messages import Triggers
from storage.triggers import Offered, TriggerStore

PARTS: Final = 16
_kept = msgspec.msgpack.Decoder(list[str])
HEADERS: Final = (("content-type", MEDIA_TYPE.encode()),)

Complete = Callable[[Sequence[Trigger]], Sequence[Trigger]]
"""Adds to triggers what only the store knows: what their people may like now."""


class TriggerSink(FixedPartitionedSink[Any, None]):
    """Takes `Triggers` by owner.

    The store accepts each id once, and puts what it accepts on the stream of its site in the same
    step; so a stream shows a trigger once, whatever restarts. Kafka gets it as often as the flow
    comes to it, under the same id. A namespace that is not served delivers nothing, nowhere; nor is
    a holdout for any stream. While the store is away the flow waits; what Kafka does not take ends
    the run, and its epoch is done again.
    """

    def __init__(
        self,
        open_store: Callable[[], TriggerStore],
        config: Config,
        settings: KafkaSettings,
        drain: Drain,
        complete: Complete = lambda triggers: triggers,
        parts: int = PARTS,
    ) -> None:
        self._stores = PerThread(open_store)
        self._senders = PerThread(lambda: Sender(config, settings.delivery_timeout_ms))
        self._drain = drain
        self._complete = complete
        self._parts = parts

    def list_parts(self) -> list[str]:
        """Return the partitions of the sink: any worker can write any of them."""
        self._senders.get()  # an idempotent producer takes up to a second to be ready: begin now
        return [f"triggers-{number:02d}" for number in range(self._parts)]

    def part_fn(self, item_key: str) -> int:
        """Choose an owner's partition."""
        return crc32(item_key.encode())

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[Any, None]:
        """Return a partition; those of one worker share the store and the producer."""
        return _TriggerPart(self._stores.get(), self._senders, self._drain, self._complete)


class _TriggerPart(StatefulSinkPartition[Any, None]):
    def __init__(
        self,
        store: TriggerStore,
        senders: PerThread[Sender],
        drain: Drain,
        complete: Complete,
    ) -> None:
        self._store = store
        self._senders = senders
        self._complete = complete
        self._patiently = StoreWait(drain, "triggers")
        self._sent = False

    def write_batch(self, values: list[Triggers]) -> None:
        triggers = self._complete([trigger for message in values for trigger in message.items])
        offered = [offered_of(trigger) for trigger in triggers]
        # Before Kafka: who hears of it there may ask for it here.
        new = self._patiently(lambda: self._store.accept(offered)) if offered else None
        if new is None:
            return
        triggers = self._as_accepted(triggers, offered, new)
        sender = self._senders.get()
        self._sent = True
        for trigger in triggers:
            sender.send(record_of(trigger))
        sender.serve()

    def _as_accepted(
        self, triggers: Sequence[Trigger], offered: Sequence[Offered], new: Sequence[bool]
    ) -> list[Trigger]:
        """Return triggers as they were accepted: an id says one thing, however often it comes."""
        again = [one for one, is_new in zip(offered, new, strict=True) if not is_new]
        kept = iter(self._patiently(lambda: self._store.kept(again)) if again else ())
        return [
            trigger if is_new else _with_kept(trigger, next(kept))
            for trigger, is_new in zip(triggers, new, strict=True)
        ]

    def snapshot(self) -> None:
        self._patiently(self._store.refresh)
        # Before the epoch can be kept, all of its records are with the broker.
        if self._sent:
            self._senders.get().flush()
            self._sent = False


def offered_of(trigger: Trigger) -> Offered:
    """Return a trigger as the store accepts it: what was added to it is kept with its id."""
    event = b"" if trigger.holdout else encode_trigger(trigger)
    return Offered(trigger.site, trigger.id, event, pack(trigger.recommendations))


def _with_kept(trigger: Trigger, raw: bytes | None) -> Trigger:
    try:
        kept = [] if raw is None else _kept.decode(raw)
    except msgspec.MsgspecError:  # of a version that kept nothing
        kept = []
    return structs.replace(trigger, recommendations=kept)


def record_of(trigger: Trigger) -> Outgoing:
    """Return a trigger as a record of its topic, keyed so that a person's stay in order."""
    topic = HELD_TOPIC if trigger.holdout else TRIGGERS_TOPIC
    key = message_key(trigger.site, trigger.user, None)
    return Outgoing(topic, key, encode_trigger(trigger), max(0, trigger.time), HEADERS)
