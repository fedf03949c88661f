"""Comparing two namespaces, in a process of its own: it reads all of both, which takes a while.

What it runs is `headrace diff`, so that a page and a terminal say the same.
"""

import asyncio
import os
import sys
from typing import Any, Final

from api.problems import ProblemError
from contracts.codec import load_json
from contracts.settings import RedisSettings

SECONDS: Final = 120.0
EXAMPLES: Final = 3


class Comparing:
    """One comparison at a time."""

    def __init__(self, redis: RedisSettings) -> None:
        self._redis = redis
        self._running = asyncio.Lock()

    async def diff(self, a: str, b: str) -> dict[str, Any]:
        """Return the kinds of views with what is the same and what is not; raise a problem."""
        if self._running.locked():
            raise ProblemError(
                503, "busy", "another comparison runs; ask again", {"Retry-After": "5"}
            )
        async with self._running:
            code, out, said = await self._run(a, b)
        if code not in (0, 1) or not out:
            kind, status = ("unknown-namespace", 404) if code == 2 else ("not-compared", 503)
            words = said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
            raise ProblemError(status, kind, words[-1].removeprefix("headrace: "))
        kinds: dict[str, Any] = load_json(out)
        return kinds

    async def _run(self, a: str, b: str) -> tuple[int, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli.main", "diff"),
            *("--json", "--examples", str(EXAMPLES), "--", a, b),
            env=self._environ(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(SECONDS):
                out, said = await process.communicate()
        except TimeoutError:
            detail = f"it took more than {SECONDS:.0f} s; `headrace diff` has no limit"
            raise ProblemError(503, "not-compared", detail) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, out, said

    def _environ(self) -> dict[str, str]:
        # By the environment: who lists processes sees no password.
        environ = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        environ["HEADRACE_REDIS__URL"] = self._redis.url.get_secret_value()
        if self._redis.ca_file is not None:
            environ["HEADRACE_REDIS__CA_FILE"] = str(self._redis.ca_file)
        return environ
