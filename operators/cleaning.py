"""The first step on whole batches: clean each record, and sort the events into device buckets."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

from contracts.keys import bucket_name
from contracts.rejects import Rejected, rejected
from operators.clean import Clean, device_bucket
from operators.messages import LIVE_ROUND, Arrived, Ends, Refused, Slice


class Batch(Protocol):
    """Records of one source partition, in order; `round` and `watermark` in a replay only.

    A record has `value` (bytes), `received` (ms), `origin` (where it lies), `seq`, and `fault`, the
    reason and the words for one that its reader refused.
    """

    @property
    def part(self) -> str: ...  # noqa: D102
    @property
    def round(self) -> int | None: ...  # noqa: D102
    @property
    def watermark(self) -> int | None: ...  # noqa: D102
    @property
    def records(self) -> Sequence[Any]: ...  # noqa: D102


def clean_batches(
    clean: Clean, batches: Sequence[Batch], buckets: int, *, every: bool
) -> list[tuple[str, Slice | Refused]]:
    """Return the events by bucket of devices, and what was refused by source partition."""
    out: list[tuple[str, Slice | Refused]] = []
    for batch in batches:
        groups, refused = _sort(clean, batch, buckets)
        clock = batch.watermark
        if clock is None:
            clock = max((record.received for record in batch.records), default=0)
        round_ = LIVE_ROUND if batch.round is None else batch.round
        for number in range(buckets) if every else sorted(groups):
            name = bucket_name("d", number)
            out.append((name, Slice(name, round_, clock, groups.get(number, []))))
        if refused.ends:
            out.append((batch.part, refused))
    return out


def _sort(clean: Clean, batch: Batch, buckets: int) -> tuple[dict[int, list[Arrived]], Refused]:
    groups: dict[int, list[Arrived]] = defaultdict(list)
    refused = Refused(batch.part, [], Ends())
    for record in batch.records:
        result = (
            clean(record.value, record.received, record.origin, record.seq)
            if record.fault is None
            else _unread(record)
        )
        if isinstance(result, Arrived):
            groups[device_bucket(result.event, buckets)].append(result)
        else:
            refused.records.append(result)
            counts = refused.ends.rejected
            counts[result.reason] = counts.get(result.reason, 0) + 1
    return groups, refused


def _unread(record: Any) -> Rejected:
    reason, detail = record.fault
    return rejected(reason, detail, record.origin, record.value, record.received)
