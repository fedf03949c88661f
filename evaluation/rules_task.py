"""The task `rules`: what was learnt from the first half, held against the second.

For each item, each competitor names up to ten others. On the baskets of the second half, which
nobody saw, the pairs named are counted: `lift` is how many times as often they came together as
they would have by chance, all pairs of a competitor pooled.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final

from evaluation.baskets import baskets_of
from evaluation.errors import EvaluationError
from evaluation.tasks import Request, Scoreboard
from online_models.rules import MAX_ITEMS, RuleMiner

Named = Callable[[str], list[str]]
Basket = Sequence[str]

COLUMNS: Final = ("lift", "confidence", "pairs", "items")
NAMED: Final = 10
ORDERS: Final = 1_000
"""Orders of several items that a recording must have, or its visits are the baskets."""

SEEN: Final = 5
HALF: Final = 0.5


def run(request: Request) -> Scoreboard:
    """Mine the first half; return how the pairs named fare in the second."""
    found = baskets_of(request)
    several = sum(len(items) > 1 for _, items in found.orders)
    basis = "order" if several >= ORDERS else "visit"
    windows = [(w.time, [t.item for t in w.touched if t.item]) for w in found.windows]
    whole = found.orders if basis == "order" else windows
    baskets = [(time, items) for time, items in whole if len(items) <= MAX_ITEMS]
    share = request.test_from or HALF
    cut = round(share * len(baskets))
    first, later = baskets[:cut], [sorted(set(items)) for _, items in baskets[cut:]]
    if not first or not later:
        raise EvaluationError(f"{request.source}: no orders and no visits to learn from")
    board = Scoreboard("rules", basis, found.events, COLUMNS)
    counts = Counter(item for _, items in first for item in set(items))
    asked = sorted(item for item, count in counts.items() if count >= SEEN)
    pairs = Counter(pair for basket in later for pair in combinations(basket, 2))
    alone = Counter(item for basket in later for item in basket)
    for name, named in _field(first, counts).items():
        board.models[name] = pooled(asked, named, pairs, alone, len(later))
    board.about = {"basis": basis, "learnt": len(first), "tested": len(later), "items": len(asked)}
    board.notes = [f"left out: {len(whole) - len(baskets):,} of more than {MAX_ITEMS} items"]
    board.notes += [f"baskets: {basis}s; items of at least {SEEN} baskets of the first {share:.0%}"]
    return board


def pooled(
    asked: Sequence[str],
    named: Named,
    pairs: "Counter[tuple[str, str]]",
    alone: "Counter[str]",
    baskets: int,
) -> dict[str, float]:
    """Return lift and confidence of all pairs named, each weighted by how often it could show.

    >>> pairs, alone = Counter({("a", "b"): 2}), Counter(a=2, b=2)
    >>> pooled(["a"], lambda _: ["b"], pairs, alone, baskets=4)
    {'lift': 2.0, 'confidence': 1.0, 'pairs': 1, 'items': 1}
    """
    together = expected = chances = 0.0
    said = items = 0
    for item in asked:
        others = named(item)
        items += bool(others)
        said += len(others)
        for other in others:
            together += pairs[(item, other) if item < other else (other, item)]
            expected += alone[item] * alone[other] / baskets
            chances += alone[item]
    return {
        "lift": together / expected if expected else 0.0,
        "confidence": together / chances if chances else 0.0,
        "pairs": said,
        "items": items,
    }


def _field(first: Sequence[tuple[int, Basket]], counts: "Counter[str]") -> dict[str, Named]:
    miner = RuleMiner()
    for time, items in first:
        miner.learn_one(items, time)
    mined = {item: _single(miner, item) for item in miner.antecedents()}
    popular = [item for item, _ in counts.most_common(NAMED + 1)]
    rng, known = random.Random(7), sorted(counts)
    by_confidence, by_lift = _exact(first, counts)
    return {
        "rules": lambda item: mined.get(item, []),
        "exact, by lift": lambda item: by_lift.get(item, []),
        "exact, by confidence": lambda item: by_confidence.get(item, []),
        "popular": lambda item: [other for other in popular if other != item][:NAMED],
        "random": lambda item: [o for o in rng.sample(known, min(NAMED, len(known))) if o != item],
    }


def _single(miner: RuleMiner, item: str) -> list[str]:
    rules = miner.rules(item, limit=10 * NAMED)
    return list(dict.fromkeys(rule.then for rule in rules if len(rule.given) == 1))[:NAMED]


def _exact(
    first: Sequence[tuple[int, Basket]], counts: "Counter[str]"
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Count all pairs of the first half, without bound or decay."""
    pairs = Counter(pair for _, items in first for pair in combinations(sorted(set(items)), 2))
    partners: dict[str, list[tuple[int, str]]] = {}
    for (one, other), count in pairs.items():
        if count >= SEEN:
            partners.setdefault(one, []).append((count, other))
            partners.setdefault(other, []).append((count, one))
    confident, lifted = {}, {}
    for item, found in partners.items():
        confident[item] = [o for _, o in sorted(found, key=lambda p: (-p[0], p[1]))[:NAMED]]
        by_lift = sorted(found, key=lambda p: (-p[0] / counts[p[1]], p[1]))
        lifted[item] = [other for _, other in by_lift[:NAMED]]
    return confident, lifted
