"""One audit: a cut of the dataflow, the log up to it, the refused records, the views, compared."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.codec import DecodeError, decode_json
from contracts.keys import EVENT_TOPICS, LIVE, REJECTED_TOPIC
from contracts.rejects import Rejected
from contracts.settings import Settings, kafka_config
from flows.auditing.account import ENDS, SHOWN, Account, Claims, claims_of, compare
from flows.auditing.cut import Cut, read_cut
from flows.auditing.log_side import LogSide, PartLog, rejected_origins
from flows.auditing.views_side import ViewsSide
from flows.drain import Drain
from flows.handover import start_offsets
from flows.kafka_client import LogMismatch, servers
from flows.kafka_log import Log, LogWatch
from flows.replaying.topic_range import end_offsets
from operators.ledger import Tally

FILE: Final = "audit.json"
HOUR_MS: Final = 3_600_000

GetMany = Callable[[Sequence[str]], Sequence[bytes | None]]


@dataclass(frozen=True)
class Base:
    """Where an audit begins: the end of the one before, by partition."""

    logs: dict[str, str]
    offsets: dict[str, int]
    claims: dict[str, dict[str, Tally]]

    @classmethod
    def load(cls, flow_dir: Path) -> "Base | None":
        """Return what the last audit left, or None."""
        try:
            parts = json.loads((flow_dir / FILE).read_text())
        except FileNotFoundError:
            return None
        return cls(
            {name: part["log"] for name, part in parts.items()},
            {name: part["offset"] for name, part in parts.items()},
            {
                name: {end: Tally(*tally) for end, tally in part["ends"].items()}
                for name, part in parts.items()
            },
        )

    def save(self, flow_dir: Path) -> None:
        """Leave it for the next audit."""
        parts = {
            name: {
                "log": log,
                "offset": self.offsets[name],
                "ends": {
                    end: [tally.count, tally.digest] for end, tally in self.claims[name].items()
                },
            }
            for name, log in self.logs.items()
        }
        made = flow_dir / f"{FILE}.new"
        made.write_text(json.dumps(parts, indent=1))
        made.replace(flow_dir / FILE)


@dataclass(frozen=True)
class Audit:
    """What is audited. `flow_dir` is the folder of the namespace's recovery and state."""

    settings: Settings
    flow_dir: Path
    get_many: GetMany
    sample: int = 0
    seed: int = 0
    since_last: bool = False

    def run(self, acknowledged: Iterable[int] = ()) -> Account:
        """Compare; `acknowledged` are identities that a client was told are taken.

        Raises `RecoveryError`, `LogMismatch`, `LogTruncated`, `KafkaAway`, `StoreError`.
        """
        config = kafka_config(self.settings)
        cut = read_cut(self.flow_dir, self.settings.flow)
        log = LogWatch(config, EVENT_TOPICS).wait(Drain())
        ends = end_offsets(config, EVENT_TOPICS)
        _check_log(cut, log, servers(config))
        logs = {name: log.name_of(name.rpartition("/")[0]) for name in ends}
        claims = claims_of(cut.owners, logs)
        base = Base.load(self.flow_dir) if self.since_last else None
        if self.since_last and base is None:
            _now(cut, logs, claims).save(self.flow_dir)
            return Account(notes=["this is the first one: the next begins here"])
        parts = self._parts(cut, logs, ends, base)
        told, whole = self._told(config)
        LogSide(config, self.settings.flow, told).read(parts)
        then = _still(base, logs)
        account = compare(parts.values(), claims, then, self.settings.flow.dedupe_hours * HOUR_MS)
        if whole and self.settings.namespace == LIVE:
            account.differences += _untold(parts.values())
        self._look_further(cut, parts, account, set(acknowledged))
        if self.since_last and not account.differences:
            _now(cut, logs, claims).save(self.flow_dir)
        return account

    def _parts(
        self, cut: Cut, logs: Mapping[str, str], ends: Mapping[str, int], base: Base | None
    ) -> dict[str, PartLog]:
        starts = start_offsets(self.flow_dir)
        if base is not None:
            starts = {name: base.offsets[name] for name in _still(base, logs)}
        numbers = sorted({int(name.rpartition("/")[2]) for name in ends})
        if self.sample:
            # Both topics of a number: whoever writes to the one writes to the other.
            numbers = random.Random(self.seed).sample(numbers, min(self.sample, len(numbers)))
        parts = {}
        for name, end in sorted(ends.items()):
            if int(name.rpartition("/")[2]) in numbers:
                position = cut.positions.get(name)
                start = starts.get(name, 0)
                read = start if position is None else max(start, position.offset)
                parts[name] = PartLog(name, start, read, max(end, read))
        return parts

    def _told(self, config: Mapping[str, Any]) -> tuple[set[str], bool]:
        """Return where the records lay that `events.rejected` holds, and whether it holds all."""
        origins: set[str] = set()
        firsts: dict[int, int] = {}

        def note(message: Any) -> None:
            firsts.setdefault(message.partition(), message.offset())
            with suppress(DecodeError):
                origins.add(decode_json(message.value() or b"", Rejected).origin)

        rejected_origins(config, note)
        return origins, not any(firsts.values())

    def _look_further(
        self, cut: Cut, parts: Mapping[str, PartLog], account: Account, acknowledged: set[int]
    ) -> None:
        views = ViewsSide(self.get_many, self.settings.namespace)
        account.differences += views.behind(cut)
        account.notes.append(
            f"views: {len(cut.owners):,} counts of ends and {views.people:,} profiles compared"
        )
        if cut.forgotten:
            account.notes.append(
                f"{cut.forgotten:,} ids were forgotten early (flow.dedupe_max_ids): repeats of "
                "them have effects of their own"
            )
        if acknowledged and not self.sample:
            held = {number for part in parts.values() for number in (*part.numbers, *part.ahead)}
            if lost := len(acknowledged - held):
                account.differences.append(
                    f"{lost:,} of {len(acknowledged):,} acknowledged events are not in the log"
                )


def _now(cut: Cut, logs: Mapping[str, str], claims: Claims) -> Base:
    offsets = {
        name: max(0, cut.positions[name].offset) if name in cut.positions else 0 for name in logs
    }
    return Base(dict(logs), offsets, {name: dict(claims[name]) for name in logs})


def _still(base: Base | None, logs: Mapping[str, str]) -> dict[str, dict[str, Tally]]:
    """Return what was claimed at the base, of the partitions whose log is still that one."""
    if base is None:
        return {}
    return {
        name: base.claims[name] if base.logs.get(name) == log else {end: Tally() for end in ENDS}
        for name, log in logs.items()
        if name in base.logs
    }


def _untold(parts: Iterable[PartLog]) -> Iterator[str]:
    for part in parts:
        if part.untold:
            some = ", ".join(sorted(part.untold)[:SHOWN])
            yield (
                f"{part.name}: {len(part.untold):,} records that were rejected are not in "
                f"{REJECTED_TOPIC}: {some}"
            )


def _check_log(cut: Cut, log: Log, where: str) -> None:
    for name, position in cut.positions.items():
        topic = name.rpartition("/")[0]
        if topic in log.topics and position.log != log.name_of(topic):
            raise LogMismatch(
                f"Kafka at {where} serves another log of {topic} than the flow has read: it was "
                "lost, or this is another broker. What was in the old one cannot be compared"
            )
