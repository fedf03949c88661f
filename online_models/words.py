"""One spelling for what people spell in many: names of concepts, words of titles and queries.

>>> concept_name("Crème  Brûlées!"), path_of("Home & Garden > Kettles")
('creme brulee', ('home garden', 'kettle'))
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_NAME: Final = 64
MAX_WORDS: Final = 8
MAX_DEPTH: Final = 6
MIN_LETTERS: Final = 3

_word = re.compile(r"[^\W_]+")
_step = re.compile(r"[>/|]+")

STOP_WORDS: Final = frozenset(
    (
        *("and", "the", "for", "with", "from", "into", "out", "off", "over", "under", "all", "any"),
        *("our", "your", "you", "are", "not", "but", "his", "her", "its", "this", "that", "per"),
        *("set", "pack", "new", "und", "der", "die", "das", "mit", "pour", "les", "des", "con"),
    )
)
"""Words too common to be about anything. One that is in every window relates to nothing anyway."""


@lru_cache(maxsize=16_384)
def concept_name(text: str) -> str:
    """Return the one spelling of a name: case, accents, punctuation and plurals are taken off.

    Empty if there is nothing to name; at most `MAX_NAME` characters. Cost: 5 us, 0.1 us for one
    of the last 16,384.
    """
    return " ".join(map(singular, _split(text)))[:MAX_NAME].rstrip()


def words_of(text: str, limit: int = MAX_WORDS) -> list[str]:
    """Return the words of a title or query that may be about something, each once, in order.

    >>> words_of("Set of 6 Glass Jars, with lids")
    ['glass', 'jar', 'lid']
    """
    return list(_words(text))[:limit]


@lru_cache(maxsize=16_384)
def path_of(category: str) -> tuple[str, ...]:
    """Return the names on a category's path, widest first: `a > b`, `a/b` and `a|b` are paths.

    >>> path_of("Garden/Tools/Rakes"), path_of("DVDs")
    (('garden', 'tool', 'rake'), ('dvd',))
    """
    names = map(concept_name, _step.split(category)[:MAX_DEPTH])
    return tuple(dict.fromkeys(name for name in names if name))


def singular(word: str) -> str:
    """Return an English noun without its plural ending (Harman's "S" stemmer, JASIS 1991).

    >>> [singular(word) for word in ("berries", "dishes", "cups", "glass", "bus", "shoes")]
    ['berry', 'dish', 'cup', 'glass', 'bus', 'shoe']
    """
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("shes", "ches", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=16_384)
def _words(text: str) -> tuple[str, ...]:
    kept = (
        singular(word)
        for word in _split(text)
        if len(word) >= MIN_LETTERS and not word.isdigit() and word not in STOP_WORDS
    )
    return tuple(dict.fromkeys(word[:MAX_NAME] for word in kept))


def _split(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text[:1_024]).casefold().replace("'s", "")
    return _word.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))
