"""How well does the recommender guess the next item? Prequential: guess, then learn, in one pass.

    python -m benchmarks.recommender movietweetings ../data/movietweetings-100k
    python -m benchmarks.recommender taobao ../data/taobao-userbehavior-multiday --by category

All items are ranked, none sampled. By default items that the person has touched are not guessed,
and not asked for; with `--repeats` they are. `--from 0.3` counts only what comes after the first
30 % of the stream, on which the default settings were chosen; learning goes on through it.

Beside the recommender: `popular` counts all touches, `transition` those that came right after the
person's last item, `repeat` guesses the last items again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from contracts.events import Event
from flows.importers import read
from online_models.recommender import ItemRecommender, number_of
from online_models.slate import Slate
from online_models.touches import WEIGHTS

TOP = 10
STALE = 100


class Guesser(Protocol):
    def guess(self, user: str, seen: set[int], now: int) -> list[int]: ...
    def learn(self, user: str, item: int, event: Event) -> None: ...


class Blend:
    """The recommender."""

    def __init__(self, **settings: Any) -> None:
        self.model = ItemRecommender(**settings)
        self._slate: Slate | None = None

    def guess(self, user: str, seen: set[int], now: int) -> list[int]:
        self._slate = self.model.slate(user, seen, now)
        return [each.item for each in self.model.best(self._slate, TOP)]

    def learn(self, user: str, item: int, event: Event) -> None:
        if self._slate is not None:
            self.model.learn_from_choice(self._slate, item)
            self._slate = None
        self.model.learn_one(user, item, True, {"type": event.type, "time": event.time})


class Popular:
    """Items by how often they were touched."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._top: list[int] = []
        self._learned = 0

    def guess(self, user: str, seen: set[int], now: int) -> list[int]:
        return _unseen(self._top, seen)

    def learn(self, user: str, item: int, event: Event) -> None:
        self._counts[item] += 1
        if self._learned % STALE == 0:
            self._top = [each for each, _ in self._counts.most_common(1_000)]
        self._learned += 1


class Transition:
    """Items by how often they came right after the person's last one."""

    def __init__(self) -> None:
        self._after: dict[int, Counter[int]] = defaultdict(Counter)
        self._last: dict[str, int] = {}

    def guess(self, user: str, seen: set[int], now: int) -> list[int]:
        after = self._after.get(self._last.get(user, -1))
        return _unseen([each for each, _ in after.most_common()], seen) if after else []

    def learn(self, user: str, item: int, event: Event) -> None:
        if user in self._last:
            self._after[self._last[user]][item] += 1
        self._last[user] = item


class Repeat:
    """The person's own last items."""

    def __init__(self) -> None:
        self._recents: dict[str, list[int]] = {}

    def guess(self, user: str, seen: set[int], now: int) -> list[int]:
        return _unseen(self._recents.get(user, []), seen)

    def learn(self, user: str, item: int, event: Event) -> None:
        recents = self._recents.setdefault(user, [])
        if item in recents:
            recents.remove(item)
        recents.insert(0, item)
        del recents[TOP:]


def _unseen(items: list[int], seen: set[int]) -> list[int]:
    found: list[int] = []
    for item in items:
        if item not in seen:
            found.append(item)
            if len(found) == TOP:
                break
    return found


@dataclass
class Tally:
    asked: int = 0
    hits: int = 0
    reciprocal: float = 0.0
    guess_seconds: list[float] = field(default_factory=list)
    learn_seconds: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float]:
        def median_us(seconds: list[float]) -> float:
            return round(1e6 * sorted(seconds)[len(seconds) // 2], 1) if seconds else 0.0

        asked = max(self.asked, 1)
        return {
            f"hr@{TOP}": round(self.hits / asked, 4),
            f"mrr@{TOP}": round(self.reciprocal / asked, 4),
            "score_us": median_us(self.guess_seconds),
            "learn_us": median_us(self.learn_seconds),
        }


def play(
    events: list[tuple[str, int, Event]], model: Guesser, begin: int, *, repeats: bool
) -> Tally:
    """Let a model guess each event before it learns from it; count those from `begin` on."""
    tally = Tally()
    seen: dict[str, set[int]] = defaultdict(set)
    for at, (user, item, event) in enumerate(events):
        own = seen[user]
        barred: set[int] = set() if repeats else own
        asked = item not in barred
        started = time.perf_counter()
        guesses = model.guess(user, barred, event.time) if asked else []
        guessed = time.perf_counter()
        model.learn(user, item, event)
        learned = time.perf_counter()
        own.add(item)
        if asked and at >= begin:
            tally.asked += 1
            tally.guess_seconds.append(guessed - started)
            tally.learn_seconds.append(learned - guessed)
            if item in guesses:
                tally.hits += 1
                tally.reciprocal += 1 / (1 + guesses.index(item))
    return tally


def load(format_: str, path: Path, by: str) -> Iterator[tuple[str, int, Event]]:
    """Yield person, item and event of all touches, in time order."""
    for event in read(format_, path):
        name = event.item if by == "item" else event.props.get(by)
        if name is not None and event.type in WEIGHTS:
            yield event.user or f"device:{event.device}", number_of(str(name)), event


MODELS: dict[str, Callable[..., Guesser]] = {
    "popular": lambda **_: Popular(),
    "transition": lambda **_: Transition(),
    "repeat": lambda **_: Repeat(),
    "blend": Blend,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Raw)
    parser.add_argument("format", help="a format of `headrace import`")
    parser.add_argument("path", type=Path)
    parser.add_argument("--by", default="item", help="what is guessed: item, or a property")
    parser.add_argument("--repeats", action="store_true", help="guess what was touched before too")
    parser.add_argument("--from", dest="begin", type=float, default=0.0, metavar="FRACTION")
    parser.add_argument("--until", type=float, default=1.0, metavar="FRACTION")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    events = list(load(args.format, args.path, args.by))
    begin = int(len(events) * args.begin)
    events = events[: int(len(events) * args.until)]
    table = {}
    for name in args.models.split(","):
        model = MODELS[name](slots=args.slots, repeats=args.repeats)
        table[name] = play(events, model, begin, repeats=args.repeats).row()
        if not args.json:
            print(f"{name:12}", *(f"{key} {value:<8}" for key, value in table[name].items()))
    if args.json:
        print(json.dumps({"events": len(events), "from": begin, "models": table}))


_Raw = argparse.RawDescriptionHelpFormatter

if __name__ == "__main__":
    main()
