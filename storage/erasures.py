"""Erasures in the store's control keys, and taking what is known of the erased out of the store."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec
from redis.exceptions import ResponseError

from contracts import keys as names
from contracts.cloudevents import user_in
from contracts.codec import DecodeError, decode_json, unpack_profile
from contracts.erasures import Erased, Erasure, decode_erasure, encode_erasure, who_is
from contracts.events import DEVICE_PREFIX
from contracts.feedback import Case
from contracts.keys import ALIAS_MARK, ERASED_KEY, LIVE, ViewKey, control_parts
from contracts.settings import RedisSettings
from contracts.subscriptions import DeadLetter, Pending
from storage.connection import connect, place, translated
from storage.lasting import lasting
from storage.scripts import load

REVISION: Final = "revision"
_CHUNK: Final = 500
_OF_PEOPLE: Final = frozenset({"profile", "standing", "voices"})
"""Kinds of views whose id is that of a person."""


class ErasureStore:
    """The erasures, and the views and control data of the people they are of. Synchronous.

    All methods raise `StoreError`. Not for sharing between threads.
    """

    def __init__(self, settings: RedisSettings) -> None:
        """Raises `StoreRefused` if the settings are unusable; it connects at its first use."""
        self._client: Any = connect(settings)
        self._where = place(settings.url.get_secret_value())

    def all(self) -> list[Erasure]:
        """Return all erasures, those that were lifted too."""
        with translated(self._where):
            found = self._client.hgetall(ERASED_KEY)
        return erasures_in(found)

    def put(self, erasures: Iterable[Erasure]) -> None:
        """Keep erasures: each takes the place of an earlier one of the person."""
        fields = {one.key: encode_erasure(one) for one in erasures}
        with lasting(self._client, self._where) as store:
            pipe = store.pipeline(transaction=True)
            pipe.hset(ERASED_KEY, mapping=fields)
            pipe.hincrby(ERASED_KEY, REVISION, 1)
            pipe.execute()

    def ids_of(self, site: str, *ids: str) -> list[str]:
        """Return all ids of a person: the user, then the devices that were found to be theirs.

        A device, `device:ID`, that was identified stands for its user. `ids` are several where
        replays know the person under another. One pass over the store.
        """
        aliases: dict[str, set[str]] = {}
        spaces: set[str] = set()
        with translated(self._where):
            for _, key, raw in self._values(self._views(_is_device_profile)):
                spaces.add(key.namespace)
                if key.site == site and raw.startswith(ALIAS_MARK):
                    aliases.setdefault(key.id, set()).add(_text(raw[len(ALIAS_MARK) :]))
            users = dict.fromkeys(min(aliases.get(id_, {id_})) for id_ in ids)
            theirs = {device for device, of in aliases.items() if not of.isdisjoint(users)}
            found = {*ids, *users, *theirs}
            keys = [names.Keys(space) for space in {LIVE, *spaces}]
            profiles = [one.profile(site, user) for one in keys for user in users]
            for raw in self._client.mget(profiles):
                devices = [] if raw is None else unpack_profile(raw).devices
                found.update(f"{DEVICE_PREFIX}{device}" for device in devices)
        return [*users, *sorted(found - users.keys())]

    def erase(self, site: str, ids: tuple[str, ...], now: int) -> list[Erasure]:
        """Return the erasures of all that is a person's, at `now` (ms); nothing is done yet.

        `ids` are as of `ids_of`.
        """
        theirs = self.ids_of(site, *ids)
        return [Erasure(site=site, who=who_is(site, one), time=now) for one in theirs]

    def lift(self, site: str, id_: str, now: int) -> list[Erasure]:
        """Return the end, at `now` (ms), of the erasures that were asked for with this one's."""
        of_site = [one for one in self.all() if one.site == site and one.until is None]
        times = {one.time for one in of_site if one.who == who_is(site, id_)}
        return [msgspec.structs.replace(one, until=now) for one in of_site if one.time in times]

    def sweep(self, erased: Erased) -> int:
        """Delete what is known of the erased, in every namespace; return how many keys and entries.

        Passes over the keys of the store: about 3 s a million.
        """
        if not len(erased):
            return 0
        with translated(self._where):
            swept = self._drop(list(self._views_of(erased)))
            swept += self._drop(list(self._offered_to(erased)))
            swept += sum(self._trim(key, erased) for key in self._scan(names.TRIGGERS_PATTERN))
            swept += sum(self._deliver(key, erased) for key in self._scan(names.DELIVERIES_PATTERN))
        return swept

    def write_anew(self) -> bool:
        """Have the store write its append-only file anew, in the background, from what it holds.

        Else what was deleted would be in there, until the file has doubled. Returns whether it
        began: it does not while it is at it already, nor where we may not ask for it.
        """
        with translated(self._where):
            try:
                self._client.bgrewriteaof()
            except ResponseError:
                return False
        return True

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()

    def _views_of(self, erased: Erased) -> Iterator[str]:
        looked_into: list[tuple[str, ViewKey]] = []
        for name, key in self._views(lambda key: key.kind in _OF_PEOPLE or key.kind == "case"):
            if key.kind != "case" and erased.holds(key.site, key.id):
                yield name
            elif key.kind == "case" or _is_device_profile(key):
                looked_into.append((name, key))
        for name, key, raw in self._values(looked_into):
            user = _user_in(key, raw)
            if user is not None and erased.holds(key.site, user):
                yield name

    def _offered_to(self, erased: Erased) -> Iterator[str]:
        for name in self._scan(names.OFFERED_PATTERN):
            _, site, _, user = control_parts(name)
            if erased.holds(site, user):
                yield name

    def _trim(self, name: str, erased: Erased) -> int:
        site = control_parts(name)[1]
        found = [id_ for id_, one in self._stream(name) if _is_of(erased, site, one.get(b"event"))]
        return self._prune(name, found)

    def _deliver(self, name: str, erased: Erased) -> int:
        """Forget what waits for another attempt, or got none any more."""
        site, part = (control_parts(name)[index] for index in (1, -1))
        if part == "dead":
            dead = [id_ for id_, one in self._stream(name) if _is_dead_of(erased, site, one)]
            return self._prune(name, dead)
        if part != "pending":
            return 0
        ids = [
            id_
            for id_, raw in self._client.hscan_iter(name, count=_CHUNK)
            if _is_of(erased, site, _pending(raw).event)
        ]
        if ids:
            self._client.zrem(name.removesuffix(part) + "due", *ids)
            self._client.hdel(name, *ids)
        return len(ids)

    def _prune(self, name: str, ids: list[bytes]) -> int:
        return int(self._client.eval(load("prune").text, 1, name, *ids)) if ids else 0

    def _stream(self, name: str) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
        after = "-"
        while page := self._client.xrange(name, after, "+", count=_CHUNK):
            yield from page
            after = f"({page[-1][0].decode()}"

    def _views(self, wanted: Callable[[ViewKey], bool]) -> Iterator[tuple[str, ViewKey]]:
        for name in self._scan(names.VIEWS_PATTERN):
            with suppress(ValueError):
                key = names.parse(name)
                if wanted(key):
                    yield name, key

    def _values(self, found: Iterable[tuple[str, ViewKey]]) -> Iterator[tuple[str, ViewKey, bytes]]:
        for part in _chunks(list(found)):
            with translated(self._where):
                raws = self._client.mget([name for name, _ in part])
            for (name, key), raw in zip(part, raws, strict=True):
                if raw is not None:
                    yield name, key, raw

    def _scan(self, pattern: str) -> Iterator[str]:
        for key in self._client.scan_iter(match=pattern, count=1_000):
            yield key.decode()

    def _drop(self, found: list[str]) -> int:
        return sum(int(self._client.unlink(*part)) for part in _chunks(found))


