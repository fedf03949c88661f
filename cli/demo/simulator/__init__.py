"""A shop and its shoppers, simulated: pure and seeded, so that a seed tells the whole story.

>>> from cli.demo.simulator import Did, World
>>> world = World(seed=7, rate=50, start=1_700_000_000_000)
>>> events = [o.event for o in world.advance(1_700_000_005_000) if isinstance(o, Did)]
>>> again = World(seed=7, rate=50, start=1_700_000_000_000).advance(1_700_000_005_000)
>>> events == [output.event for output in again if isinstance(output, Did)]
True
>>> {event.source for event in events}, all(event.props["simulated"] for event in events)
({'demo'}, True)
"""

from cli.demo.simulator.outputs import Asked, Did, Output, Shown, Trending
from cli.demo.simulator.shop import Shop
from cli.demo.simulator.world import DAY_SECONDS, LIST, SITE, World

__all__ = [
    "DAY_SECONDS",
    "LIST",
    "SITE",
    "Asked",
    "Did",
    "Output",
    "Shop",
    "Shown",
    "Trending",
    "World",
]
