"""The products of a message: each makes an event of its own where the table says so."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from contracts.codec import DecodeError
from contracts.segment.draft import Draft
from contracts.segment.tables import ITEM_FIELDS, LINK_FIELDS, LISTS, RENAMED

MAX_LINES: Final = 500


def products_of(properties: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    """Return the name of the property that lists the products, and the list; empty without one."""
    for name in LISTS:
        products = properties.get(name)
        if products is None:
            continue
        place = f"properties.{name}"
        if not isinstance(products, list):
            raise DecodeError("invalid", f"`{place}`: expected a list of products")
        if len(products) > MAX_LINES:
            raise DecodeError("invalid", f"`{place}`: at most {MAX_LINES} products are taken")
        if products:
            return name, products
    return "", ()


def by_line(draft: Draft, props: dict[str, Any], name: str, products: Iterable[Any]) -> list[Draft]:
    """Return one draft a product, with the id `ID:LINE`.

    What the message says of itself as a whole (totals, page) stands in the first one only, so
    that a sum over the events counts it once; a category holds for all.
    """
    drafts = []
    for number, product in enumerate(products):
        place = f"properties.{name}[{number}]"
        if not isinstance(product, dict):
            raise DecodeError("invalid", f"`{place}`: expected an object")
        line = draft.branch()
        line.fields["id"] = f"{draft.fields['id']}:{number}"
        own = dict(product)
        take_item(line, own, place)
        if "item" not in line.fields:
            names = ", ".join(ITEM_FIELDS["item"])
            raise DecodeError("invalid", f"`{place}`: the product has no id (one of {names})")
        whole = props if number == 0 else {k: props[k] for k in ("event", "category") if k in props}
        line.put("props", {**whole, **renamed(own, RENAMED)}, place)
        drafts.append(line)
    return drafts


def take_item(draft: Draft, properties: dict[str, Any], place: str) -> None:
    """Move item, price and quantity, and the links of the product, from properties to fields."""
    for field, names in ITEM_FIELDS.items():
        take(draft, field, names, properties, place)
    for field, names in LINK_FIELDS.items():
        take(draft, field, names, properties, place)


def take(
    draft: Draft, field: str, names: Iterable[str], properties: dict[str, Any], place: str
) -> None:
    """Move the first of the named properties that is present to a field of the draft."""
    for name in names:
        value = properties.get(name)
        if value is None or value == "":
            continue
        if field == "position" and not _is_position(value):
            return
        draft.put(field, _READ.get(field, _as_it_is)(value), f"{place}.{name}")
        del properties[name]
        return


def renamed(properties: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the properties with some renamed; one that has the new name already keeps it."""
    return {names.get(name, name): properties[name] for name in properties} | {
        new: properties[new] for new in names.values() if new in properties
    }


def text_id(value: Any) -> Any:
    """Return an id as text: SDKs also send numbers."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole else value


def _is_position(value: Any) -> bool:
    # Promotions have positions such as "banner-top", which are none of ours.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000


def _as_it_is(value: Any) -> Any:
    return value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


_READ: Final = {
    **dict.fromkeys(("item", "order", "session", "request", "campaign", "variant"), text_id),
    "currency": _upper,
}
