"""Segments that somebody names by id, beside those that there are: ids come and go."""

from collections.abc import Collection, Iterable

from contracts.decisions import Segment


class KnownSegments:
    """The segments of a site, as they are now.

    >>> known = KnownSegments([Segment(id="s1", name="browsers", size=1, share=1.0)])
    >>> known.warnings("audience", ["s1", "s2"])
    ["audience: there is no segment 's2' now; there are: s1 (browsers)"]
    >>> known.warnings("audience", ["browsers"])
    ["audience: 'browsers' is a name, which may change; its id is 's1'"]
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._names = {one.id: one.name for one in segments}

    def warnings(self, field: str, ids: Collection[str]) -> list[str]:
        """Return what is wrong with ids that a field names: misspelt, not there yet, or gone."""
        by_name = {name: id_ for id_, name in self._names.items()}
        listed = ", ".join(f"{id_} ({name})" for id_, name in self._names.items()) or "none"
        return [
            f"{field}: {id_!r} is a name, which may change; its id is {by_name[id_]!r}"
            if id_ in by_name
            else f"{field}: there is no segment {id_!r} now; there are: {listed}"
            for id_ in ids
            if id_ not in self._names
        ]
