"""The task `concepts`: what the graph learnt from the first half, held against the second.

`lift`: how many times as often as by chance a concept and those said to be related to it meet in
the windows of the second half. `recall@20`: a window's first item is searched for by its title (or
category); how often does one of the window's other items come among the first twenty?
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import Final

from evaluation.baskets import baskets_of
from evaluation.errors import EvaluationError
from evaluation.rules_task import HALF, Named, pooled
from evaluation.tasks import Request, Scoreboard
from online_models.concepts import RELATED, ConceptGraph, Thing
from online_models.expansion import asked, beside, rank
from online_models.words import concept_name, path_of, words_of
from operators.examples import Touched, Window

COLUMNS: Final = ("lift", "confidence", "pairs", "recall@20")
SEEN: Final = 5
FOUND: Final = 20

Search = Callable[[str], list[str]]


def run(request: Request) -> Scoreboard:
    """Learn the first half; return how relations and searches fare in the second."""
    found = baskets_of(request)
    share = request.test_from or HALF
    cut = round(share * len(found.windows))
    first, later = found.windows[:cut], found.windows[cut:]
    if not first or not later:
        raise EvaluationError(f"{request.source}: no touches to learn concepts from")
    graph = ConceptGraph()
    for window in first:
        learn(graph, window)
    known = sorted(name for name in graph.counts if graph.counts.get(name).seen >= SEEN)
    sets = [sorted(_concepts(window.touched)) for window in later]
    pairs = Counter(pair for names in sets for pair in combinations(names, 2))
    alone = Counter(name for names in sets for name in names)
    board = Scoreboard("concepts", "window", found.events, COLUMNS)
    searches = _searches(graph, first)
    for name, named in _relations(graph, known).items():
        figures = pooled(known, named, pairs, alone, len(sets))
        board.models[name] = {**figures, "recall@20": recall(later, searches[name])}
    board.models["no expansion"] = {"recall@20": recall(later, searches["no expansion"])}
    board.about = {"learnt": len(first), "tested": len(later), "concepts": len(known)}
    return board


def learn(graph: ConceptGraph, window: Window) -> None:
    """Teach the graph one window, as the graph's stage does."""
    things = [
        Thing(one.item, one.category, one.brand, one.tags, one.title)
        for one in window.touched
        if one.item
    ]
    graph.learn_one(things, [one.title for one in window.touched if not one.item], window.time)


def recall(windows: Sequence[Window], search: Search) -> float:
    """Return the share of windows of which a search for the first item finds another item."""
    hits = total = 0
    for window in windows:
        items = [one for one in window.touched if one.item]
        others = {one.item for one in items[1:]} - {items[0].item} if items else set()
        query = _query(items[0]) if items else ""
        if others and query:
            total += 1
            hits += bool(others.intersection(search(query)))
    return hits / total if total else 0.0


def _query(touched: Touched) -> str:
    return touched.title or "".join(path_of(touched.category)[-1:])


def _relations(graph: ConceptGraph, known: Sequence[str]) -> dict[str, Named]:
    popular = graph.counts.top(RELATED + 1)
    rng = random.Random(7)
    return {
        "concepts": lambda name: [linked.name for linked in graph.related(name)],
        "popular": lambda name: [other for other in popular if other != name][:RELATED],
        "random": lambda name: [
            o for o in rng.sample(known, min(RELATED, len(known))) if o != name
        ],
    }


def _searches(graph: ConceptGraph, first: Sequence[Window]) -> dict[str, Search]:
    counts = Counter(one.item for window in first for one in window.touched if one.item)
    popular = [item for item, _ in counts.most_common(FOUND)]
    rng, items = random.Random(7), sorted(counts)
    described = cache(graph.describe)

    def expanded(query: str, *, further: bool) -> list[str]:
        views = {name: view for name in asked(query) if (view := described(name)) is not None}
        near = beside(views) if further else {}
        strengths = {**dict.fromkeys(views, 1.0), **near}
        views |= {name: view for name in near if (view := described(name)) is not None}
        return [linked.name for linked in rank(views, strengths, FOUND)]

    return {
        "concepts": lambda query: expanded(query, further=True),
        "no expansion": lambda query: expanded(query, further=False),
        "popular": lambda query: popular,
        "random": lambda query: rng.sample(items, min(FOUND, len(items))),
    }


def _concepts(touched: Sequence[Touched]) -> set[str]:
    names: set[str] = set()
    for one in touched:
        if one.item:
            names.update(path_of(one.category))
            names.update(concept_name(text) for text in (one.brand, *one.tags))
        names.update(words_of(one.title))
    return names - {""}
