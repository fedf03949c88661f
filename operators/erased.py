"""Forgetting people: what state that knows any is asked when somebody was erased."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from operators.durable import PackedMap

IsGone = Callable[[str, str], bool]
"""Says of a site and an id whether all that is known of the person is to go."""


@runtime_checkable
class Forgets(Protocol):
    """State that knows people, and can forget them."""

    def forget(self, gone: IsGone) -> Any:
        """Forget the people who are gone."""


def forget_people(people: PackedMap, gone: IsGone) -> list[tuple[str, str]]:
    r"""Take the erased out of a map by `SITE\0ID`; return who they were.

    >>> people = PackedMap()
    >>> people["shop\0ada"], people["shop\0bob"] = b"1", b"2"
    >>> forget_people(people, lambda site, id_: id_ == "ada"), list(people)
    ([('shop', 'ada')], ['shop\x00bob'])
    """
    found = []
    for key in list(people):
        site, _, id_ = key.partition("\0")
        if gone(site, id_):
            people.pop(key)
            found.append((site, id_))
    return found
