"""How many events a second does one process take, what does the engine cost, and where it goes.

    python -m benchmarks.throughput
    python -m benchmarks.throughput --events 100000 --repeats 1 --set flow.buckets=256

Events as JSON go through the whole graph (decode, profile, features, segment, intent,
co-visitation, facts) to views in an embedded store, with recovery on; `--families all` adds the
other models. In each repeat, in turn:

* `bare`     one process, batches from memory, the same operators called in a plain Python loop,
             the same views written; no engine and no recovery
* `engine`   the same batches from memory through the dataflow
* `kafka-1`  the workers of `headrace up`: one process that reads the embedded broker
* `kafka-2`  two processes as one cluster

All are timed from the first tenth of the events on, which leaves out the start. Figures are
medians; ratios are those of CPU, since other programs share the machine. How much they slow it, CPU
time included, the yardstick shows: what `json.loads` of an event takes meanwhile.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import redis

from benchmarks._flow import Cost, fill, run_child, settings_for, workers
from benchmarks._traffic import Sent, Shoppers, mix_words
from cli.embedded.stack import EmbeddedStack
from contracts.settings import FlowSettings, Settings

RATE_TARGET = 15_000
BARE_TARGET = 0.6
CLUSTER_TARGET = 1.3
VARIANTS = ("bare", "engine", "kafka-1", "kafka-2")


class Bench:
    """The servers and the input of all runs."""

    def __init__(self, stack: EmbeddedStack, root: Path, events: list[Sent], flow: FlowSettings):
        self._stack = stack
        self._root = root
        self._flow = flow
        self._client = redis.Redis.from_url(stack.redis_url)
        self._file = root / "events"
        self._file.write_bytes(b"".join(b"%d\t%b\n" % (e.time, e.raw) for e in events))
        self._total = fill(stack, events)
        self._runs = 0
        self._samples = [event.raw for event in events if event.raw.endswith(b"}")][:2_000]
        self.yardstick: list[float] = []
        self.stages: list[dict[str, float]] = []

    def calibrate(self) -> None:
        """Note what `json.loads` of an event takes now: others on the machine slow that too."""
        began = time.process_time()
        for _ in range(20):
            for raw in self._samples:
                json.loads(raw)
        self.yardstick.append((time.process_time() - began) / 20 / len(self._samples) * 1e6)

    def run(self, variant: str) -> Cost:
        self._client.flushall()
        self._runs += 1
        folder = self._root / f"run-{self._runs}"
        if variant.startswith("kafka"):
            flow = self._flow.model_copy(update={"workers": int(variant[-1])})
            with workers(settings_for(self._stack, folder, flow), self._client) as running:
                return running.measure(self._total)
        return self._child(variant, settings_for(self._stack, folder, self._flow))

    def _child(self, variant: str, settings: Settings) -> Cost:
        settings.data_dir.mkdir()
        file = settings.data_dir / "settings.json"
        settings.save(file)
        printed = run_child("benchmarks._loop", variant, str(file), str(self._file))
        found: dict[str, Any] = json.loads(printed.splitlines()[-1])
        if "stages" in found:
            self.stages.append({k: v / found["events"] * 1e6 for k, v in found["stages"].items()})
        return Cost(found["events"], found["seconds"], found["cpu"])


def measure(args: argparse.Namespace, flow: FlowSettings) -> dict[str, Any]:
    shoppers = Shoppers(args.users, args.items, args.rate, args.seed)
    costs: dict[str, list[Cost]] = {name: [] for name in args.variants}
    with (
        tempfile.TemporaryDirectory(prefix="throughput-") as folder,
        EmbeddedStack(Path(folder)) as stack,
    ):
        bench = Bench(stack, Path(folder), list(islice(shoppers, args.events)), flow)
        for _ in range(args.repeats):
            for name in args.variants:
                bench.calibrate()
                costs[name].append(bench.run(name))
        result = summary(costs, bench.stages)
        return result | {"json_loads_us": median(bench.yardstick)}


def summary(costs: dict[str, list[Cost]], stages: list[dict[str, float]]) -> dict[str, Any]:
    runs = {
        name: {
            "events_per_second": median(cost.per_second for cost in found),
            "cpu_us_per_event": median(cost.cpu_us for cost in found),
        }
        for name, found in costs.items()
    }
    result: dict[str, Any] = {"runs": runs, "ratios": ratios(costs)}
    if stages:
        result["stages"] = {name: median(s[name] for s in stages) for name in stages[0]}
    return result


def ratios(costs: dict[str, list[Cost]]) -> dict[str, float]:
    """Return the medians, over the repeats, of what one variant costs against another."""

    def of(above: str, below: str) -> float:
        pairs = zip(costs.get(above, ()), costs.get(below, ()), strict=False)
        found = [a.cpu_us / b.cpu_us for a, b in pairs]
        return median(found) if found else float("nan")

    return {
        "bare/engine": of("bare", "engine"),
        "bare/kafka-1": of("bare", "kafka-1"),
        "kafka-2/kafka-1": of("kafka-2", "kafka-1"),
    }


def report(result: dict[str, Any], flow: FlowSettings) -> None:
    print(f"{'variant':<10}{'events/s':>10}{'CPU us/event':>14}")
    for name, run in result["runs"].items():
        print(f"{name:<10}{run['events_per_second']:>10,.0f}{run['cpu_us_per_event']:>14.1f}")
    print("\nwhere the time goes, CPU us an event:")
    runs, stages = result["runs"], dict(result.get("stages", {}))
    if {"bare", "engine"} <= runs.keys():
        stages["loop"] = runs["bare"]["cpu_us_per_event"] - sum(stages.values())
        stages["engine, recovery"] = (
            runs["engine"]["cpu_us_per_event"] - runs["bare"]["cpu_us_per_event"]
        )
    if {"engine", "kafka-1"} <= runs.keys():
        stages["Kafka: events in, facts out"] = (
            runs["kafka-1"]["cpu_us_per_event"] - runs["engine"]["cpu_us_per_event"]
        )
    total = sum(stages.values())
    for name, spent in stages.items():
        print(f"  {name:<30}{spent:>7.1f}{spent / total:>7.0%}")
    print(
        f"\ncadence: intent is scored at a session's first step and each {flow.intent_every}rd "
        f"after, and learns from at most 2 of these at the session's end; segments each "
        f"{flow.segment_every} events and at purchases; co-visitation, popularity: each event, "
        f"in batches; item rows are published each {flow.publish_ms} ms, models each second"
    )
    print(
        f"yardstick: json.loads of an event took {result['json_loads_us']:.1f} us of CPU meanwhile"
    )
    found = result["ratios"]
    rate = result["runs"].get("kafka-1", {}).get("events_per_second", float("nan"))
    print()
    verdict("one process, events/s", rate, RATE_TARGET, ",.0f", rate >= RATE_TARGET)
    for name in ("bare/engine", "bare/kafka-1"):
        what = f"of the bare loop's speed ({name})"
        verdict(what, found[name], BARE_TARGET, ".2f", found[name] >= BARE_TARGET)
    ratio = found["kafka-2/kafka-1"]
    verdict("CPU of two processes to one", ratio, CLUSTER_TARGET, ".2f", ratio <= CLUSTER_TARGET)


def verdict(what: str, value: float, target: float, form: str, good: bool) -> None:
    word = "reached" if good else "MISSED" if value == value else "not measured"
    print(f"{what:<45}{value:>10{form}}   target {target:>8{form}}   {word}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--rate", type=float, default=500.0, help="events/s of event time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", type=lambda s: s.split(","), default=list(VARIANTS))
    parser.add_argument(
        "--families",
        default="intent,segments",
        help="models that run: names with commas between, or all; the target is for the default",
    )
    parser.add_argument("--set", action="append", default=[], help="a setting: flow.buckets=256")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    flow = Settings.load(overrides=dict(text.split("=", 1) for text in args.set)).flow
    families = [] if args.families == "all" else args.families.split(",")
    flow = FlowSettings.model_validate(flow.model_dump() | {"families": families})
    if not args.json:
        print(
            f"{args.events:,} events of {args.users:,} visitors and {args.items:,} items: "
            f"{mix_words()}; {flow.buckets} buckets, {flow.shards} shards, epochs of "
            f"{flow.epoch_seconds:g} s; models: {args.families}\n"
        )
    result = measure(args, flow)
    print(json.dumps(result, indent=1)) if args.json else report(result, flow)


if __name__ == "__main__":
    main()
