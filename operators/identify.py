"""Decide whose an event is: the user it names, the user its device belongs to, or the device.

Until a device is identified its events are a profile of its own, `device:ID`, and the last of
them are kept. The first event that names both makes the user adopt them, in order, and the
device's own profile end. Another user on the same device adopts nothing of the first one's.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from contracts.codec import pack
from contracts.events import subject_of
from contracts.keys import PROFILE_TTL_MS
from operators.durable import PackedMap
from operators.messages import Arrived, Attributed


class _Device(Struct, array_like=True):
    user: str | None
    seen: int
    recent: list[bytes]


_decode = msgspec.msgpack.Decoder(_Device).decode
_decode_arrived = msgspec.msgpack.Decoder(Arrived).decode

SEEN_STEP_MS = 3_600_000
"""How stale `seen` may be: writing it at every event would make every device dirty."""


class Identify:
    """One bucket of devices; `Durable`. A device is remembered for as long as a profile lives."""

    def __init__(self, adopt_events: int) -> None:
        self._adopt = adopt_events
        self._devices = PackedMap()
        self._clock = 0

    def on_batch(self, items: Sequence[Arrived], clock: int) -> list[Attributed]:
        """Return the events with whose they are: those adopted come before the adopting one."""
        self._clock = max(self._clock, clock)
        out: list[Attributed] = []
        for item in items:
            event = item.event
            if event.device is None:
                out.append(Attributed(subject_of(event.user, None), item))
            else:
                self._on_device(item, event.site, event.device, out)
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return all devices, or those that changed."""
        if full:
            self._forget()
        return pack((self._clock, self._devices.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the devices with what the parts say."""
        decoded = [msgspec.msgpack.decode(part, type=tuple[int, bytes]) for part in parts]
        self._clock = decoded[-1][0] if decoded else 0
        self._devices.load([devices for _, devices in decoded])

    def __len__(self) -> int:
        return len(self._devices)

    def _on_device(self, item: Arrived, site: str, id_: str, out: list[Attributed]) -> None:
        key = f"{site}\0{id_}"
        raw = self._devices.get(key)
        device = _decode(raw) if raw is not None else None
        if device is None or self._expired(device):
            raw, device = None, _Device(None, 0, [])
        user = item.event.user or device.user
        own = subject_of(None, id_)
        changed = item.received - device.seen > SEEN_STEP_MS
        if user is None:
            device.recent = [*device.recent, pack(item)][-self._adopt :] if self._adopt else []
            changed = True
        elif user != device.user:
            if raw is not None:
                out.extend(self._adopted(device, user, item.seq))
                out.append(Attributed(own, item, merged_into=user))
            device.user, device.recent = user, []
            changed = True
        out.append(Attributed(user or own, item))
        if changed:
            device.seen = max(device.seen, item.received)
            self._devices[key] = pack(device)

    @staticmethod
    def _adopted(device: _Device, user: str, seq: int) -> Iterator[Attributed]:
        for raw in device.recent:
            adopted = _decode_arrived(raw)
            # It takes effect now: in a replay's order it comes with the event that adopts it.
            adopted.seq = seq
            yield Attributed(user, adopted, adopted=True)

    def _forget(self) -> None:
        for key in [k for k in self._devices if self._expired(_decode(self._devices[k]))]:
            self._devices.pop(key)

    def _expired(self, device: _Device) -> bool:
        # Said by the clock alone: when `dump` takes it away depends on the wall clock.
        return device.seen < self._clock - PROFILE_TTL_MS
