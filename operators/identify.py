"""Decide whose an event is: the user it names, the user its device belongs to, or the device.

Until a device is identified its events are a profile of its own, `device:ID`, and the last of
them are kept. The first event that names both makes the user adopt them, in order, and the
device's own profile end. Another user on the same device adopts nothing of the first one's.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from contracts.codec import pack
from contracts.erasures import Erased
from contracts.events import refuses, subject_of
from contracts.keys import PROFILE_TTL_MS
from operators.durable import PackedMap
from operators.erased import IsGone
from operators.messages import Arrived, Attributed


class _Device(Struct, array_like=True, gc=False):
    user: str | None
    seen: int
    refused: bool = False


_decode = msgspec.msgpack.Decoder(_Device).decode
_parts = msgspec.msgpack.Decoder(tuple[int, bytes, dict[str, list[bytes] | None]])
_decode_arrived = msgspec.msgpack.Decoder(Arrived).decode

SEEN_STEP_MS = 3_600_000
"""How stale `seen` may be: writing it at every event would make every device dirty."""


class Identify:
    """One bucket of devices; `Durable`. A device is remembered for as long as a profile lives."""

    def __init__(self, adopt_events: int, erased: Erased | None = None) -> None:
        self._adopt = adopt_events
        self._erased = Erased() if erased is None else erased
        self._devices = PackedMap()
        # Beside the devices, and not inside: adding an event then costs the same, however many.
        self._waiting: dict[str, list[bytes]] = {}
        self._changed: set[str] = set()
        self._clock = 0

    def on_batch(self, items: Sequence[Arrived], clock: int) -> list[Attributed]:
        """Return the events with whose they are: those adopted come before the adopting one."""
        self._clock = max(self._clock, clock)
        out: list[Attributed] = []
        for item in items:
            event = item.event
            own = subject_of(event.user, event.device)
            if self._erased.withholds(event.site, own, item.received):
                # Before a device can say whose it is: nothing may be kept of it.
                out.append(Attributed(own, item, erased=True))
            elif event.device is None:
                out.append(Attributed(subject_of(event.user, None), item))
            else:
                self._on_device(item, event.site, event.device, out)
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return all devices, or those that changed."""
        if full:
            self._forget()
        keys = self._waiting if full else self._changed
        waiting = {key: self._waiting.get(key) for key in keys}
        self._changed = set()
        return pack((self._clock, self._devices.dump(full=full), waiting))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the devices with what the parts say."""
        decoded = [_parts.decode(part) for part in parts]
        self._clock = decoded[-1][0] if decoded else 0
        self._devices.load([devices for _, devices, _ in decoded])
        merged = {key: events for _, _, waiting in decoded for key, events in waiting.items()}
        self._waiting = {key: events for key, events in merged.items() if events is not None}
        self._changed = set()

    def forget(self, gone: IsGone) -> None:
        """Forget devices that are gone, and those of users who are."""
        for key in list(self._devices):
            site, _, id_ = key.partition("\0")
            user = _decode(self._devices[key]).user
            if gone(site, subject_of(None, id_)) or (user is not None and gone(site, user)):
                self._devices.pop(key)
                self._drop(key)

    def __len__(self) -> int:
        return len(self._devices)

    def _on_device(self, item: Arrived, site: str, id_: str, out: list[Attributed]) -> None:
        key = f"{site}\0{id_}"
        raw = self._devices.get(key)
        device = _decode(raw) if raw is not None else None
        if device is None or self._expired(device):
            raw, device = None, _Device(None, 0)
            self._drop(key)
        user = item.event.user or device.user
        own = subject_of(None, id_)
        changed = item.received - device.seen > SEEN_STEP_MS
        said = refuses(item.event)
        if said is not None and said != device.refused:
            device.refused, changed = said, True
        if device.refused:
            self._drop(key)  # what was withheld is not to be adopted either
        if user is None:
            if not device.refused:
                self._keep(key, item)
        elif user != device.user:
            if raw is not None:
                out.append(Attributed(user, item, merged_from=own))
                out.extend(self._adopted(key, user, item.seq))
                out.append(Attributed(own, item, merged_into=user))
            self._drop(key)
            device.user = user
            changed = True
        out.append(Attributed(user or own, item, refused=device.refused))
        if changed:
            device.seen = max(device.seen, item.received)
            self._devices[key] = pack(device)

    def _keep(self, key: str, item: Arrived) -> None:
        if self._adopt:
            waiting = self._waiting.setdefault(key, [])
            waiting.append(pack(item))
            del waiting[: -self._adopt]
            self._changed.add(key)

    def _drop(self, key: str) -> None:
        if self._waiting.pop(key, None) is not None:
            self._changed.add(key)

    def _adopted(self, key: str, user: str, seq: int) -> Iterator[Attributed]:
        for raw in self._waiting.get(key, ()):
            adopted = _decode_arrived(raw)
            # It takes effect now: in a replay's order it comes with the event that adopts it.
            adopted.seq = seq
            yield Attributed(user, adopted, adopted=True)

    def _forget(self) -> None:
        for key in [k for k in self._devices if self._expired(_decode(self._devices[k]))]:
            self._devices.pop(key)
            self._drop(key)

    def _expired(self, device: _Device) -> bool:
        # Said by the clock alone: when `dump` takes it away depends on the wall clock.
        return device.seen < self._clock - PROFILE_TTL_MS
