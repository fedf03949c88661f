"""Texts without labels, grouped by the words that they share, as they come.

One pass: a text joins the group whose words are nearest (cosine of tf-idf), or begins one where
none is near enough: micro-clusters as in textClust (Carnein, Assenmacher and Trautmann 2017). Where
River's `TextClust` keeps as many clusters as come and computes all document frequencies anew for
each text, here both are bounded, and a word leads to the groups that have it.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from river import base

from online_models.words import words_of

WORDS: Final = 24
"""Of a text are looked at, and of a group kept: those that weigh most."""

NAMED_BY: Final = 3
FADES: Final = 1_000.0
"""Texts after which an older one counts half."""

VOCABULARY: Final = 20_000
"""Words whose frequency is known; beyond it, those that came once are dropped."""

LEAST: Final = 2
"""Words that a text must have to be put into a group."""

RARE: Final = 3.0
"""Texts that had a word, below which it may be one person's."""


class _Group(msgspec.Struct, array_like=True):
    words: dict[str, float]
    weight: float
    at: int
    texts: int = 0
    length: float = 1.0
    """Of its words as a vector, when it was last joined."""


class TextGroups(base.Clusterer):
    """Groups of texts by number; a text that is near none has None.

    `near` is the least cosine with which a text joins a group. At most `max_groups` are kept: a new
    one takes the place of the lightest, under a number of its own. Memory: 1 KB a group, and 50
    bytes a word of the vocabulary. Cost: about 100 us a text to predict, 150 to learn.

    >>> groups = TextGroups()
    >>> for text in ("the parcel arrived broken", "card was charged twice", "broken parcel again"):
    ...     groups.learn_one(text)
    >>> groups.predict_one("another broken parcel"), groups.name(1)
    (1, 'broken parcel again')
    """

    def __init__(self, near: float = 0.1, max_groups: int = 64) -> None:
        self.near, self.max_groups = near, max_groups
        self.learned = 0
        self._last = 0
        self._changed = False
        self._groups: dict[int, _Group] = {}
        self._texts: dict[str, float] = {}

    def predict_one(self, x: str) -> int | None:
        """Return the number of the nearest group; None if none is near enough."""
        found, similar = self._nearest(self._vector(x))
        return found if similar >= self.near else None

    def learn_one(self, x: str, y: Any = None) -> None:
        """Let a text join the nearest group, or begin one."""
        words = words_of(x, WORDS)
        if len(words) < LEAST:
            return
        vector = self._vector(x)
        found, similar = self._nearest(vector)
        self.learned += 1
        self._changed = True
        if found is None or similar < self.near:
            found = self._begin()
        self._join(self._groups[found], words)
        for word in words:
            self._texts[word] = self._texts.get(word, 0.0) + 1.0
        if len(self._texts) > VOCABULARY:
            self._texts = {word: n for word, n in self._texts.items() if n > 1.0}
            if len(self._texts) > VOCABULARY // 2:
                self._texts = {word: n / 2.0 for word, n in self._texts.items()}

    def forget_rare(self, least: float = RARE) -> set[str]:
        """Forget words that fewer than `least` texts had; return them.

        For somebody who is to be forgotten: they may be of one person.
        """
        rare = {word for word, count in self._texts.items() if count < least}
        self._texts = {word: count for word, count in self._texts.items() if count >= least}
        for number, group in list(self._groups.items()):
            group.words = {w: n for w, n in group.words.items() if w in self._texts}
            group.length = self._length(group)
            if not group.words:
                del self._groups[number]
        self._changed = True
        return rare

    def name(self, number: int) -> str:
        """Return the words that tell a group from the others; empty if there is no such group."""
        group = self._groups.get(number)
        if group is None:
            return ""
        told = sorted(group.words, key=lambda word: (-group.words[word] * self._rare(word), word))
        return " ".join(told[:NAMED_BY])

    def describe(self) -> list[dict[str, Any]]:
        """Return the groups, the heaviest first: number, name, weight, and how many texts."""
        weights = {number: self._faded(group) for number, group in self._groups.items()}
        return [
            {
                "group": number,
                "name": self.name(number),
                "weight": round(weights[number], 3),
                "texts": self._groups[number].texts,
            }
            for number in sorted(weights, key=lambda number: (-weights[number], number))
        ]

    def dump(self, *, full: bool) -> bytes:
        """Return everything, or nothing if nothing changed since the last dump."""
        if not (full or self._changed):
            return b""
        self._changed = False
        return msgspec.msgpack.encode((self.learned, self._last, self._groups, self._texts))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace everything by the last of the parts that is not empty."""
        parts = [part for part in parts if part]
        if parts:
            self.learned, self._last, self._groups, self._texts = _decode(parts[-1])

    def _vector(self, text: str) -> dict[str, float]:
        """Return a text's words with their weights, of length 1."""
        weights = {word: self._rare(word) for word in words_of(text, WORDS)}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items()} if length else {}

    def _rare(self, word: str) -> float:
        return math.log((1.5 + self.learned) / (0.5 + self._texts.get(word, 0.0))) + 0.1

    def _nearest(self, vector: dict[str, float]) -> tuple[int | None, float]:
        """Return the group nearest to a vector, the oldest of equals, and its cosine."""
        best, most = None, 0.0
        if len(vector) < LEAST:
            return best, most
        pulls = {word: weight * self._rare(word) for word, weight in vector.items()}
        for number, group in self._groups.items():
            words = group.words
            inner = sum(pull * words[word] for word, pull in pulls.items() if word in words)
            similar = inner / group.length
            if similar > most:
                best, most = number, similar
        return best, most

    def _begin(self) -> int:
        if len(self._groups) >= self.max_groups:
            lightest = min(self._groups, key=lambda n: (self._faded(self._groups[n]), n))
            del self._groups[lightest]
        self._last += 1
        self._groups[self._last] = _Group({}, 0.0, self.learned)
        return self._last

    def _join(self, group: _Group, words: list[str]) -> None:
        kept = 0.5 ** ((self.learned - group.at) / FADES)
        group.words = {word: n * kept for word, n in group.words.items()}
        group.weight, group.at = group.weight * kept + 1.0, self.learned
        group.texts += 1
        for word in words:
            group.words[word] = group.words.get(word, 0.0) + 1.0
        if len(group.words) > WORDS:
            most = sorted(group.words, key=lambda w: (-group.words[w] * self._rare(w), w))
            group.words = {word: group.words[word] for word in most[:WORDS]}
        group.length = self._length(group)

    def _length(self, group: _Group) -> float:
        return math.sqrt(sum((n * self._rare(w)) ** 2 for w, n in group.words.items()))

    def _faded(self, group: _Group) -> float:
        weight: float = group.weight * 0.5 ** ((self.learned - group.at) / FADES)
        return weight


_decode = msgspec.msgpack.Decoder(tuple[int, int, dict[int, _Group], dict[str, float]]).decode
