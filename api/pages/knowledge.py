"""What goes together, for the live page: rules of what trends, and the most met concepts."""

from collections.abc import Sequence
from typing import Any, Final

from api.serve.knowledge import read_directory, read_rules
from api.serve.knowledge_routes import rule_json
from api.serve.serving import Serving

EVERY_MS: Final = 10_000
CONCEPTS: Final = 24
ITEMS: Final = 4
"""Trending items whose rules are read: a round trip each."""
RULES: Final = 6


class Knowledge:
    """Read now and then while somebody looks; what cannot be read stays as it was."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._due = 0
        self._rules: list[dict[str, Any]] = []
        self._concepts: list[dict[str, Any]] = []

    async def told(self, site: str, trending: Sequence[str]) -> dict[str, Any]:
        """Return `rules` of the items, the highest lift first, and `concepts`."""
        now = self._serving.clock()
        if now >= self._due:
            self._due = now + EVERY_MS
            await self._read(site, trending[:ITEMS])
        return {"rules": self._rules, "concepts": self._concepts}

    async def _read(self, site: str, items: Sequence[str]) -> None:
        serving = self._serving
        known, failed = await read_directory(serving, site, serving.store.budget())
        if not failed:
            self._concepts = [{"name": c.name, "label": c.label} for c in known[:CONCEPTS]]
        rows = [await read_rules(serving, site, id_, serving.store.budget()) for id_ in items]
        if not any(failed for _, failed in rows):
            rules = [rule for row, _ in rows if row is not None for rule in row.rules]
            best = sorted(rules, key=lambda rule: (-rule.lift, rule.then))[:RULES]
            self._rules = [rule_json(rule) for rule in best]
