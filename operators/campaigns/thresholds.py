"""What waits for a number, or a text, to pass a value: found by halving, as slices of arrays."""

import operator
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from operators.campaigns.index import Guard
from operators.campaigns.sieve import Spec, Worth

Orders = NDArray[np.intp]
"""Conditions, by their order."""
NONE: Final[Orders] = np.empty(0, np.intp)


class Thresholds:
    """What waits for one number, or one text, to pass a value.

    >>> waiting = Thresholds()
    >>> waiting.add(">=", 3, 7)
    >>> waiting.settle()
    >>> [found.tolist() for found in waiting.passed(2.0, 3.0)]
    [[7]]
    >>> [found.tolist() for found in waiting.passed(3.0, 4.0)]
    []
    """

    def __init__(self) -> None:
        self._added: dict[tuple[str, Any], list[int]] = defaultdict(list)
        self._exact: dict[tuple[str, Any], Orders] = {}
        self._sorted: dict[str, tuple[list[Any], Orders]] = {}

    def add(self, sign: str, value: Any, order: int) -> None:
        """Let a condition wait for `fact sign value` to become true."""
        self._added[sign, value].append(order)

    def passed(self, old: Any, new: Any) -> Iterator[Orders]:
        """Yield what waits for a value that was passed, or reached, from `old` to `new`."""
        for exact in (("==", new), ("!=", old)):
            if exact in self._exact:
                yield self._exact[exact]
        for sign, (values, orders) in self._sorted.items():
            if sign == ">=":  # old < value <= new
                begin, end = bisect_right(values, old), bisect_right(values, new)
            elif sign == ">":  # old <= value < new
                begin, end = bisect_left(values, old), bisect_left(values, new)
            elif sign == "<=":  # new <= value < old
                begin, end = bisect_left(values, new), bisect_left(values, old)
            else:  # new < value <= old
                begin, end = bisect_right(values, new), bisect_right(values, old)
            if begin < end:
                yield orders[begin:end]

    def settle(self) -> None:
        """Sort what was added: before it is asked for, and once."""
        pairs: dict[str, list[tuple[Any, int]]] = defaultdict(list)
        for (sign, value), orders in self._added.items():
            if sign in ("==", "!="):
                self._exact[sign, value] = np.array(orders, np.intp)
            else:
                pairs[sign] += [(value, order) for order in orders]
        for sign, found in pairs.items():
            found.sort()
            values = [value for value, _ in found]
            self._sorted[sign] = values, np.array([order for _, order in found], np.intp)
        self._added.clear()


class Parted:
    """Thresholds of one fact or count, in parts by what else has to hold.

    Of many conditions that wait for one number, most also ask for a segment, or that something was
    not done: a part is for one segment, or one such answer; the others are not gone through.
    """

    def __init__(self) -> None:
        self._parts: dict[Any, Thresholds] = defaultdict(Thresholds)
        self._facts: set[str] = set()
        self._seen: set[Spec] = set()

    def add(self, sign: str, value: Any, order: int, guards: Sequence[Guard], own: Any) -> None:
        """Let a condition with these guards wait; `own` is the fact or count itself."""
        part: Any = None
        for what, compare, other in guards:
            if type(what) is tuple and what[0] == "seen":
                part = part or (what, compare is operator.gt)
            elif compare is operator.eq and type(what) is str and what != own:
                part = (what, other)
        if part is not None:
            (self._facts if type(part[0]) is str else self._seen).add(part[0])
        self._parts[part].add(sign, value, order)

    def settle(self) -> None:
        """Sort what was added: before it is asked for, and once."""
        for part in self._parts.values():
            part.settle()

    def passed(self, old: Any, new: Any, worth: Worth) -> Iterator[Orders]:
        """Yield those whose number was passed from `old` to `new`, and whose part it is."""
        parts: list[Any] = [None]
        parts += [(name, worth.fact(name)) for name in self._facts]
        parts += [(spec, worth.counted(spec) > 0) for spec in self._seen]
        for part in parts:
            waiting = self._parts.get(part)
            if waiting is not None:
                yield from waiting.passed(old, new)
