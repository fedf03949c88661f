"""The task `topics`: which topic is a text about? Guessed first, then learnt from, text by text."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import log
from time import process_time
from typing import Any, Final, Protocol

from river import compose, feature_extraction, linear_model, multiclass, naive_bayes, optim

from evaluation.errors import EvaluationError
from evaluation.metrics import macro_f1
from evaluation.tasks import Request, Scoreboard
from evaluation.texts import Said, begin_of, texts_of
from online_models.hashed_text import words_in
from online_models.topics import TextClassifier

COLUMNS: Final = ("accuracy", "log_loss", "macro_f1", "predict_us", "learn_us")
FLOOR: Final = 1e-3
"""The chance that counts for a label that was never met, or held to be impossible."""


class Classifier(Protocol):
    """Says the chance of each label, and learns."""

    def predict_proba_one(self, x: str) -> Mapping[str, float]:
        """Return the probabilities."""
        ...

    def learn_one(self, x: str, y: str) -> Any:
        """Learn a label."""
        ...


class Shares:
    """Says the share of each label so far: the running majority class."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def predict_proba_one(self, x: str) -> Mapping[str, float]:
        """Return the shares."""
        total = self._counts.total()
        return {name: count / total for name, count in self._counts.items()}

    def learn_one(self, x: str, y: str) -> None:
        """Count."""
        self._counts[y] += 1


def _bag() -> Any:
    return feature_extraction.BagOfWords(tokenizer=words_in)


def _one_against_rest() -> Any:
    one = linear_model.LogisticRegression(optim.AdaGrad(0.1))
    tfidf = feature_extraction.TFIDF(tokenizer=words_in)
    return compose.Pipeline(tfidf, multiclass.OneVsRestClassifier(one))


FIELD: Final[dict[str, Callable[[], Classifier]]] = {
    "topics": TextClassifier,
    "topics-pairs": lambda: TextClassifier(longest=2),
    "majority": Shares,
    "river-multinomial-nb": lambda: _bag() | naive_bayes.MultinomialNB(alpha=0.1),
    "river-complement-nb": lambda: _bag() | naive_bayes.ComplementNB(alpha=0.1),
    "river-logistic": _one_against_rest,
}


def run(request: Request) -> Scoreboard:
    """Let each classifier guess all texts in order; return the table."""
    texts, events = texts_of(request)
    begin = begin_of(request, len(texts))
    if begin >= len(texts):
        raise EvaluationError(f"--test-from {request.test_from}: no text is left to count")
    board = Scoreboard("topics", "prequential", events, COLUMNS)
    board.about = {
        "texts": len(texts),
        "labels": len({said.label for said in texts}),
        "counted": len(texts) - begin,
    }
    board.notes = [f"{len(texts):,} texts have a label; counted from text {begin:,} on"]
    wanted = [m.strip() for m in request.models.split(",")] if request.models else list(FIELD)
    if unknown := [name for name in wanted if name not in FIELD]:
        raise EvaluationError(f"--models {', '.join(unknown)}: expected of {', '.join(FIELD)}")
    for name in wanted:
        board.models[name] = play(FIELD[name](), texts, begin)
        request.progress(name, 1.0)
    return board


def play(model: Classifier, texts: Sequence[Said], begin: int) -> dict[str, float]:
    """Return the figures of a model over texts in order, counted from text `begin`."""
    guessed: list[str] = []
    losses = asking = learning = 0.0
    for at, (text, label) in enumerate(texts):
        started = process_time()
        chances = dict(model.predict_proba_one(text))
        middle = process_time()
        model.learn_one(text, label)
        asking, learning = asking + middle - started, learning + process_time() - middle
        if at < begin:
            continue
        guessed.append(min(chances, key=lambda name: (-chances[name], name)) if chances else "")
        losses -= log(max(chances.get(label, 0.0), FLOOR))
    labels = [said.label for said in texts[begin:]]
    hits = sum(a == b for a, b in zip(labels, guessed, strict=True))
    return {
        "accuracy": round(hits / len(labels), 4),
        "log_loss": round(losses / len(labels), 4),
        "macro_f1": round(macro_f1(labels, guessed), 4),
        "predict_us": round(1e6 * asking / len(texts), 1),
        "learn_us": round(1e6 * learning / len(texts), 1),
    }
