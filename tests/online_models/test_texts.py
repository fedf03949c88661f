"""Topics of texts, their groups, and topics that emerge."""

import random

from online_models.digest import digest
from online_models.emerging import Emergence, tail
from online_models.groups import TextGroups
from online_models.hashed_text import MAX_WORDS, words_in
from online_models.topics import OTHER, TextClassifier
from tests.online_models.text_cases import TOPICS, texts

HOUR_MS = 3_600_000


def test_topics_are_learnt_from_few_texts() -> None:
    model = TextClassifier()
    for text, topic in texts(1, 60):
        model.learn_one(text, topic)
    asked = texts(2, 200)
    assert sum(model.predict_one(text) == topic for text, topic in asked) > 190


def test_a_topic_that_comes_later_is_learnt_beside_the_others() -> None:
    model = TextClassifier()
    for text, topic in texts(3, 300):
        model.learn_one(text, topic)
    for _ in range(5):
        model.learn_one("the checkout page shows an error", "website")
    assert model.predict_one("an error on the page at checkout") == "website"
    assert model.predict_one(" ".join(TOPICS["billing"])) == "billing"


def test_words_that_change_their_meaning_are_followed() -> None:
    model = TextClassifier()
    for text, topic in texts(4, 2_000):
        model.learn_one(text, topic)
    turned = {"delivery": "billing", "billing": "delivery", "quality": "quality"}
    for text, topic in texts(5, 300):
        model.learn_one(text, turned[topic])
    asked = texts(6, 100)
    assert sum(model.predict_one(text) == turned[topic] for text, topic in asked) > 80


def test_labels_beyond_the_room_share_one() -> None:
    model = TextClassifier(places=256, max_classes=3)
    for number in range(9):
        model.learn_one(f"word{number}", f"label{number}")
    assert model.classes == ["label0", "label1", "label2", OTHER]


def test_what_changed_is_saved_and_comes_back() -> None:
    model, copy = TextClassifier(), TextClassifier()
    parts = []
    for at, (text, topic) in enumerate(texts(7, 120)):
        if at % 40 == 0:
            parts.append(model.dump(full=at == 0))
        model.learn_one(text, topic if at < 100 else f"{topic}-{at}")
    parts.append(model.dump(full=False))
    assert len(parts[1]) < len(model.dump(full=True))
    copy.load(parts)
    assert digest(copy) == digest(model)


def test_long_texts_are_read_from_their_beginning() -> None:
    assert len(words_in("word " * 10_000)) == MAX_WORDS
    assert words_in("") == words_in("\0 -- !") == []


def test_texts_are_grouped_without_labels_and_named_by_their_words() -> None:
    groups = TextGroups()
    for text, _ in texts(8, 300):
        groups.learn_one(text)
    inside: dict[int | None, set[str]] = {}
    for text, topic in texts(9, 100):
        inside.setdefault(groups.predict_one(text), set()).add(topic)
    told = groups.describe()
    assert sum(each["texts"] for each in told) == 300
    assert all(len(each["name"].split()) == 3 for each in told)


def test_groups_are_bounded_and_numbers_are_never_given_twice() -> None:
    groups = TextGroups(max_groups=4)
    for number in range(50):
        groups.learn_one(f"alpha{number} beta{number} gamma{number}")
    assert [each["group"] for each in groups.describe()] == [50, 49, 48, 47]
    assert groups.predict_one("nothing that anybody said") is None


def test_nothing_emerges_from_the_usual() -> None:
    rng = random.Random(1)
    told = 0
    for run in range(20):
        watch, time = Emergence(window_ms=HOUR_MS), 1_600_000_000_000
        for _ in range(1_000):
            time += round(rng.expovariate(1 / 300_000))
            told += watch.learn_one(rng.choice(("delivery", "billing", f"rare {run}")), time)
    assert told <= 1


def test_a_burst_emerges_once_and_ends() -> None:
    rng = random.Random(2)
    watch, time = Emergence(window_ms=HOUR_MS), 1_600_000_000_000
    for _ in range(300):
        time += round(rng.expovariate(1 / 600_000))
        watch.learn_one("delivery", time)
    begun = [watch.learn_one("recall", time + n * 60_000) for n in range(20)]
    assert sum(begun) == 1
    assert watch.is_emerging("recall")
    assert not watch.is_emerging("delivery")
    assert watch.predict_one("recall") > 10
    (told,) = watch.emerging()
    assert told["topic"] == "recall"
    assert told["count"] == 20
    watch.learn_one("delivery", time + 3 * HOUR_MS)
    assert watch.emerging() == []


def test_a_burst_at_the_very_start_is_no_news() -> None:
    watch = Emergence(window_ms=HOUR_MS)
    assert not any(watch.learn_one("recall", 1_600_000_000_000 + n) for n in range(50))


def test_texts_out_of_order_are_counted_alike() -> None:
    times = [1_600_000_000_000 + n * 400_000 for n in range(200)]
    shuffled = [t + (900_000 if n % 3 == 0 else 0) for n, t in enumerate(times)]
    watch = Emergence(window_ms=HOUR_MS)
    assert not any(watch.learn_one("delivery", time) for time in shuffled)
    assert 0.5 < watch.predict_one("delivery") < 1.5


def test_the_tail_is_that_of_a_negative_binomial() -> None:
    # Of 2 seen in 4 windows, by the closed form: 1 - (4/5)**2 * (1 + 2/5).
    assert abs(tail(2, 2.0, 4.0) - (1 - 0.64 * 1.4)) < 1e-12
    assert tail(200, 2.0, 4.0) >= 0.0
