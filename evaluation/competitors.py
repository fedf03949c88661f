"""Who takes part, in the order of the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from evaluation.baselines import Popular, RandomItems, Repeat, Transition, Trending
from evaluation.errors import EvaluationError
from evaluation.next_item import NextItem, Rules
from evaluation.ours import Blend
from evaluation.stream import Stream

Make = Callable[[Stream, Rules], NextItem]

ALWAYS: Final[Mapping[str, Make]] = {
    "random": lambda stream, rules: RandomItems(),
    "popular": lambda stream, rules: Popular(),
    "trending": lambda stream, rules: Trending(),
    "repeat": lambda stream, rules: Repeat(),
    "transition": lambda stream, rules: Transition(per_visit=rules.protocol == "session"),
    "blend": lambda stream, rules: Blend(stream.names, repeats=not rules.bars),
}


@dataclass(frozen=True)
class Field:
    """Those who take part, and why others do not."""

    makers: Mapping[str, Make]
    skipped: Mapping[str, str]


def field_of(wanted: str | None = None) -> Field:
    """Return all that can run here, or those named in `wanted`, with commas between.

    >>> list(field_of("blend,popular").makers)
    ['popular', 'blend']
    """
    if wanted is None:
        return Field(ALWAYS, {})
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    unknown = [name for name in names if name not in ALWAYS]
    if unknown or not names:
        raise EvaluationError(
            f"--models {wanted}: {', '.join(unknown) or 'nothing'} is none of {', '.join(ALWAYS)}"
        )
    return Field({name: make for name, make in ALWAYS.items() if name in names}, {})
