"""Some of a site's people as views have them, drawn by the store's own order of keys."""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from contracts.keys import Keys, control_parts, parse, run_key
from contracts.settings import RedisSettings
from storage.connection import connect, place, translated
from storage.control import Control
from storage.views import Person, is_alias

KEYS_A_LOOK: Final = 2_000
LOOKS: Final = 500
"""So many keys of the store are passed over, at most a million: about a second."""
ENOUGH: Final = 50


class Sample(NamedTuple):
    """A page of people; `whole` once all that there are were in this page or one before."""

    people: list[Person]
    whole: bool


async def people_of(control: Control, keys: Keys, site: str) -> AsyncIterator[Sample]:
    """Yield people page by page; devices that became a user's are not among them.

    The order is that of hashes of keys, which has nothing to do with who people are; a key may come
    twice while the store grows. Raises `StoreError`. Two round trips a page.
    """
    start, cursor = keys.profile(site, ""), 0
    for _ in range(LOOKS):
        cursor, names = await _look(control, cursor, f"{start}*")
        yield Sample(await _read(control, keys, site, names), not cursor)
        if not cursor:
            return


def some_people(store: RedisSettings, namespace: str) -> list[tuple[str, str]]:
    """Return the sites and ids of a few people of a namespace, devices among them.

    Empty if there are none in the first million keys. Raises `StoreError`.
    """
    pattern = f"{Keys(namespace).pattern}:profile:*"
    cursor, names = 0, []
    # Typed loosely: the types that redis-py gives its answers change between its majors.
    client: Any = connect(store)
    with client, translated(place(store.url.get_secret_value())):
        for _ in range(LOOKS):
            cursor, names = client.scan(cursor, pattern, KEYS_A_LOOK)
            if names or not cursor:
                break
    return [(key.site, key.id) for key in (parse(name.decode()) for name in names[:ENOUGH])]


async def _read(control: Control, keys: Keys, site: str, names: list[str]) -> list[Person]:
    if not names:
        return []
    ids = [parse(name).id for name in names]
    raw = await control.ask("MGET", *names, *(keys.standing(site, id_) for id_ in ids))
    pairs = zip(ids, raw[: len(ids)], raw[len(ids) :], strict=True)
    return [Person(id_, one, two) for id_, one, two in pairs if one and not is_alias(one)]


async def namespaces_of(control: Control) -> list[str]:
    """Return the namespaces that a run ever wrote, by name. Raises `StoreError`."""
    found: set[str] = set()
    cursor = 0
    for _ in range(LOOKS):
        cursor, names = await _look(control, cursor, f"{run_key('')}*")
        found.update(control_parts(name)[-1] for name in names)
        if not cursor:
            break
    return sorted(found)


async def _look(control: Control, cursor: int, pattern: str) -> tuple[int, list[str]]:
    after, names = await control.ask("SCAN", cursor, "MATCH", pattern, "COUNT", KEYS_A_LOOK)
    return int(after), [name.decode() for name in names]
