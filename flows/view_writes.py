"""From the graph's views to what the store is told: keys, lifetimes, and the catalogue's log."""

from collections.abc import Callable, Iterable

from contracts.keys import (
    EVERY_SITE,
    ITEM_TTL_MS,
    PROFILE_TTL_MS,
    Keys,
    catalog_page_of,
)
from operators.messages import View
from storage.writes import (
    CATALOG_LOG_LENGTH,
    AddMembers,
    Append,
    DeleteView,
    SetFields,
    SetView,
    Write,
)


class ViewWrites:
    """Turns views of one namespace into writes."""

    def __init__(self, namespace: str) -> None:
        keys = Keys(namespace)
        self._keys = keys
        self._sites: set[str] = set()
        self._kinds: dict[str, tuple[Callable[[str, str], str], int | None]] = {
            "profile": (keys.profile, PROFILE_TTL_MS),
            "standing": (keys.standing, PROFILE_TTL_MS),
            "near": (lambda site, item: keys.neighbours_of(site, int(item, 16)), ITEM_TTL_MS),
            "top": (keys.top, None),
            "segments": (lambda site, _: keys.segments(site), None),
            "rules": (keys.rules, ITEM_TTL_MS),
            "concept": (keys.concept, ITEM_TTL_MS),
            "concepts": (lambda site, _: keys.concepts(site), None),
            "model": (keys.model, None),
            "weights": (lambda site, _: keys.weights(site), None),
            "rank-weights": (lambda site, _: keys.rank_weights(site), None),
            "bandit": (keys.bandit, None),
            "case": (keys.case, PROFILE_TTL_MS),
            "cases": (keys.cases, None),
            "voices": (keys.voices, PROFILE_TTL_MS),
            "contentment": (
                lambda site, name: keys.contentment(site, *name.split("/", 1)),
                ITEM_TTL_MS,
            ),
            "feedback": (lambda site, _: keys.feedback(site), None),
            "track": (lambda site, item: keys.track(site, int(item, 16)), ITEM_TTL_MS),
            "results": (lambda site, id_: keys.results(site, *id_.rsplit("/", 1)), None),
            "course": (lambda site, id_: keys.course(site, *id_.rsplit("/", 1)), None),
            "campaigns": (lambda _, bucket: keys.campaigns(bucket), None),
            "ends": (lambda _, owner: keys.ends(*owner.split("/", 1)), None),
        }

    def __call__(self, views: Iterable[View]) -> list[Write]:
        """Return the writes that make the store hold `views`."""
        writes: list[Write] = []
        for view in views:
            if view.site != EVERY_SITE and view.site not in self._sites:
                self._sites.add(view.site)
                writes.append(AddMembers(self._keys.sites(), [view.site]))
            writes += self._one(view)
        return writes

    def _one(self, view: View) -> list[Write]:
        if view.kind == "catalog":
            return self._catalog(view)
        key_of, ttl = self._kinds[view.kind]
        key = key_of(view.site, view.id)
        return [DeleteView(key) if view.value is None else SetView(key, view.value, ttl)]

    def _catalog(self, view: View) -> list[Write]:
        page = self._keys.catalog_page(view.site, catalog_page_of(view.id))
        return [
            SetFields(page, {view.id: view.value or b""}),
            Append(
                self._keys.catalog_log(view.site), {"item": view.id.encode()}, CATALOG_LOG_LENGTH
            ),
        ]