def erasures_in(fields: dict[bytes, bytes]) -> list[Erasure]:
    """Return the erasures that the fields of the hash hold."""
    return [decode_erasure(raw) for name, raw in fields.items() if name != REVISION.encode()]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _is_device_profile(key: ViewKey) -> bool:
    return key.kind == "profile" and key.id.startswith(DEVICE_PREFIX)


def _user_in(key: ViewKey, raw: bytes) -> str | None:
    """Return whom a view is about that does not say so in its key."""
    if key.kind == "case":
        try:
            return _case(raw).user
        except msgspec.MsgspecError:
            return None
    return _text(raw[len(ALIAS_MARK) :]) if raw.startswith(ALIAS_MARK) else None


def _is_of(erased: Erased, site: str, event: bytes | None) -> bool:
    user = None if event is None else user_in(event)
    return user is not None and erased.holds(site, user)


def _is_dead_of(erased: Erased, site: str, entry: dict[bytes, bytes]) -> bool:
    try:
        letter = decode_json(entry.get(b"letter", b""), DeadLetter)
    except DecodeError:
        return False
    return _is_of(erased, site, bytes(letter.event))


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    for first in range(0, len(items), _CHUNK):
        yield items[first : first + _CHUNK]


_case = msgspec.msgpack.Decoder(Case).decode
_pending = msgspec.msgpack.Decoder(Pending).decode
