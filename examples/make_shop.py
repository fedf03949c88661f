"""Makes examples/shop.jsonl: half an hour of the demo's simulated shop, as canonical events.

    python -m examples.make_shop > examples/shop.jsonl

The same seed makes the same file. Nobody in it is real.
"""

from collections.abc import Iterator
from typing import Final

from cli.demo.simulator import Asked, Did, World
from contracts.codec import encode_json
from contracts.events import Event

SEED: Final = 7
START: Final = 1_767_261_600_000
"""2026-01-01 10:00 UTC."""
MINUTES: Final = 30
EVENTS_A_SECOND: Final = 0.8
TICK_MS: Final = 250


def events() -> Iterator[Event]:
    """Yield what the shoppers do, in order; nothing is recommended to them."""
    world = World(SEED, EVENTS_A_SECOND, START)
    for now in range(START, START + MINUTES * 60_000, TICK_MS):
        for output in world.advance(now):
            if isinstance(output, Did):
                yield output.event
            elif isinstance(output, Asked):
                world.answer(output.number, None, now)


if __name__ == "__main__":
    for event in events():
        print(encode_json(event).decode())
