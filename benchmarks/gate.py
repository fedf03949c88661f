"""What it costs a request to be let in: the key, the rates, the headers. No server, no store.

    python -m benchmarks.gate
    python -m benchmarks.gate --json

Process time of `Gate.admit` and of the outer middleware, an event posted with a server's key and
with a page's: the least of several rounds, since other programs share the machine.
"""

import argparse
import asyncio
import json
from base64 import b64encode
from time import process_time
from types import SimpleNamespace
from typing import Any

from fastapi import Request

from api.doors import Doors
from api.gate import Gate
from contracts.access import WRITE_SCOPES, new_key
from contracts.settings import Settings

ROUNDS = 7
CALLS = 20_000
ORIGIN = "https://shop.example"


def scope(key: str) -> dict[str, Any]:
    """Return the scope of a posted event, as the server and the router make it."""
    basic = b"Basic " + b64encode(f"{key}:".encode())
    return {
        "type": "http",
        "method": "POST",
        "path": "/v1/events",
        "query_string": b"",
        "server": ("127.0.0.1", 8000),
        "client": ("198.51.100.7", 4711),
        "route": SimpleNamespace(path="/v1/events"),
        "headers": [(b"authorization", basic), (b"origin", ORIGIN.encode())],
    }


def admitting(gate: Gate, key: str) -> float:
    """Return the process time of one call (us)."""
    best = float("inf")
    for _ in range(ROUNDS):
        requests = [Request(scope(key)) for _ in range(CALLS)]
        begin = process_time()
        for request in requests:
            gate.admit(request)
        best = min(best, process_time() - begin)
    return best / CALLS * 1e6


async def passing() -> float:
    """Return the process time that the middleware adds to an answer (us)."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")] * 2}
        await send(start)

    async def send(message: Any) -> None:
        pass

    async def measure(app: Any) -> float:
        best = float("inf")
        for _ in range(ROUNDS):
            scopes = [scope("x") for _ in range(CALLS)]
            begin = process_time()
            for one in scopes:
                await app(one, None, send)
            best = min(best, process_time() - begin)
        return best / CALLS * 1e6

    return await measure(Doors(answer, False, None)) - await measure(answer)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    figures = measured()
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:32} {value:6.1f} us")


def measured() -> dict[str, float]:
    """Return the figures, us."""
    found = {}
    key, page = new_key("shop", "write", WRITE_SCOPES, (ORIGIN,), now=0)
    plain = {"api.sites": {"shop": "w" * 32}, "api.secrets": {"shop": "s" * 32}}
    for name, rates in (("with rates", 1e9), ("without", 0.0)):
        given = {**plain, "api.key_rate": rates, "api.address_rate": rates}
        gate = Gate(Settings.load(overrides=given).api)
        gate.learn([key])
        found[f"a server's key, {name}"] = admitting(gate, "w" * 32)
        found[f"a page's key, {name}"] = admitting(gate, page)
    found["headers and doors"] = asyncio.run(passing())
    return found


if __name__ == "__main__":
    main()
