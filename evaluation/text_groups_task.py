"""The task `text-groups`: do texts that are grouped without labels belong together?

Each text is put into a group before it is learnt from; labels serve to judge alone.
"""

from collections.abc import Callable, Sequence
from time import process_time
from typing import Any, Final

from river import cluster, feature_extraction, metrics

from evaluation.errors import EvaluationError
from evaluation.tasks import Request, Scoreboard
from evaluation.texts import Said, begin_of, texts_of
from online_models.groups import TextGroups
from online_models.words import words_of

COLUMNS: Final = ("v_measure", "adjusted_rand", "purity", "grouped", "groups", "us")


class Rivers:
    """River's textClust; fading by the number of texts, since its clock is none of ours."""

    def __init__(self, **settings: Any) -> None:
        self._bag = feature_extraction.BagOfWords(tokenizer=lambda text: words_of(text, 400))
        self._model = cluster.TextClust(
            real_time_fading=False, fading_factor=0.001, tgap=100, **settings
        )

    def predict_one(self, x: str) -> int | None:
        """Return the nearest micro-cluster."""
        found: int | None = self._model.predict_one(self._bag.transform_one(x))
        return found

    def learn_one(self, x: str) -> None:
        """Learn a text."""
        self._model.learn_one(self._bag.transform_one(x))


FIELD: Final[dict[str, Callable[[], Any]]] = {
    "groups": TextGroups,
    "river-textclust": lambda: Rivers(radius=0.8),
}


def run(request: Request) -> Scoreboard:
    """Let each group all texts in order; return the table."""
    texts, events = texts_of(request)
    begin = begin_of(request, len(texts))
    board = Scoreboard("text-groups", "prequential", events, COLUMNS)
    board.about = {"texts": len(texts), "labels": len({said.label for said in texts})}
    wanted = [m.strip() for m in request.models.split(",")] if request.models else list(FIELD)
    if unknown := [name for name in wanted if name not in FIELD]:
        raise EvaluationError(f"--models {', '.join(unknown)}: expected of {', '.join(FIELD)}")
    for name in wanted:
        board.models[name] = judge(FIELD[name](), texts, begin)
        request.progress(name, 1.0)
    return board


def judge(model: Any, texts: Sequence[Said], begin: int) -> dict[str, float]:
    """Return the figures of a model: of the texts that it put into a group, and how many it did."""
    labels: dict[str, int] = {}
    inside: dict[int, dict[int, int]] = {}
    rand, both = metrics.AdjustedRand(), metrics.VBeta(beta=1.0)
    grouped, cost = 0, 0.0
    for at, (text, label) in enumerate(texts):
        number = labels.setdefault(label, len(labels))
        started = process_time()
        group = model.predict_one(text)
        model.learn_one(text)
        cost += process_time() - started
        if at < begin or group is None:
            continue
        grouped += 1
        rand.update(number, group)
        both.update(number, group)
        mine = inside.setdefault(group, {})
        mine[number] = mine.get(number, 0) + 1
    pure = sum(max(mine.values()) for mine in inside.values())
    return {
        "v_measure": round(both.get(), 4),
        "adjusted_rand": round(rand.get(), 4),
        "purity": round(pure / max(grouped, 1), 4),
        "grouped": round(grouped / max(len(texts) - begin, 1), 4),
        "groups": len(inside),
        "us": round(1e6 * cost / len(texts), 1),
    }
