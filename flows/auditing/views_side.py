"""Whether the views show at least what the dataflow's state held before they were read."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from contracts.codec import load_json, unpack_profile
from contracts.keys import Keys
from contracts.profile import Profile
from flows.auditing.cut import Cut, Owner
from operators.messages import Ends
from storage.views import is_alias

CHUNK: Final = 500
SHOWN: Final = 5


class ViewsSide:
    """Compares one namespace's views with a cut that is older than they are.

    `get_many` returns what plain keys hold. A view may be ahead of the cut and never behind: one
    that is has lost a write that the flow was told was kept.
    """

    def __init__(self, get_many: Any, namespace: str) -> None:
        self._get_many = get_many
        self._keys = Keys(namespace)
        self.people = 0

    def behind(self, cut: Cut, every: int = 1) -> list[str]:
        """Return what the views lack, in words; of people only one in `every` is looked at."""
        owners, people = list(self._owners(cut.owners)), list(self._people(cut.profiles(), every))
        return [*_summed("counts of ends", owners), *_summed("profiles", people)]

    def _owners(self, owners: Iterable[Owner]) -> Iterator[str]:
        for chunk in _chunks(owners):
            keys = [self._keys.ends(owner.stage, owner.key) for owner in chunk]
            for owner, raw in zip(chunk, self._get_many(keys), strict=True):
                told = load_json(raw) if raw is not None else {}
                for name, held, shown in _counts(owner.ends, told):
                    if shown < held:
                        yield f"{owner.stage}/{owner.key} shows {shown:,} {name} of {held:,}"

    def _people(self, people: Iterable[Profile], every: int) -> Iterator[str]:
        for chunk in _chunks(islice(people, 0, None, every)):
            self.people += len(chunk)
            keys = [self._keys.profile(profile.site, profile.id) for profile in chunk]
            for profile, raw in zip(chunk, self._get_many(keys), strict=True):
                if is_alias(raw):
                    continue  # a device that was identified meanwhile
                shown = unpack_profile(raw).events if raw is not None else 0
                if shown < profile.events:
                    who = f"{profile.site}/{profile.id}"
                    yield f"{who} shows {shown:,} events of {profile.events:,}"


def _counts(ends: Ends, told: Any) -> Iterator[tuple[str, int, int]]:
    yield "applied", ends.applied, told.get("applied", 0)
    yield "duplicate", ends.duplicate, told.get("duplicate", 0)
    yield "rejected", sum(ends.rejected.values()), sum(told.get("rejected", {}).values())
    yield "withheld", sum(ends.withheld.values()), sum(told.get("withheld", {}).values())


def _summed(what: str, found: Sequence[str]) -> list[str]:
    if not found:
        return []
    more = f", and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return [f"views: {len(found):,} {what} are behind the flow: {', '.join(found[:SHOWN])}{more}"]


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(items)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
