"""A recording as rules and concepts see it: orders, and windows of touches, in time order."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.events import Event, Item, subject_of
from contracts.profile import Profile
from contracts.settings import FlowSettings
from evaluation.errors import EvaluationError
from evaluation.tasks import Request
from flows import importers
from flows.importers import ImporterError
from operators.baskets import BasketExamples
from operators.examples import Bought, Window
from operators.messages import Arrived
from operators.profile import Applied


@dataclass
class Baskets:
    """Orders as (time, items), windows as they are, and how many events they came of."""

    orders: list[tuple[int, list[str]]] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    events: int = 0


def baskets_of(request: Request) -> Baskets:
    """Return the orders and windows of a recording; the stages of the graph make them."""
    try:
        known = {item.id: item for item in importers.catalog(request.format, request.source)}
        found = Baskets()
        maker = BasketExamples(FlowSettings())
        orders: dict[tuple[str, int], list[str]] = {}
        for arrived in _arrived(request, known, found):
            maker(_applied(arrived))
            for made in maker.take(arrived.event.time):
                if isinstance(made, Window):
                    found.windows.append(made)
                else:
                    _put(orders, found, made)
    except ImporterError as error:
        raise EvaluationError(str(error)) from error
    keep = round(request.until * len(found.orders)), round(request.until * len(found.windows))
    found.orders, found.windows = found.orders[: keep[0]], found.windows[: keep[1]]
    return found


def _put(orders: dict[tuple[str, int], list[str]], found: Baskets, made: Bought) -> None:
    """Add what came into an order to it: what was there before says which one it is."""
    if made.before:
        whole = orders.get((made.user, 0), [])
        whole.extend(made.items)
    else:
        orders[made.user, 0] = whole = list(made.items)
        found.orders.append((made.time, whole))


def _arrived(request: Request, known: dict[str, Item], found: Baskets) -> Iterator[Arrived]:
    for event in importers.read(request.format, request.source):
        if request.site is not None and event.site != request.site:
            continue
        found.events += 1
        yield _enriched(event, known.get(event.item or ""), found.events)


def _enriched(event: Event, item: Item | None, seq: int) -> Arrived:
    category, tags = event.props.get("category", ""), event.props.get("tags", [])
    arrived = Arrived(event, event.time, seq, category=str(category))
    arrived.tags = [str(tag) for tag in tags] if isinstance(tags, list) else []
    if item is not None:
        arrived.category, arrived.brand = item.category or arrived.category, item.brand
        arrived.title, arrived.tags = item.title, item.tags or arrived.tags
    return arrived


def _applied(arrived: Arrived) -> Applied:
    event = arrived.event
    profile = Profile(1, event.site, subject_of(event.user, event.device))
    return Applied(profile, arrived, False, False, True, False, None, [])
