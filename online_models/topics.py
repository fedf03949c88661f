"""What is a text about? Two models of hashed words, learnt text by text, and how far to trust each.

Multinomial naive Bayes knows something of a class from its first text on; softmax regression on
tf-idf (vectors of length 1, AdaGrad steps, Duchi et al. 2011) learns which words tell classes
apart, and how sure one may be. An online stack weighs their log-odds as they prove right. What the
steps are divided by is forgotten slowly: else a model that has seen much would follow no change.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from river import base

from online_models.hashed_text import TextHasher

RATE: Final = 0.7
BIAS_RATE: Final = 0.1
TRUST_RATE: Final = 0.05
KEPT: Final = 0.999
"""Of the squares of a term, at each step that touches it."""

SMOOTH: Final = 0.1
"""Texts' worth of every word in every class, for naive Bayes."""

BOAST: Final = 10.0
"""Naive Bayes counts each word as evidence of its own, so its log-odds are many times too large."""

OTHER: Final = "other"
"""Stands for all labels beyond `max_classes`."""

MAX_LABEL: Final = 128
START: Final = 1e-4
COLUMNS: Final = 4

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class TextClassifier(base.Classifier):
    """Probabilities of a text's classes, which are whatever labels come; {} before the first.

    `places` is how many hashed terms are told apart, `longest` the words of a term, `max_classes`
    how many labels are; later ones count as `OTHER`. Memory: 12 bytes a place and class. Cost at
    140 words and 9 classes: 120 us to predict, 200 to learn.

    >>> model = TextClassifier()
    >>> for _ in range(5):
    ...     model.learn_one("my parcel came late", "delivery")
    ...     model.learn_one("they charged me twice", "billing")
    >>> model.predict_one("the parcel is late again")
    'delivery'
    """

    def __init__(self, places: int = 1 << 15, longest: int = 1, max_classes: int = 32) -> None:
        self.places, self.longest, self.max_classes = places, longest, max_classes
        self.learned = 0
        self._hash = TextHasher(places, longest)
        self._classes: dict[str, int] = {}
        self._texts = np.zeros(places, np.float32)
        self._weights = np.zeros((places, COLUMNS), np.float32)
        self._squares = np.full((places, COLUMNS), START, np.float32)
        self._counts = np.zeros((places, COLUMNS), np.float32)
        self._changed = np.zeros(places, np.bool_)
        # By class: bias, its squares, words, texts. The last class is `OTHER`.
        self._by_class = np.zeros((4, max_classes + 1))
        self._by_class[1] = START
        # Of regression and naive Bayes: how far each is trusted, and the squares.
        self._trust = np.array([[0.5, 0.5], [1.0, 1.0]])

    @property
    def _multiclass(self) -> bool:
        return True

    @property
    def classes(self) -> list[str]:
        """The labels, in the order in which they came."""
        return list(self._classes)

    def predict_proba_one(self, x: str, **kwargs: Any) -> dict[str, float]:
        """Return the probability of each class."""
        if not self._classes:
            return {}
        places, counts = self._hash(x)
        told = self._told(places, counts, self._inputs(places, counts))
        return dict(zip(self._classes, _softmax(self._trust[0] @ told).tolist(), strict=True))

    def predict_one(self, x: str, **kwargs: Any) -> str | None:
        """Return the likeliest class; of equals, the first by name. None before the first text."""
        chances = self.predict_proba_one(x)
        return min(chances, key=lambda name: (-chances[name], name)) if chances else None

    def learn_one(self, x: str, y: str, **kwargs: Any) -> None:
        """Learn that the text `x` is of class `y`. An empty label teaches nothing."""
        if not y:
            return
        known = len(self._classes)
        at = self._class_of(y[:MAX_LABEL])
        places, counts = self._hash(x)
        inputs = self._inputs(places, counts)
        told = self._told(places, counts, inputs)
        if at < known:
            self._learn_trust(told, at)
        self._learn_weights(places, inputs, told[0], at)
        self._counts[places, at] += counts
        self._by_class[2:, at] += counts.sum(), 1.0
        self._texts[places] += 1.0
        self._changed[places] = True
        self.learned += 1

    def dump(self, *, full: bool) -> bytes:
        """Return what was learnt, or the terms that changed since the last dump and the rest."""
        places = np.flatnonzero(self._texts > 0 if full else self._changed)
        self._changed[:] = False
        saved = _Saved(
            self.learned,
            list(self._classes),
            self._weights.shape[1],
            self._by_class.tobytes(),
            self._trust.tobytes(),
            places.tobytes(),
            [table[places].tobytes() for table in self._tables()],
        )
        return msgspec.msgpack.encode(saved)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what was learnt by what the parts of `dump` say, in order."""
        self.__init__(self.places, self.longest, self.max_classes)  # type: ignore[misc]
        for part in parts:
            saved = _decode(part)
            self.learned = saved.learned
            self._classes = {name: at for at, name in enumerate(saved.classes)}
            self._widen(saved.columns)
            self._by_class = np.frombuffer(saved.by_class).reshape(4, -1).copy()
            self._trust = np.frombuffer(saved.trust).reshape(2, 2).copy()
            places = np.frombuffer(saved.places, np.int64)
            for table, raw in zip(self._tables(), saved.tables, strict=True):
                table[places] = np.frombuffer(raw, np.float32).reshape(-1, *table.shape[1:])

    def _tables(self) -> list[NDArray[np.float32]]:
        return [self._texts, self._weights, self._squares, self._counts]

    def _inputs(self, places: Places, counts: Floats) -> Floats:
        """Return a text's tf-idf values, of length 1."""
        rarity = np.log((1.5 + self.learned) / (0.5 + self._texts[places].astype(np.float64)))
        values = (1.0 + np.log(counts)) * rarity
        scaled: Floats = values / (np.sqrt(values @ values) + 1e-9)
        return scaled

    def _told(self, places: Places, counts: Floats, inputs: Floats) -> Floats:
        """Return the log-odds (2, classes) of regression and naive Bayes."""
        known = len(self._classes)
        bias, _, words, texts = self._by_class[:, :known]
        odds = inputs @ self._weights[places, :known].astype(np.float64) + bias
        met = self._texts[places] > 0
        vocabulary = SMOOTH * np.count_nonzero(self._texts)
        chances = np.log(self._counts[places[met], :known] + SMOOTH) - np.log(
            words + vocabulary + SMOOTH
        )
        bayes = counts[met] @ chances + np.log(texts + SMOOTH)
        return np.array([_log_softmax(odds), (bayes - bayes.max()) / BOAST])

    def _learn_trust(self, told: Floats, at: int) -> None:
        pull = _softmax(self._trust[0] @ told)
        pull[at] -= 1.0
        slope = told @ pull
        self._trust[1] += slope * slope
        self._trust[0] -= TRUST_RATE * slope / np.sqrt(self._trust[1])

    def _learn_weights(self, places: Places, inputs: Floats, told: Floats, at: int) -> None:
        pull = np.exp(told)
        pull[at] -= 1.0
        known = len(pull)
        slope = np.outer(inputs, pull)
        squares = self._squares[places, :known] * KEPT + slope * slope
        self._squares[places, :known] = squares
        self._weights[places, :known] -= RATE * slope / np.sqrt(squares)
        self._by_class[1, :known] += pull * pull
        self._by_class[0, :known] -= BIAS_RATE * pull / np.sqrt(self._by_class[1, :known])

    def _class_of(self, label: str) -> int:
        if label not in self._classes and len(self._classes) >= self.max_classes:
            label = OTHER
        if label not in self._classes:
            self._classes[label] = len(self._classes)
            if len(self._classes) > self._weights.shape[1]:
                self._widen(2 * self._weights.shape[1])
        return self._classes[label]

    def _widen(self, columns: int) -> None:
        lack = (self.places, max(columns - self._weights.shape[1], 0))
        self._weights = np.hstack([self._weights, np.zeros(lack, np.float32)])
        self._squares = np.hstack([self._squares, np.full(lack, START, np.float32)])
        self._counts = np.hstack([self._counts, np.zeros(lack, np.float32)])


def _log_softmax(odds: Floats) -> Floats:
    shifted = odds - odds.max()
    told: Floats = shifted - np.log(np.exp(shifted).sum())
    return told


def _softmax(odds: Floats) -> Floats:
    chances: Floats = np.exp(_log_softmax(odds))
    return chances


class _Saved(msgspec.Struct, array_like=True):
    learned: int
    classes: list[str]
    columns: int
    by_class: bytes
    trust: bytes
    places: bytes
    tables: list[bytes]


_decode = msgspec.msgpack.Decoder(_Saved).decode
