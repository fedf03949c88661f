"""Two clusters that write one namespace: each start of the one ends the run of the other."""

from dataclasses import dataclass


@dataclass
class Rivals:
    """Counts how often in a row a run was replaced soon after its start, and says when to give way.

    To be replaced once is a restart, or a handover. One that had run for `settled_seconds` is four
    times as patient, so that it is whoever came last that ends.

    >>> late, settled = Rivals(limit=3), Rivals(limit=3)
    >>> [late.ended(after=4.0, replaced=True) for _ in range(3)]
    [False, False, True]
    >>> [settled.ended(after=seconds, replaced=True) for seconds in (900.0, 4.0, 4.0, 4.0)]
    [False, False, False, False]
    """

    limit: int = 3
    settled_seconds: float = 60.0
    replaced: int = 0
    _settled: bool = False

    def ended(self, after: float, replaced: bool) -> bool:
        """Note that a run ended `after` so many seconds; return whether it is time to give way."""
        if after >= self.settled_seconds:
            self._settled, self.replaced = True, 0
        self.replaced = self.replaced + 1 if replaced else 0
        return self.replaced >= self.limit * (4 if self._settled else 1)
