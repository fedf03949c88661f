"""From a query to items, by way of the concept graph: what was asked, what goes with it, its items.

`asked` says which concepts a query may mean, `beside` which others their views lead to, `rank`
puts the items of all of them in order. The views may come from a store or from a graph in memory.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from contracts.decisions import Concept, Linked
from online_models.words import concept_name, words_of

MAX_ASKED: Final = 12
MAX_BESIDE: Final = 12
DAMPED: Final = 0.3
"""What a related concept counts against one that was asked for, times its strength."""

Views = Mapping[str, Concept]


def asked(query: str) -> list[str]:
    """Return the names of concepts that a query may mean: the whole, two words, single words.

    >>> asked("Red tea kettles")
    ['red tea kettle', 'red tea', 'tea kettle', 'red', 'tea', 'kettle']
    """
    words = words_of(query)
    couples = [f"{first} {second}" for first, second in pairwise(words)]
    names = [concept_name(query), *couples, *words]
    return [name for name in dict.fromkeys(names) if name][:MAX_ASKED]


def beside(views: Views) -> dict[str, float]:
    """Return the concepts that those in `views` lead to, with how strongly (0 to 1)."""
    found: dict[str, float] = {}
    for view in views.values():
        spelled = [Linked(view.alias_of, 1.0)] if view.alias_of is not None else []
        damped = [Linked(linked.name, linked.strength * DAMPED) for linked in view.related]
        for linked in [*spelled, *view.synonyms, *damped]:
            name, strength = linked.name, linked.strength
            if name not in views:
                found[name] = max(found.get(name, 0.0), strength)
    ordered = sorted(found, key=lambda name: (-found[name], name))
    return {name: found[name] for name in ordered[:MAX_BESIDE]}


def rank(views: Views, strengths: Mapping[str, float], limit: int) -> list[Linked]:
    """Return the items of the concepts, best first; `strengths` says how much each counts.

    An item counts in a concept by its share of the best item's; what belongs to several asked
    concepts comes before what belongs to one.

    >>> tea = Concept(1, "tea", "Tea", ["tag"], 0.5, 9, 1.0, 0, items=[Linked("oolong", 0.5)])
    >>> rank({"tea": tea}, {"tea": 1.0}, 10)
    [Linked(name='oolong', strength=1.0)]
    """
    scores: dict[str, float] = {}
    for name in sorted(strengths):
        view = views.get(name)
        if view is None or not view.items:
            continue
        best = max(linked.strength for linked in view.items)
        for item, share in ((linked.name, linked.strength) for linked in view.items):
            scores[item] = scores.get(item, 0.0) + strengths[name] * share / best
    ordered = sorted(scores, key=lambda item: (-scores[item], item))
    return [Linked(item, round(scores[item], 6)) for item in ordered[:limit]]
