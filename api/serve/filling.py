"""What an answer is filled up with: what leads the rankings, then what the catalogue has."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from api.serve.memory import Site
from api.serve.shape import Pick, Policy
from online_models.rows import TopList

FILLERS: Final = 5_000
"""Items that are looked at when too few were ranked, so that no answer walks a whole catalogue."""


def leaders(top: TopList, ranking: str, site: Site) -> Iterator[Pick]:
    """Yield the items of a ranking; the first one scores 1."""
    find = site.catalogue.by_number
    scale = float(top.weights[0]) if len(top.weights) else 1.0
    for number, weight in zip(top.keys.tolist(), top.weights.tolist(), strict=True):
        item = find(number)
        if item is not None:
            yield Pick(item, weight / scale, ranking)


def fillers(
    picks: Sequence[Pick], policy: Policy, site: Site, rankings: Sequence[str]
) -> Iterator[Pick]:
    """Yield what else may be shown, of `FILLERS` items at most.

    It scores 0: it stands behind all that was scored for this answer.
    """
    seen = {pick.item.id for pick in picks}
    for pick in islice(_rest(site, policy.category, rankings), FILLERS):
        if pick.item.id not in seen and policy.allows(pick.item):
            seen.add(pick.item.id)
            yield pick


def filled(
    picks: list[Pick], policy: Policy, site: Site, rankings: Sequence[str], n: int
) -> list[Pick]:
    """Return the picks, and fillers behind them until there are n."""
    missing = n - len(picks)
    if missing <= 0:
        return picks
    added: list[Pick] = []
    fresh = 0
    for pick in fillers(picks, policy, site, rankings):
        added.append(pick)
        fresh += not policy.behind(pick.item)
        if fresh == missing:
            break
    added.sort(key=lambda pick: policy.behind(pick.item))
    return sorted([*picks, *added[:missing]], key=lambda pick: policy.behind(pick.item))


def _rest(site: Site, category: str | None, rankings: Sequence[str]) -> Iterator[Pick]:
    for ranking in rankings:
        top = site.top(ranking)
        if top is not None:
            yield from (Pick(p.item, 0.0, ranking) for p in leaders(top, ranking, site))
    catalogue = site.catalogue
    rest = catalogue.items() if category is None else catalogue.of_category(category)
    yield from (Pick(item, 0.0, "catalogue") for item in rest)
