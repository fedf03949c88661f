"""The comparison: what the log holds against what the dataflow says it did with it. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from flows.auditing.cut import Owner
from flows.auditing.log_side import PartLog, tally_of
from operators.ledger import MASK, Tally, part_number

ENDS: Final = ("applied", "duplicate", "rejected", "withheld")
EDGE_MS: Final = 3_600_000
"""How much sooner than it is promised to an id may be forgotten: partitions are not read evenly."""
SHOWN: Final = 5

Claims = Mapping[str, Mapping[str, Tally]]
"""By `TOPIC/PARTITION` and end: what the dataflow says it did."""


@dataclass
class PartAccount:
    """One partition: `accepted` records since `start`, and what became of them."""

    part: str
    start: int
    accepted: int
    applied: int
    duplicate: int
    rejected: int
    withheld: int
    in_flight: int

    @property
    def difference(self) -> int:
        """Events without an end; negative: more ends than events."""
        ended = self.applied + self.duplicate + self.rejected + self.withheld
        return self.accepted - ended - self.in_flight


@dataclass
class Account:
    """The whole comparison; `differences` is empty exactly if every event has its one end."""

    parts: list[PartAccount] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def claims_of(owners: Iterable[Owner], logs: Mapping[str, str]) -> dict[str, dict[str, Tally]]:
    """Return what the owners say of the partitions; `logs` names the log of each."""
    numbers = {name: part_number(log, name) for name, log in logs.items()}
    claims = {name: {end: Tally() for end in ENDS} for name in logs}
    for owner in owners:
        for name, number in numbers.items():
            for end in ENDS:
                claims[name][end].add(owner.ledger.tally(end, number))
    return claims


def compare(parts: Iterable[PartLog], claims: Claims, base: Claims, memory_ms: int) -> Account:
    """Return the account of some partitions.

    `base` is what was claimed at their starts, nothing where they start with the log. `memory_ms`
    is how long an id is remembered.
    """
    account = Account()
    logs = list(parts)
    claimed = {log.name: _since(claims[log.name], base.get(log.name, {})) for log in logs}
    for log in logs:
        ends = claimed[log.name]
        counts = {end: ends[end].count for end in ENDS}
        total = log.records + log.in_flight
        one = PartAccount(log.name, log.start, total, **counts, in_flight=log.in_flight)
        account.parts.append(one)
        account.differences += _one_end(log, ends, one)
        account.differences += _refusals(log, ends["rejected"])
    if not base:
        _once(logs, claimed, memory_ms, account)
    return account


def _since(now: Mapping[str, Tally], then: Mapping[str, Tally]) -> dict[str, Tally]:
    return {end: _minus(tally, then.get(end, Tally())) for end, tally in now.items()}


def _minus(a: Tally, b: Tally) -> Tally:
    return Tally(a.count - b.count, (a.digest - b.digest) & MASK)


def _plus(*tallies: Tally) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _one_end(log: PartLog, ends: Mapping[str, Tally], account: PartAccount) -> Iterator[str]:
    ended = _plus(ends["applied"], ends["duplicate"], ends["withheld"])
    missing = _minus(log.good, ended)
    if missing != Tally():
        words = _named(log, missing.digest) or "which ones cannot be told from the sums"
        what = "events came to no end" if missing.count > 0 else "ends have no event"
        if missing.count == 0:
            yield f"{log.name}: the ends are not those of its events: {words}"
        else:
            yield f"{log.name}: {abs(missing.count):,} {what}: {words}"


def _refusals(log: PartLog, claimed: Tally) -> Iterator[str]:
    if claimed != log.refusals:
        some = ", ".join(sorted(log.refused)[:SHOWN]) or "none"
        yield (
            f"{log.name}: the flow says that it rejected {claimed.count:,} records; the log and "
            f"events.rejected say {log.refusals.count:,}: {some}"
        )


def _named(log: PartLog, digest: int) -> str:
    """Return which one or two events explain a difference of sums; nothing if none do."""
    numbers = np.frombuffer(log.numbers, np.uint64)
    if not len(numbers):
        return ""
    lost = np.uint64(digest)
    twice = np.uint64(-digest & MASK)
    for words, target in (("lost {}", lost), ("twice {}", twice)):
        if len(found := np.nonzero(numbers == target)[0]):
            return words.format(_place(log, found[0]))
    order = np.argsort(numbers, kind="stable")
    for words, wanted in (
        ("lost {} and {}", lost - numbers),
        ("lost {}, twice {}", numbers - lost),
        ("twice {} and {}", twice - numbers),
    ):
        spots = np.searchsorted(numbers, wanted, sorter=order) % len(numbers)
        if len(found := np.nonzero(numbers[order[spots]] == wanted)[0]):
            return words.format(_place(log, found[0]), _place(log, order[spots[found[0]]]))
    return ""


def _place(log: PartLog, at: Any) -> str:
    return f"{log.name}/{log.offsets[int(at)]}"


def _once(
    logs: list[PartLog],
    claimed: Mapping[str, Mapping[str, Tally]],
    memory_ms: int,
    account: Account,
) -> None:
    """Compare the effects with the set of all identities: each has exactly one.

    Over all partitions: which of two partitions an id came through first, nobody can say later.
    """
    if not any(log.records for log in logs):
        return
    keys = np.concatenate([np.frombuffer(log.keys, np.uint64) for log in logs])
    numbers = np.concatenate([np.frombuffer(log.numbers, np.uint64) for log in logs])
    received = np.concatenate([np.frombuffer(log.received, np.int64) for log in logs])
    order = np.lexsort((received, keys))
    keys, numbers, received = keys[order], numbers[order], received[order]
    first = np.append(True, keys[1:] != keys[:-1])
    effects = _plus(*(_plus(c["applied"], c["withheld"]) for c in claimed.values()))
    begun = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
    # A repeat that comes so late may be an event of its own; which it was, no one can say later.
    late = int((received - received[begun] > memory_ms - EDGE_MS).sum())
    ids = int(first.sum())
    words = f"{ids:,} different events have {effects.count:,} effects"
    if late:
        account.notes.append(
            f"{late:,} repeats came so late that their ids may have been forgotten: single "
            f"effects are compared by their number only ({words})"
        )
        if not ids <= effects.count <= ids + late:
            account.differences.append(words)
        return
    missing = _minus(tally_of(numbers[first]), effects)
    if missing != Tally():
        found = next(filter(None, (_named(log, missing.digest) for log in logs)), "")
        account.differences.append(f"{words}: {found}" if found else words)
