"""How good are the answers that are really given? The figures of the evaluation, on live traffic.

For a sample of people, chosen by their id, the last answer is kept. When such a person asks again,
their profile says what they touched meanwhile: the first touch is what had come next, and its place
in the answer is its rank. Answers without a touch within half an hour count for nothing, and so do
touches of the item that the answer was asked beside. A person whose questions go to several
processes is judged by those that see two of them in a row.
"""

from collections import OrderedDict
from collections.abc import Sequence
from math import log2
from typing import Any, Final, NamedTuple
from zlib import crc32

from prometheus_client import CollectorRegistry, Counter

from online_models.touches import WEIGHTS, Touch

WITHIN_MS: Final = 30 * 60 * 1000
MAX_PEOPLE: Final = 10_000
LENGTHS: Final = (10, 20)
KEPT: Final = max(LENGTHS)


class Pending(NamedTuple):
    """An answer that waits for what came next: item numbers, best first.

    `since` is the newest touch that it knew of, `beside` the item it was asked beside; `asked` is
    when. Times are epoch milliseconds.
    """

    items: tuple[int, ...]
    since: int
    beside: int | None
    asked: int


class LiveScore:
    """Counts hits and ranks of answers by site. Bounded: `MAX_PEOPLE` answers wait, 3 MB.

    Cost: 0.4 us an answer, 4 for a person of the sample.

    >>> live = LiveScore(1.0, CollectorRegistry())
    >>> live.answered("shop", "ada", [7, 9], (), None, now=1_000)
    >>> live.answered("shop", "ada", [7, 9], [Touch(9, "view", 2_000)], None, now=3_000)
    >>> figures = live.figures()["shop"]
    >>> figures["predictions"], figures["hr@10"], figures["mrr@10"]
    (1, 1.0, 0.5)
    """

    def __init__(self, share: float, registry: CollectorRegistry) -> None:
        self._limit = share * 2.0**32
        self._pending: OrderedDict[tuple[str, str], Pending] = OrderedDict()
        self._sums: dict[str, dict[str, float]] = {}
        self._predictions = Counter(
            "headrace_live_predictions",
            "Answers of the sample of people after which an item was touched",
            ["site"],
            registry=registry,
        )
        self._figures = Counter(
            "headrace_live_score",
            "Sums of hr@n, mrr@n and ndcg@10 of these; divide by the predictions",
            ["site", "figure"],
            registry=registry,
        )

    def __len__(self) -> int:
        return len(self._pending)

    def answered(
        self,
        site: str,
        user: str,
        items: Sequence[int],
        touches: Sequence[Touch],
        beside: int | None,
        now: int,
    ) -> None:
        """Take in an answer, by item numbers, and judge the one before it by the new `touches`.

        `touches` are the person's last ones, oldest first; `beside` and `now` as in `Pending`.
        """
        if not user or not self.samples(site, user):
            return
        before = self._pending.pop((site, user), None)
        if before is not None and (came := _next(before, touches)) is not None:
            self._count(site, before.items.index(came) + 1 if came in before.items else 0)
        since = max((touch.time for touch in touches), default=0)
        self._pending[site, user] = Pending(tuple(items[:KEPT]), since, beside, now)
        if len(self._pending) > MAX_PEOPLE:
            self._pending.popitem(last=False)

    def samples(self, site: str, user: str) -> bool:
        """Whether a person is in the sample: always the same, in every process."""
        return crc32(f"{site}/{user}".encode("utf-8", "surrogatepass")) < self._limit

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return this process's figures by site."""
        return {
            site: {
                "predictions": int(sums["predictions"]),
                **{
                    name: round(value / sums["predictions"], 4)
                    for name, value in sums.items()
                    if name != "predictions"
                },
            }
            for site, sums in self._sums.items()
        }

    def _count(self, site: str, rank: int) -> None:
        sums = self._sums.setdefault(site, {"predictions": 0.0})
        sums["predictions"] += 1.0
        self._predictions.labels(site).inc()
        for name, gain in _gains(rank).items():
            sums[name] = sums.get(name, 0.0) + gain
            self._figures.labels(site, name).inc(gain)


def _next(before: Pending, touches: Sequence[Touch]) -> int | None:
    """Return what was touched first after an answer; nothing if that was none or too late."""
    for touch in touches:
        new = touch.time > before.since and touch.item != before.beside
        if new and WEIGHTS.get(touch.type, 0.0) > 0.0:
            return touch.item if touch.time <= before.asked + WITHIN_MS else None
    return None


def _gains(rank: int) -> dict[str, float]:
    """Return what a rank, from 1, counts in each figure; all 0 for rank 0, a miss."""
    found = {n: float(0 < rank <= n) for n in LENGTHS}
    return {
        **{f"hr@{n}": hit for n, hit in found.items()},
        **{f"mrr@{n}": hit / max(rank, 1) for n, hit in found.items()},
        "ndcg@10": found[10] / log2(1 + max(rank, 1)),
    }
