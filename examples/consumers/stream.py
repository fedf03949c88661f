"""Reads triggers as server-sent events, and goes on where it was after a break.

    pip install httpx httpx-sse
    KEY=... python examples/consumers/stream.py http://127.0.0.1:8000

`headrace_client` does the same in one line; this shows what is in it.
"""

import os
import sys
import time
from collections.abc import Iterator

import httpx
from httpx_sse import connect_sse


def triggers(url: str, cursor: str) -> Iterator[tuple[str, dict]]:
    """Yield (cursor, CloudEvent), for ever. Keep the cursor with what you did of the event."""
    headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        while True:
            try:
                asked = {"cursor": cursor}
                with connect_sse(http, "GET", "/v1/triggers/stream", params=asked) as source:
                    source.response.raise_for_status()
                    for event in source.iter_sse():
                        cursor = event.id or cursor
                        if event.event == "trigger":
                            yield cursor, event.json()
                        elif event.event == "lost":
                            print(f"missed: {event.data}", file=sys.stderr)
            except httpx.TransportError as error:
                print(f"connecting again: {error}", file=sys.stderr)
            time.sleep(1)


if __name__ == "__main__":
    if len(sys.argv) != 2 or "KEY" not in os.environ:
        sys.exit("usage: KEY=SECRET_KEY python examples/consumers/stream.py URL")
    for position, trigger in triggers(sys.argv[1], cursor="0"):
        data = trigger["data"]
        print(f"{position} {data['campaign']} for {data['user']}", flush=True)
