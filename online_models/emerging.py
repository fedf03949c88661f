"""Which topic is suddenly much spoken of? Each one's count in a window, against its own past.

The past of a topic says at which rate it comes, and how surely: with a gamma prior, the count of
the next window is negative binomial (Gelman et al., Bayesian Data Analysis, section 2.6). A topic
emerges when as many as came, or more, had a chance below `alpha`, shared by the topics there is
room for; it goes on until what comes is ordinary again.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from math import exp, lgamma, log, log1p
from typing import Any, Final

import msgspec
from river import base

HOUR_MS: Final = 3_600_000
LEAST: Final = 5
"""Texts in the window, below which nothing emerges."""

SETTLED: Final = 3.0
"""Windows of past before which nothing is said: everything is new then."""

PRIOR: Final = 0.5
ORDINARY: Final = 0.05
PAST: Final = 50.0
"""Windows after which what was counted counts half."""

AT_ONCE: Final = 1_024
"""Texts of a topic that a window holds; more count as so many."""


class _Topic(msgspec.Struct, array_like=True):
    now: list[int]
    past: float = 0.0
    since: int = 0
    """When it emerged (ms); 0 while it is ordinary."""


class Emergence(base.Base):
    """Watches at most `max_topics` names; later ones are not watched.

    `window_ms` is of event time. Memory: 100 bytes a topic, and 9 a text in the window. Cost: about
    5 us a text, 30 where many came.

    >>> watch = Emergence(window_ms=1_000)
    >>> for second in range(60):
    ...     _ = watch.learn_one("delivery", 1_000 * second)
    >>> [watch.learn_one("delivery", 60_000 + 10 * n) for n in range(20)].index(True)
    8
    """

    def __init__(
        self, window_ms: int = 24 * HOUR_MS, alpha: float = 0.001, max_topics: int = 128
    ) -> None:
        self.window_ms, self.alpha, self.max_topics = window_ms, alpha, max_topics
        self.began = 0
        self.time = 0
        self._topics: dict[str, _Topic] = {}
        self._exposure = 0.0
        self._counted = 0
        self._changed = False

    def learn_one(self, x: str, time: int) -> bool:
        """Take a text about topic `x` at `time` (ms); return whether the topic emerges by it."""
        self.began = self.began or time
        self.time = max(self.time, time)
        self._age()
        self._changed = True
        if x not in self._topics and len(self._topics) >= self.max_topics:
            return False
        topic = self._topics.setdefault(x, _Topic([]))
        insort(topic.now, max(time, self.time - self.window_ms + 1))
        del topic.now[:-AT_ONCE]
        if topic.since or self._chance(topic) >= self.alpha / self.max_topics:
            return False
        topic.since = self.time
        return True

    def predict_one(self, x: str) -> float:
        """Return how many times as often as usual a topic comes now; 1 for one not watched."""
        topic = self._topics.get(x)
        if topic is None or self._exposure < SETTLED:
            return 1.0
        return len(topic.now) / ((topic.past + PRIOR) / self._exposure)

    def emerging(self) -> list[dict[str, Any]]:
        """Return the topics that emerge now: since when, how many, and how many are usual."""
        return [
            {
                "topic": name,
                "since": topic.since,
                "count": len(topic.now),
                "usual": round((topic.past + PRIOR) / max(self._exposure, 1.0), 3),
            }
            for name, topic in sorted(self._topics.items())
            if topic.since
        ]

    def is_emerging(self, x: str) -> bool:
        """Say whether a topic emerges now."""
        topic = self._topics.get(x)
        return topic is not None and topic.since > 0

    def dump(self, *, full: bool) -> bytes:
        """Return everything, or nothing if nothing changed since the last dump."""
        if not (full or self._changed):
            return b""
        self._changed = False
        numbers = (self.began, self.time, self._counted, self._exposure)
        return msgspec.msgpack.encode((*numbers, self._topics))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace everything by the last of the parts that is not empty."""
        parts = [part for part in parts if part]
        if parts:
            self.began, self.time, self._counted, self._exposure, self._topics = _decode(parts[-1])

    def _age(self) -> None:
        """Move what left the window into the past, and let the past fade."""
        end = self.time - self.window_ms
        begin = self._counted or self.began
        grown = max(end - begin, 0) / self.window_ms
        if grown <= 0.0:
            return
        kept = 0.5 ** (grown / PAST)
        self._exposure, self._counted = self._exposure * kept + grown, end
        for topic in self._topics.values():
            left = bisect_right(topic.now, end)
            topic.past = topic.past * kept + (0 if topic.since else left)
            topic.now = topic.now[left:] if left else topic.now
            if topic.since and self._chance(topic) > ORDINARY:
                topic.since = 0

    def _chance(self, topic: _Topic) -> float:
        """Return the chance of as many as are in the window, or more, by the past."""
        count = len(topic.now)
        if count < LEAST or self._exposure < SETTLED:
            return 1.0
        return tail(count, topic.past + PRIOR, self._exposure)


def tail(count: int, seen: float, exposure: float) -> float:
    """Return the chance of `count` or more in a window, after `seen` in `exposure` windows.

    Negative binomial with `seen` successes; summed term by term.

    >>> round(tail(1, 0.5, 1.0), 4), tail(0, 0.5, 1.0)
    (0.2929, 1.0)
    """
    stay, go = log(exposure) - log1p(exposure), -log1p(exposure)
    below = 0.0
    for k in range(count):
        below += exp(lgamma(k + seen) - lgamma(seen) - lgamma(k + 1.0) + seen * stay + k * go)
        if below >= 1.0:
            return 0.0
    return max(0.0, 1.0 - below)


_decode = msgspec.msgpack.Decoder(tuple[int, int, int, float, dict[str, _Topic]]).decode
