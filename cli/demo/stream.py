"""What flows in a demo, settled before anything is started: simulated shoppers, or a recording."""

import sys
from dataclasses import dataclass
from pathlib import Path

from cli.demo.command import SESSION_GAP_SECONDS, Options
from cli.demo.recording import Recording, prepare, session_gap
from cli.demo.reports import Plan
from cli.demo.simulator import DAY_SECONDS
from cli.import_progress import progress_on
from contracts.settings import Settings
from contracts.wording import counted


@dataclass(frozen=True, slots=True)
class Stream:
    """`people` says whose events they are; `gap_seconds` of quiet end a session."""

    people: str
    gap_seconds: int
    rate: float
    seed: int
    recording: Recording | None = None
    speed: float = 1.0

    def plan(self, settings: Settings, url: str, descriptor: int) -> Plan:
        """Return what the shoppers' process has to do."""
        plan = Plan(
            url=url,
            reports=descriptor,
            bootstrap_servers=settings.kafka.bootstrap_servers,
            rate=self.rate,
            seed=self.seed,
        )
        if self.recording is not None:
            plan.recording = str(self.recording.events)
            plan.catalog = str(self.recording.catalog)
            plan.origin, plan.speed = self.recording.origin, self.speed
            # Not so short that it would join two visits.
            plan.longest_silence = 1.0 + self.gap_seconds
        return plan


def prepare_stream(options: Options, format_: str | None, data_dir: Path) -> Stream:
    """Return the stream that was asked for; raise `CommandError` for a recording that is none."""
    if options.data is None or format_ is None:
        people = (
            f"THE SHOPPERS ARE SIMULATED by a program (seed {options.seed}): nobody here is real.\n"
            f"  Their day lasts {DAY_SECONDS / 60:.0f} minutes, so {SESSION_GAP_SECONDS} s of quiet"
            " end a visit. Events carry\n"
            "  the source `demo` and `simulated` among their props."
        )
        return Stream(people, SESSION_GAP_SECONDS, options.rate, options.seed)
    with progress_on(sys.stderr) as progress:
        recording = prepare(options.data, format_, data_dir / "recording", progress)
    speed = options.speed or recording.speed_for(options.rate)
    gap = session_gap(speed)
    people = _told(recording, options.data, speed, gap)
    return Stream(people, gap, options.rate, options.seed, recording, speed)


def _factor(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"


def _told(recording: Recording, path: Path, speed: float, gap: int) -> str:
    minutes = recording.seconds / speed / 60
    skipped = f" ({counted(recording.skipped, 'bad line')} left out)" if recording.skipped else ""
    events = counted(recording.count, "event")
    return (
        f"A RECORDING IS PLAYED: {path} ({recording.format}), {events}{skipped}\n"
        f"  and {counted(recording.items, 'item')}, {_factor(speed)} times as fast as it happened: "
        f"about {minutes:,.1f} minutes. Its times are moved\n"
        f"  to now, and {gap} s of quiet end a visit."
    )
