"""Models of texts as the conformance suite meets them."""

import random
from collections.abc import Iterator
from typing import Any

from online_models.emerging import Emergence
from online_models.groups import TextGroups
from online_models.topics import TextClassifier
from tests.online_models.conformance import Case

TOPICS = {
    "delivery": ("parcel", "late", "courier", "lost", "doorstep", "tracking"),
    "billing": ("charged", "twice", "card", "refund", "invoice", "amount"),
    "quality": ("broken", "scratched", "lid", "cracked", "faulty", "worn"),
}
FILLERS = ("please", "again", "shop", "order", "yesterday", "really", "thing", "week")
STRANGE = (
    *("", " ", "\0", "\ud800", "a" * 50_000, "\u0301" * 500, "x y" * 9_000, "1 2 3", "\U0001f600"),
    *("\u202e late parcel", "\ufdfa" * 3_000, "__ __", "'''", "NaN inf 1e300"),
)

Labelled = tuple[str, str]


class Classifier:
    """Topics, by few hashed words."""

    def __init__(self) -> None:
        self.model = TextClassifier(places=512, max_classes=6)

    def learn(self, example: Labelled) -> None:
        self.model.learn_one(*example)

    def answer(self, example: Labelled) -> dict[str, float]:
        return self.model.predict_proba_one(example[0])

    def save(self) -> bytes:
        return self.model.dump(full=True)

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


class Grouper:
    """Groups of texts."""

    def __init__(self) -> None:
        self.model = TextGroups(max_groups=8)

    def learn(self, example: Labelled) -> None:
        self.model.learn_one(example[0])

    def answer(self, example: Labelled) -> list[Any]:
        told = self.model.describe()
        return [self.model.predict_one(example[0]), *[each["weight"] for each in told]]

    def save(self) -> bytes:
        return self.model.dump(full=True)

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


class Watcher:
    """Emerging topics; a text's length stands for when it came."""

    def __init__(self) -> None:
        self.model = Emergence(window_ms=20_000, max_topics=6)

    def learn(self, example: Labelled) -> None:
        self.model.learn_one(example[1], self.model.time + 1 + 97 * len(example[0]) % 5_000)

    def answer(self, example: Labelled) -> list[float]:
        return [self.model.predict_one(name) for name in (*TOPICS, example[1])]

    def save(self) -> bytes:
        return self.model.dump(full=True)

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


def texts(seed: int, count: int) -> list[Labelled]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        topic = rng.choice(list(TOPICS))
        words = [*rng.sample(TOPICS[topic], 3), *rng.sample(FILLERS, 3)]
        rng.shuffle(words)
        made.append((" ".join(words), topic))
    return made


def hostile_texts(seed: int, count: int) -> Iterator[Labelled]:
    rng = random.Random(seed)
    for number in range(count):
        label = rng.choice(("", "\ud800", f"new {number}", "delivery", "x" * 5_000))
        text = rng.choice(STRANGE)[: rng.choice((10, 1_000, 50_000) if number % 40 == 0 else (40,))]
        yield text + rng.choice(("", f" word{number}", " late parcel")), label


CASES = (
    Case("topics", Classifier, texts, hostile_texts, limit=120_000, count=300),
    Case("text groups", Grouper, texts, hostile_texts, limit=60_000, count=300),
    Case("emerging", Watcher, texts, hostile_texts, limit=70_000, count=300),
)
