"""How often the intervals of off-policy estimates hold, and how wide they are.

    python -m benchmarks.ope_coverage [--runs 400] [--json FILE]

Logs are simulated with a known truth: a policy that always takes one action, against a log by
chance, of `rows` decisions among `actions` with the reward rate `rate`. Columns: the share of runs
in which the interval holds (it promises 0.95), and its width as a multiple of the truth; for the
usual interval (1.96 deviations) and the one that `headrace ope` shows.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from evaluation.betting import Interval
from evaluation.ope import Weighed, doubly_robust, ips, normal_interval, snips

CASES = ((7_000, 80, 0.004), (7_000, 10, 0.02), (2_000, 4, 0.1), (10_000, 2, 0.3))
"""Rows, actions, rate; the first is as Open Bandit."""


def simulate(rng: np.random.Generator, rows: int, actions: int, rate: float) -> Weighed:
    taken = rng.integers(0, actions, rows)
    rewards = (rng.random(rows) < rate).astype(float)
    weights = (taken == 0) * float(actions)
    guess = np.full(rows, rate)
    return Weighed(weights, np.full(rows, float(actions)), rewards, guess, guess, guess)


def intervals(policy: Weighed) -> dict[str, Interval]:
    terms = policy.values + policy.weights * (policy.rewards - policy.guesses)
    return {
        "ips, usual": normal_interval(policy.weights * policy.rewards),
        "ips": ips(policy)[1],
        "snips": snips(policy)[1],
        "dr, usual": normal_interval(terms),
        "dr": doubly_robust(policy)[1],
    }


def measure(rows: int, actions: int, rate: float, runs: int) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng(1)
    held: dict[str, list[tuple[bool, float]]] = {}
    for _ in range(runs):
        for name, found in intervals(simulate(rng, rows, actions, rate)).items():
            width = (found.high - found.low) / rate
            held.setdefault(name, []).append((found.holds(rate), width))
    return {
        name: (sum(h for h, _ in runs_) / runs, float(np.median([w for _, w in runs_])))
        for name, runs_ in held.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = {}
    for rows, actions, rate in CASES:
        case = f"{rows:,} rows, {actions} actions, rate {rate}"
        found[case] = measure(rows, actions, rate, arguments.runs)
        print(case)
        for name, (share, width) in found[case].items():
            print(f"  {name:12} holds {share:.3f}   width {width:.2f} x truth")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
