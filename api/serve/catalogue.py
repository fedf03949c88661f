"""The items of one site, in memory: names for numbers, and what filters and reasons need."""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import nlargest
from sys import intern
from typing import Final

import msgspec

from contracts.events import Item
from contracts.keys import item_key
from online_models.content import Content, concepts_of

NEWEST: Final = 50
"""Items that are held to be new."""

_decode = msgspec.msgpack.Decoder(Item).decode


class Catalogue:
    """Items by id, by number and by category; about 1 KB an item.

    >>> catalogue = Catalogue()
    >>> catalogue.put(Item(id="kettle", title="Kettle", category="kitchen"))
    >>> catalogue.by_number(item_key("kettle")).title
    'Kettle'
    >>> [item.id for item in catalogue.of_category("kitchen")]
    ['kettle']
    """

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._numbers: dict[int, Item] = {}
        self._categories: dict[str, dict[str, None]] = {}
        self._newest: deque[str] = deque(maxlen=NEWEST)
        self.content = Content()

    def put(self, item: Item) -> None:
        """Add an item, or replace what was known of it."""
        before = self._items.get(item.id)
        if before is not None and before.category != item.category:
            self._leave_category(before)
        # A category is spelled by thousands of items: they share one string.
        item.category, item.brand = intern(item.category), intern(item.brand)
        if before is None:
            self._newest.append(item.id)
        self._items[item.id] = item
        number = item_key(item.id)
        self._numbers[number] = item
        self.content.put(number, concepts_of(item.category, item.brand, item.tags, item.title))
        if item.category:
            self._categories.setdefault(item.category, {})[item.id] = None

    def put_packed(self, id_: str, record: bytes) -> None:
        """Add an item from its record in a page; an empty record takes it out.

        Raises `ValueError` if the record is not one of an item.
        """
        if not record:
            self.remove(id_)
            return
        try:
            self.put(_decode(record))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"catalogue record of {id_!r}: {error}") from None

    def remove(self, id_: str) -> None:
        """Take an item out, if it is there."""
        item = self._items.pop(id_, None)
        if item is not None:
            self._numbers.pop(item_key(id_), None)
            self.content.remove(item_key(id_))
            self._leave_category(item)

    def get(self, id_: str) -> Item | None:
        """Return the item of an id."""
        return self._items.get(id_)

    def by_number(self, number: int) -> Item | None:
        """Return the item of a number (`item_key`)."""
        return self._numbers.get(number)

    def of_category(self, category: str) -> Iterator[Item]:
        """Yield the items of a category, in the order they came in."""
        return (self._items[id_] for id_ in self._categories.get(category, ()))

    def title_of(self, id_: str) -> str:
        """Return what people call an item: its title, or its id."""
        item = self._items.get(id_)
        return item.title if item is not None and item.title else id_

    def items(self) -> Iterable[Item]:
        """Return all items, in the order they came in."""
        return self._items.values()

    def newest(self) -> Iterator[Item]:
        """Yield the `NEWEST` items that came in last, the last one first."""
        return (item for id_ in reversed(self._newest) if (item := self._items.get(id_)))

    def loaded(self) -> None:
        """Take those of the newest records for new, since a load has no order. 0.1 us an item."""
        found = nlargest(NEWEST, self._items.values(), key=lambda item: item.time)
        self._newest.extend(item.id for item in reversed(found))

    def __len__(self) -> int:
        return len(self._items)

    def _leave_category(self, item: Item) -> None:
        members = self._categories.get(item.category)
        if members is not None:
            members.pop(item.id, None)
            if not members:
                del self._categories[item.category]
