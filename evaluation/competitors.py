"""Who takes part, in the order of the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from evaluation.baselines import Popular, RandomItems, Repeat, Transition, Trending
from evaluation.errors import EvaluationError
from evaluation.ours import Blend
from evaluation.questions import NextItem, Rules
from evaluation.session_knn import SessionKnn
from evaluation.stream import Stream
from evaluation.varied import VariedBlend, is_varied

Make = Callable[[Stream, Rules], NextItem]

ALWAYS: Final[Mapping[str, Make]] = {
    "random": lambda stream, rules: RandomItems(),
    "popular": lambda stream, rules: Popular(),
    "trending": lambda stream, rules: Trending(),
    "repeat": lambda stream, rules: Repeat(),
    "transition": lambda stream, rules: Transition(rules.per_visit),
    "vsknn": lambda stream, rules: SessionKnn(rules.per_visit),
    "blend": lambda stream, rules: Blend(stream.names, stream.catalogue, repeats=not rules.bars),
}


@dataclass(frozen=True)
class Extra:
    """A competitor that needs packages beyond our own: its class or function, `module:name`."""

    place: str
    needs: tuple[str, ...]
    takes_visits: bool = True

    def missing(self) -> list[str]:
        """Return which packages are not installed."""
        return [package for package in self.needs if find_spec(package) is None]

    def make(self, stream: Stream, rules: Rules) -> NextItem:
        """Return a new one."""
        module, _, name = self.place.partition(":")
        made = getattr(import_module(module), name)
        found: NextItem = made(rules.per_visit) if self.takes_visits else made()
        return found


EXTRAS: Final[Mapping[str, Extra]] = {
    "ease": Extra("evaluation.ease:Ease", ("scipy",)),
    "als": Extra("evaluation.implicit_models:Als", ("implicit", "scipy")),
    "bpr": Extra("evaluation.implicit_models:Bpr", ("implicit", "scipy")),
    "bm25-knn": Extra("evaluation.implicit_models:Bm25Knn", ("implicit", "scipy")),
    "cosine-knn": Extra("evaluation.implicit_models:CosineKnn", ("implicit", "scipy")),
    "river-biased-mf": Extra("evaluation.river_reco:biased_mf", (), takes_visits=False),
    "river-baseline": Extra("evaluation.river_reco:baseline", (), takes_visits=False),
}


@dataclass(frozen=True)
class Field:
    """Those who take part, and why others do not."""

    makers: Mapping[str, Make]
    skipped: Mapping[str, str]

    @property
    def needs_kinds(self) -> bool:
        """Whether somebody has to be told of what kind the items are."""
        return any(map(is_varied, self.makers))


def field_of(wanted: str | None = None) -> Field:
    """Return all that can run here, or those named in `wanted`, with commas between.

    `baselines` stands for all that always run but ours, `extras` for what needs more packages.
    `blend-cap2` and `blend-mmr0.3` (with other numbers, too) are ours with the answers varied.

    >>> list(field_of("blend,popular").makers)
    ['popular', 'blend']
    """
    names = [*ALWAYS, *EXTRAS] if wanted is None else _names(wanted)
    missing = {name: EXTRAS[name].missing() for name in names if name in EXTRAS}
    skipped = {
        name: f"{', '.join(packages)} not installed (pip install 'headrace[baselines]')"
        for name, packages in missing.items()
        if packages
    }
    makers = {name: make for name, make in ALWAYS.items() if name in names}
    makers |= {n: EXTRAS[n].make for n in EXTRAS if n in names and n not in skipped}
    if "blend" in makers:
        makers["blend"] = makers.pop("blend")  # ours comes last
    makers |= {name: partial(VariedBlend, name) for name in names if is_varied(name)}
    return Field(makers, skipped)


def _names(wanted: str) -> list[str]:
    groups = {"baselines": [n for n in ALWAYS if n != "blend"], "extras": list(EXTRAS)}
    asked = [name.strip() for name in wanted.split(",") if name.strip()]
    names = [each for name in asked for each in groups.get(name, [name])]
    unknown = [n for n in names if n not in ALWAYS and n not in EXTRAS and not is_varied(n)]
    if unknown or not names:
        known = ", ".join([*groups, *ALWAYS, *EXTRAS, "blend-capN", "blend-mmr0.N"])
        raise EvaluationError(
            f"--models {wanted}: {', '.join(unknown) or 'nothing'} is none of {known}"
        )
    return names
