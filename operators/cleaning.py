"""The first step on whole batches: clean each record, and sort the events into device buckets."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

from contracts.clock_records import is_clock_record
from contracts.keys import bucket_name
from contracts.rejects import Rejected, rejected
from operators.clean import Clean, device_bucket
from operators.messages import LIVE_ROUND, Arrived, Ends, Refused, Slice, Tick


class Batch(Protocol):
    """Records of one source partition, in order; `round` and `watermark` in a replay only.

    A record has `value` (bytes), `received` (ms), `origin` (where it lies), `seq`, and `fault`, the
    reason and the words for one that its reader refused. `number` stands for the partition in
    ledgers.
    """

    @property
    def part(self) -> str: ...  # noqa: D102
    @property
    def round(self) -> int | None: ...  # noqa: D102
    @property
    def watermark(self) -> int | None: ...  # noqa: D102
    @property
    def records(self) -> Sequence[Any]: ...  # noqa: D102
    @property
    def number(self) -> int: ...  # noqa: D102


def clean_batches(
    clean: Clean, batches: Sequence[Batch], buckets: int, *, every: bool
) -> list[tuple[str, Slice | Refused | Tick]]:
    """Return the events by bucket of devices, and what was refused by source partition.

    Live, clock records become a `Tick` for each bucket of users; in a replay rounds tell the time.
    """
    out: list[tuple[str, Slice | Refused | Tick]] = []
    for batch in batches:
        records, tick = _without_clock(batch.records)
        groups, refused = _sort(clean, batch, records, buckets)
        clock = batch.watermark
        if clock is None:
            clock = max((record.received for record in records), default=0)
        round_ = LIVE_ROUND if batch.round is None else batch.round
        for number in range(buckets) if every else sorted(groups):
            name = bucket_name("d", number)
            out.append((name, Slice(name, round_, clock, groups.get(number, []))))
        if refused.ends:
            out.append((batch.part, refused))
        if tick and not every:
            out += [(bucket_name("u", number), Tick(batch.part, tick)) for number in range(buckets)]
    return out


def _without_clock(records: Sequence[Any]) -> tuple[Sequence[Any], int]:
    """Return the records but those of the clock, and the latest arrival of such a one, or 0."""
    ticks = [record.received for record in records if is_clock_record(record.value)]
    if not ticks:
        return records, 0
    return [record for record in records if not is_clock_record(record.value)], max(ticks)


def _sort(
    clean: Clean, batch: Batch, records: Sequence[Any], buckets: int
) -> tuple[dict[int, list[Arrived]], Refused]:
    groups: dict[int, list[Arrived]] = defaultdict(list)
    refused = Refused(batch.part, [], Ends(), batch.number)
    for record in records:
        result = (
            clean(record.value, record.received, record.origin, record.seq)
            if record.fault is None
            else _unread(record)
        )
        if isinstance(result, Arrived):
            result.part = batch.number
            groups[device_bucket(result.event, buckets)].append(result)
        else:
            refused.records.append(result)
            counts = refused.ends.rejected
            counts[result.reason] = counts.get(result.reason, 0) + 1
    return groups, refused


def _unread(record: Any) -> Rejected:
    reason, detail = record.fault
    return rejected(reason, detail, record.origin, record.value, record.received)
