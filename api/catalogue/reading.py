"""Posted bytes to item records, each with its own reason if it is bad."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from api.collect.connection import Record
from api.collect.parsing import is_list, split, strict
from contracts.codec import DecodeError, decode_json, encode_json
from contracts.events import Item
from contracts.keys import CATALOG_TOPIC

MAX_ITEM_BYTES: Final = 32_768
FIELDS: Final = frozenset(Item.__struct_fields__)


class Outcome(NamedTuple):
    """What became of the record at `at` of a list, or of a single one: `item`, or `error`."""

    at: int
    item: Item | None
    error: DecodeError | None = None


def read_items(body: bytes, site: str, received: int) -> Iterator[Outcome]:
    """Yield the outcomes of an item record, or of a list of them; raise `DecodeError` for neither.

    >>> [(one.at, one.item.id) for one in read_items(b'[{"id": "kettle"}]', "shop", 7)]
    [(0, 'kettle')]
    """
    for at, raw in enumerate(split(body) if is_list(body) else [body]):
        try:
            yield Outcome(at, item_of(bytes(raw), site, received))
        except DecodeError as error:
            yield Outcome(at, None, error)


def item_of(raw: bytes, site: str, received: int) -> Item:
    """Return an item as one of `site`, in force from `received` (ms) if it says no time.

    Fields that an item does not have are kept in `props`. Raises `DecodeError`.
    """
    if len(raw) > MAX_ITEM_BYTES:
        size = f"{len(raw):,} bytes; at most {MAX_ITEM_BYTES:,} are taken"
        raise DecodeError("too_large", f"the record has {size}")
    tree = strict(raw)
    named = tree.get("site")
    if named not in (None, site):
        raise DecodeError("invalid", f"`site`: the key is one of another site than {named!a}")
    item = decode_json(raw, Item)
    item.site = site
    item.time = item.time if "time" in tree else received
    others = {name: value for name, value in tree.items() if name not in FIELDS}
    item.props = {**others, **item.props}
    return item


def record_of(item: Item) -> Record:
    """Return an item as a message of the topic `catalog`."""
    return Record(CATALOG_TOPIC, f"{item.site}/{item.id}".encode(), encode_json(item))
