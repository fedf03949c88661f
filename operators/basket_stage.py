"""Rules and concepts of each site, learnt from orders and windows; one key in all."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from contracts.codec import pack
from contracts.decisions import DECISION_VERSION, ItemRule, ItemRules
from contracts.keys import DAY_MS
from contracts.settings import FlowSettings
from online_models.concepts import ConceptGraph, Thing
from online_models.digest import digest
from online_models.rules import RuleMiner
from operators.erased import IsGone
from operators.examples import Bought, Window
from operators.messages import Examples, View, Views
from operators.site_stage import SiteStage

Message = Any

ORDER: Final = "order"
VISIT: Final = "visit"
RULES_A_TURN: Final = 20
CONCEPTS_A_TURN: Final = 1
"""A turn holds up the events of all visitors: some 5 ms, as concepts have many neighbours."""

DIRECTORY_EVERY: Final = 40
"""Turns between two directories, which are long and change little."""


class _Site:
    def __init__(self, settings: FlowSettings) -> None:
        half_life_ms = int(settings.rule_half_life_days * DAY_MS)
        self.miners = {
            ORDER: RuleMiner(half_life_ms),
            VISIT: RuleMiner(half_life_ms, triples=1),
        }
        self.graph = ConceptGraph(int(settings.concept_half_life_days * DAY_MS))
        self.due: set[str] = set()
        self.turns = 0
        self._last_item = ""
        # The turn of each, since this process began: what is lost with it is shown once more.
        self._shown: dict[str, int] = {}

    @property
    def waiting(self) -> bool:
        """Whether something changed that was not published."""
        changed = any(miner.changed for miner in self.miners.values())
        return changed or bool(self.due) or bool(self.graph.changed)

    def learn(self, example: Window | Bought) -> None:
        """Learn from one example."""
        if isinstance(example, Bought):
            self.miners[ORDER].learn_one(example.items, example.time, example.before)
            return
        things = [
            Thing(one.item, one.category, one.brand, one.tags, one.title)
            for one in example.touched
            if one.item
        ]
        queries = [one.title for one in example.touched if not one.item]
        if things:
            self.miners[VISIT].learn_one([thing.item for thing in things], example.time)
        self.graph.learn_one(things, queries, example.time)

    def views(self, site: str) -> list[View]:
        """Return some of what changed; the rest waits for its turn."""
        for miner in self.miners.values():
            self.due.update(miner.take_changed())
        due = sorted(self.due)
        begin = bisect_right(due, self._last_item)
        items = [*due[begin:], *due[:begin]][:RULES_A_TURN]
        self.due.difference_update(items)
        self._last_item = [*items, ""][-1]
        concepts = self._due_concepts()
        out = [self._rules(site, item) for item in items] + self._concepts(site, concepts)
        if self.turns % DIRECTORY_EVERY == 0:
            out.append(self._directory(site))
            self._shown = {
                name: at for name, at in self._shown.items() if name in self.graph.counts
            }
        self.turns += 1
        return out

    def _due_concepts(self) -> list[str]:
        """Return those of this turn: each in its turn; every other time new ones first."""
        concepts: list[str] = []
        if self.turns % 2 == 0:
            concepts = self.graph.take_unseen(self._shown, CONCEPTS_A_TURN)
        if not concepts:
            concepts = self.graph.take_stale(self._shown, self.turns, CONCEPTS_A_TURN)
        self._shown.update(dict.fromkeys(concepts, self.turns))
        return concepts

    def forget_rare(self, site: str) -> list[View]:
        """Forget what may be of one person: words and searches that hardly anybody used."""
        rare = self.graph.forget_rare()
        return [*(View("concept", site, name, None) for name in rare), self._directory(site)]

    def all_views(self, site: str) -> list[View]:
        """Return everything, as of the newest example."""
        items = sorted({item for miner in self.miners.values() for item in miner.antecedents()})
        out = [self._rules(site, item) for item in items]
        out += self._concepts(site, [known.name for known in self.graph.directory()])
        self.due, self.graph.changed = set(), set()
        for miner in self.miners.values():
            miner.take_changed()
        return [*out, self._directory(site)]

    def digest(self) -> str:
        """Return a digest of all that was learnt, whatever order its rows came back in."""
        models: list[RuleMiner | ConceptGraph] = [*self.miners.values(), self.graph]
        for model in models:
            model.sort()
        return digest([model.dump() for model in models])

    def known(self) -> dict[str, int]:
        """Return how much was learnt."""
        return {
            "orders": self.miners[ORDER].baskets,
            "visits": self.miners[VISIT].baskets,
            "pairs": sum(len(miner.pairs) for miner in self.miners.values()),
            "triples": len(self.miners[ORDER].triples),
            "oversized": self.miners[ORDER].oversized,
            "windows": self.graph.windows,
            "concepts": len(self.graph.counts),
        }

    def _rules(self, site: str, item: str) -> View:
        rules = [
            ItemRule(
                rule.given,
                rule.then,
                basis,
                round(rule.support, 6),
                round(rule.confidence, 4),
                round(rule.lift, 3),
                rule.seen,
                rule.missed,
            )
            for basis, miner in self.miners.items()
            for rule in miner.rules(item)
        ]
        row = ItemRules(
            DECISION_VERSION,
            max(miner.time for miner in self.miners.values()),
            rules,
            {basis: miner.baskets for basis, miner in self.miners.items()},
            {basis: miner.oversized for basis, miner in self.miners.items()},
        )
        return View("rules", site, item, pack(row) if rules else None)

    def _concepts(self, site: str, names: Sequence[str]) -> list[View]:
        described = [(name, self.graph.describe(name)) for name in names]
        return [View("concept", site, name, pack(c)) for name, c in described if c is not None]

    def _directory(self, site: str) -> View:
        return View("concepts", site, "all", pack(self.graph.directory()))

    def dump(self, *, full: bool) -> bytes:
        """Return what was learnt, or what changed of it."""
        tables = [miner.dump(full=full) for miner in self.miners.values()]
        return pack(([*tables, self.graph.dump(full=full)], sorted(self.due), self.turns))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what was learnt."""
        decoded = [_site_parts(part) for part in parts]
        models: list[RuleMiner | ConceptGraph] = [*self.miners.values(), self.graph]
        for at, model in enumerate(models):
            model.load([tables[at] for tables, _, _ in decoded])
        self.due, self.turns = set(decoded[-1][1]), decoded[-1][2]


_site_parts = msgspec.msgpack.Decoder(tuple[list[bytes], list[str], int]).decode


class BasketStage(SiteStage[_Site]):
    """A `Publisher`. A turn shows a few items' rules and concepts of each site, in rotation."""

    name = "baskets"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        super().__init__(lambda: _Site(settings))

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Learn from a batch; what it changed waits to be published."""
        for message in messages:
            for example in message.items:
                if isinstance(example, (Window, Bought)):
                    self._sites.open(example.site).learn(example)
        return []

    def forget(self, gone: IsGone) -> list[Message]:
        """Forget what may be of one person only; what many have in common stays."""
        views = [view for name in self._sites for view in self._sites.open(name).forget_rare(name)]
        return [Views(views)] if views else []
