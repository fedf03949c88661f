"""All that the store knows of a person, in a form that the person can read."""

from typing import Any, Final

import msgspec

from contracts import keys as names
from contracts.cloudevents import user_in
from contracts.codec import load_json, unpack_profile, unpack_standing
from contracts.feedback import Case, Voice
from contracts.keys import LIVE, SERVED_KEY, Keys, control_parts, triggers_key
from contracts.past import Past, told
from contracts.settings import RedisSettings
from contracts.subscriptions import Pending
from storage.connection import connect, place, translated
from storage.erasures import ErasureStore

_CHUNK: Final = 500
_HIDDEN: Final = frozenset({"v"})


class PeopleStore:
    """Reads what is known of people, from views and control data. Raises `StoreError`."""

    def __init__(self, settings: RedisSettings) -> None:
        """Raises `StoreRefused` if the settings are unusable; it connects at its first use."""
        self._client: Any = connect(settings)
        self._where = place(settings.url.get_secret_value())
        self._erasures = ErasureStore(settings)

    def export(self, site: str, ids: tuple[str, ...], now: int) -> dict[str, Any]:
        """Return what is known, in the namespace that is served, as plain values; `now` in ms.

        `ids` are what a person may be stored under: the first that is known counts. Several passes
        over the keys of the store: about 5 s a million.
        """
        known = (told for told in (self._export(site, id_, now) for id_ in ids) if told["profiles"])
        return next(known, None) or self._export(site, ids[0], now)

    def _export(self, site: str, id_: str, now: int) -> dict[str, Any]:
        user, *devices = self._erasures.ids_of(site, id_)
        with translated(self._where):
            raw = self._client.get(SERVED_KEY)
            keys = Keys(LIVE if raw is None else raw.decode())
            people = [user, *devices]
            return {
                "site": site,
                "user": user,
                "devices": devices,
                "exported": now,
                "profiles": self._views([keys.profile(site, one) for one in people], _profile),
                "standings": self._views([keys.standing(site, one) for one in people], _standing),
                "said": self._views([keys.voices(site, one) for one in people], _voices),
                "cases": self._cases(keys, site, set(people)),
                "triggers": self._triggers(site, set(people)),
                "webhooks_waiting": self._waiting(site, set(people)),
                "offers_made": self._offers(site, set(people)),
            }

    def close(self) -> None:
        """Give back the connections."""
        self._erasures.close()
        self._client.close()

    def _views(self, keys: list[str], read: Any) -> list[Any]:
        found = [read(raw) for raw in self._client.mget(keys) if raw is not None]
        return [readable(one) for one in found if one is not None]

    def _cases(self, keys: Keys, site: str, people: set[str]) -> list[Any]:
        found = []
        pattern = keys.pattern
        for name in self._client.scan_iter(match=pattern, count=1_000):
            key = names.parse(name.decode())
            if key.kind == "case" and key.site == site:
                raw = self._client.get(name)
                case = None if raw is None else _case(raw)
                if case is not None and case.user in people:
                    found.append(readable(case))
        return sorted(found, key=lambda case: (case["opened"], case["id"]))

    def _triggers(self, site: str, people: set[str]) -> list[Any]:
        found, after = [], "-"
        while page := self._client.xrange(triggers_key(site), after, "+", count=_CHUNK):
            after = f"({page[-1][0].decode()}"
            events = [fields[b"event"] for _, fields in page if b"event" in fields]
            found += [load_json(event) for event in events if user_in(event) in people]
        return found

    def _waiting(self, site: str, people: set[str]) -> list[Any]:
        found = []
        for name in self._client.scan_iter(match=names.DELIVERIES_PATTERN, count=1_000):
            _, of_site, subscription, part = control_parts(name.decode())
            if part == "pending" and of_site == site:
                for _, raw in self._client.hscan_iter(name, count=_CHUNK):
                    event = _pending(raw).event
                    if user_in(event) in people:
                        found.append({"subscription": subscription, "event": load_json(event)})
        return found

    def _offers(self, site: str, people: set[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in self._client.scan_iter(match=names.OFFERED_PATTERN, count=1_000):
            _, of_site, offer, user = control_parts(name.decode())
            if of_site == site and user in people:
                found[offer] = found.get(offer, 0) + int(self._client.get(name) or 0)
        return found


def readable(value: Any) -> Any:
    """Return a contract as plain values, with the names of its fields.

    >>> readable(Voice("e1", "rating", 5, value=4.0))["value"]
    4.0
    """
    if isinstance(value, Past):
        return told(value)
    if isinstance(value, msgspec.Struct):
        fields = [name for name in value.__struct_fields__ if name not in _HIDDEN]
        return {name: readable(getattr(value, name)) for name in fields}
    if isinstance(value, dict):
        return {str(name): readable(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(one) for one in value]
    return value


def _profile(raw: bytes) -> Any:
    return None if raw.startswith(names.ALIAS_MARK) else unpack_profile(raw)


def _standing(raw: bytes) -> Any:
    return unpack_standing(raw)


_voices = msgspec.msgpack.Decoder(list[Voice]).decode
_case = msgspec.msgpack.Decoder(Case).decode
_pending = msgspec.msgpack.Decoder(Pending).decode
