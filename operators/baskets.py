"""From applied events to what rules and concepts learn from: windows of touches, and orders.

A window is five different items that a person touched one after another, or as many as came before
a day of silence, with what was searched for meanwhile. An order is taught as its lines come.
"""

import heapq
import struct
from collections.abc import Sequence
from typing import Final

import msgspec

from contracts.codec import pack
from contracts.events import Event
from contracts.settings import FlowSettings
from operators.durable import PackedMap
from operators.erased import IsGone, forget_people
from operators.examples import Bought, Touched, Window
from operators.messages import Arrived
from operators.profile import Applied

WINDOW_ITEMS: Final = 5
SILENCE_MS: Final = 86_400_000
ORDER_MS: Final = 3_600_000
"""Lines of an order that come later than this after its last line are taken for another order."""

ORDER_ITEMS: Final = 101
"""Items of an order that are remembered: one more than any rule learns from."""

TAGS: Final = 4
TAG: Final = 64
QUERY: Final = 256

ENGAGED: Final = frozenset(("view", "click", "share", "like", "add_to_cart", "purchase", "rating"))

_HEAD: Final = struct.Struct("<qqBB")
"""Time and number of the last touch, how many items, how many entries; the entries follow."""

_MAX_ENTRIES: Final = 15
"""What fits into a short MessagePack array; further queries of one window are left out."""


class BasketExamples:
    """One bucket's open windows and orders; `Durable`. An observer of profiles.

    Cost: about 2 us a touch. At most 15 entries a person who was here within a day, and 101 items
    one who bought within an hour.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self._windows = PackedMap()
        self._orders = PackedMap()
        self._deadlines: list[tuple[int, int, str]] = []
        # One that is set too early is looked at then, and set anew: one for each that is open.
        self._due: dict[tuple[int, str], int] = {}
        self._bought: dict[tuple[str, str], Bought] = {}
        self._out: list[Window | Bought] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event; late and adopted ones teach nothing."""
        arrived = applied.arrived
        event = arrived.event
        if applied.adopted or arrived.late:
            return
        searched = event.query if event.type == "search" else None
        engaged = event.item is not None and event.type in ENGAGED
        if not engaged and not searched:
            return
        key = f"{event.site}\0{applied.profile.id}"
        if searched:
            self._add(key, arrived, Touched("", searched[:QUERY]))
        if engaged and event.item is not None:
            tags = [tag[:TAG] for tag in arrived.tags[:TAGS]]
            touched = Touched(event.item, arrived.title, arrived.category, arrived.brand, tags)
            self._add(key, arrived, touched)
            if event.type == "purchase":
                self._buy(key, event, event.item, arrived.seq)

    def take(self, clock: int) -> list[Window | Bought]:
        """Return what came of the batch, and close what is over at `clock` (ms)."""
        for (key, name), bought in self._bought.items():
            whole = [*bought.before, *bought.items][:ORDER_ITEMS]
            self._keep_order(key, name, bought.time, whole)
            self._out.append(bought)
        self._bought = {}
        while self._deadlines and self._deadlines[0][0] <= clock:
            due, kind, key = heapq.heappop(self._deadlines)
            if self._due.get((kind, key)) == due:
                del self._due[kind, key]
                self._expire(kind, key, clock)
        out, self._out = self._out, []
        return out

    def forget(self, gone: IsGone) -> None:
        """Forget what is open of people who are gone: their windows teach nothing."""
        forget_people(self._windows, gone)
        forget_people(self._orders, gone)

    def dump(self, *, full: bool) -> bytes:
        """Return what is open, or what changed of it."""
        return pack((self._windows.dump(full=full), self._orders.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what is open with what the parts say."""
        decoded = [_parts(part) for part in parts]
        self._windows.load([windows for windows, _ in decoded])
        self._orders.load([orders for _, orders in decoded])
        self._deadlines = [
            (self._deadline(kind, key), kind, key)
            for kind, open_ in enumerate((self._windows, self._orders))
            for key in open_
        ]
        heapq.heapify(self._deadlines)
        self._due = {(kind, key): due for due, kind, key in self._deadlines}

    def _add(self, key: str, arrived: Arrived, touched: Touched) -> None:
        time, seq = arrived.event.time, arrived.seq
        raw = self._windows.get(key)
        items = entries = 0
        body = b""
        if raw is None:
            self._time(0, key, time + SILENCE_MS)
        else:
            last, _, items, entries = _HEAD.unpack_from(raw)
            body = raw[_HEAD.size :]
            if time > last + SILENCE_MS:
                self._close(key, raw)
                items, entries, body = 0, 0, b""
            time = max(time, last)
        entry = pack(touched)
        # The same item again, as from its view to the cart, is no other item.
        if entry not in body and entries < _MAX_ENTRIES:
            items, entries, body = items + bool(touched.item), entries + 1, body + entry
        whole = _HEAD.pack(time, seq, items, entries) + body
        if items >= WINDOW_ITEMS or entries >= _MAX_ENTRIES:
            self._close(key, whole)
            self._windows.pop(key)
        else:
            self._windows[key] = whole

    def _close(self, key: str, raw: bytes) -> None:
        site, _, user = key.partition("\0")
        time, seq, _, entries = _HEAD.unpack_from(raw)
        touched = _touched(bytes([0x90 | entries]) + raw[_HEAD.size :])
        self._out.append(Window(site, user, seq, time, touched))

    def _buy(self, key: str, event: Event, item: str, seq: int) -> None:
        # As orders are told apart in a profile: by id, else by their moment.
        name = event.order or f"@{event.time}"
        bought = self._bought.get((key, name))
        if bought is None:
            site, _, user = key.partition("\0")
            before = self._order(key, name, event.time)
            bought = self._bought[key, name] = Bought(site, user, seq, event.time, [], before)
        bought.seq, bought.time = max(bought.seq, seq), max(bought.time, event.time)
        if item not in bought.items and item not in bought.before:
            bought.items.append(item)

    def _order(self, key: str, name: str, time: int) -> list[str]:
        raw = self._orders.get(key)
        if raw is None:
            return []
        known, last, items = _order(raw)
        return items if known == name and time <= last + ORDER_MS else []

    def _keep_order(self, key: str, name: str, time: int, items: list[str]) -> None:
        if self._orders.get(key) is None:
            self._time(1, key, time + ORDER_MS)
        self._orders[key] = pack((name, time, items))

    def _time(self, kind: int, key: str, deadline: int) -> None:
        known = self._due.get((kind, key))
        if known is None or deadline < known:
            self._due[kind, key] = deadline
            heapq.heappush(self._deadlines, (deadline, kind, key))

    def _deadline(self, kind: int, key: str) -> int:
        if kind == 0:
            last: int = _HEAD.unpack_from(self._windows[key])[0]
            return last + SILENCE_MS
        return _order(self._orders[key])[1] + ORDER_MS

    def _expire(self, kind: int, key: str, clock: int) -> None:
        open_ = self._orders if kind else self._windows
        raw = open_.get(key)
        if raw is None:
            return
        deadline = self._deadline(kind, key)
        if deadline > clock:
            self._time(kind, key, deadline)
            return
        open_.pop(key)
        if kind == 0:
            self._close(key, raw)


_parts = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode
_touched = msgspec.msgpack.Decoder(list[Touched]).decode
_order = msgspec.msgpack.Decoder(tuple[str, int, list[str]]).decode
