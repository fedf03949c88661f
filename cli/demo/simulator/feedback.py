"""What shoppers say of what they bought: ratings, returns, NPS, a word to the shop."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from cli.demo.simulator.goods import COMPLAINTS, SUGGESTIONS
from cli.demo.simulator.people import Owned, Shopper
from cli.demo.simulator.shop import Shop, Weights
from contracts.events import Event

RETURNS: Final = 0.12
GRUMBLES: Final = 0.2
"""How often somebody who keeps what they bought complains all the same."""

CHANNELS: Final = ("web", "web", "mail", "phone")
PROMOTERS: Final = 0.25
"""How often somebody who speaks is asked whether they would recommend the shop."""


def speak(
    shopper: Shopper, likes: Weights, shop: Shop, rng: Random, event: Callable[..., Event]
) -> Iterator[Event]:
    """Yield what a shopper says of one thing they own; who likes it rates it higher."""
    line = shopper.owned.pop(rng.randrange(len(shopper.owned)))
    opinion = 0.5 * shopper.mood + 0.8 * float(likes[line.row]) ** 0.3 + rng.gauss(0.0, 0.3)
    if opinion < 0.4 and rng.random() < 4 * RETURNS:
        yield _returned(line, event)
        if rng.random() < 0.3:
            yield _complaint(line, rng, event)
        return
    if rng.random() < GRUMBLES:
        yield _complaint(line, rng, event)
    yield event("rating", line.row, value=float(max(1, min(5, round(2.6 + 2.2 * opinion)))))
    if rng.random() < PROMOTERS:
        yield event("nps", value=float(max(0, min(10, round(5.5 + 4.5 * opinion)))))
    elif rng.random() < 0.05:
        yield event("suggestion", text=rng.choice(SUGGESTIONS))


def _complaint(line: Owned, rng: Random, event: Callable[..., Event]) -> Event:
    """Return a complaint about something; half of them say what they are about."""
    topic = rng.choice(list(COMPLAINTS))
    said = {"channel": rng.choice(CHANNELS)}
    if rng.random() < 0.5:
        said["topic"] = topic
    text = rng.choice(COMPLAINTS[topic])
    return event("complaint", line.row, text=text, order=line.order, props=said)


def _returned(line: Owned, event: Callable[..., Event]) -> Event:
    return event(
        "return",
        line.row,
        order=line.order,
        price=line.price,
        currency="EUR",
        quantity=line.quantity,
    )
