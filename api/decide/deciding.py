"""Decisions put together: who it is, what may be offered, which it is to be; charged and logged."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol, Self

import msgspec

from api.collect.log import Log, LogUnavailableError, Record
from api.collect.reading import record_of
from api.decide.choosing import Chosen, Facts, choose
from api.decide.eligible import Standing, refusal, standing_of
from api.decide.offers import Book, Offer, OffersError, Placement, load
from api.serve.ids import request_id
from api.serve.making import find_people
from api.serve.serving import Serving
from api.serve.visitor import Visitor
from api.watched import Watched
from contracts.decisions import Answer, Decided, ServedItem
from contracts.events import DECISION, DEVICE_PREFIX, Event
from contracts.keys import budget_key, offered_key
from contracts.settings import Settings, SettingsError
from contracts.wording import closest_of
from online_models.placement import PlacementModel
from storage.budgets import THOUSANDTHS, Budgets, Charge
from storage.errors import StoreError, StoreRefused

HOUR_MS: Final = 3_600_000
DAY_KEPT_MS: Final = 40 * 24 * HOUR_MS
"""How long the budget of a day stays to be looked at."""

LOG_SECONDS: Final = 0.5
"""How long an answer waits for the broker: without it the offer is made, and not learnt from."""

FRESH_MS: Final = 250
"""How old what was learnt may be."""

SOURCE: Final = "headrace"

MOST_TOLD: Final = 8
"""Unknown offers of a request that its problem tells of."""


class EventLog(Protocol):
    """Takes events: `api.collect.log.Log`."""

    async def append(self, records: Sequence[Record], timestamp: int) -> None:
        """Append all records, or raise `LogUnavailableError`."""


class Asked(NamedTuple):
    """What is asked: `offers` None for all there are; `context` is the caller's own facts."""

    placement: str
    offers: frozenset[str] | None
    context: Facts


class Made(NamedTuple):
    """A decision: nothing at all if no offer may be made."""

    request: str
    visitor: Visitor
    offer: Offer | None
    chosen: Chosen | None
    refused: Mapping[str, str]
    learned: int
    logged: bool
    degraded: bool


class UnknownPlacementError(LookupError):
    """There is no placement of that name."""


class UnknownOfferError(LookupError):
    """There is no offer of a name that was given, at that placement."""


class Deciding:
    """Makes decisions, for one event loop."""

    def __init__(
        self, settings: Settings, serving: Serving, budgets: Budgets, log: EventLog
    ) -> None:
        """Raises `SettingsError` if the offers file is not usable."""
        try:
            self._file = Watched(settings.api.offers_file, load, Book(), OffersError)
        except OffersError as error:
            raise SettingsError(f"api.offers_file: {error}") from None
        self.serving = serving
        self.budgets = budgets
        self._log = log
        self._models: dict[str, tuple[int, bytes | None, PlacementModel]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, serving: Serving, log: "Log | EventLog"
    ) -> AsyncIterator[Self]:
        """Use the settings' offers file and store, which need not be there yet."""
        try:
            budgets = Budgets(settings.redis)
        except StoreRefused as error:
            raise SettingsError(str(error)) from None
        try:
            yield cls(settings, serving, budgets, log)
        finally:
            await budgets.close()

    @property
    def book(self) -> Book:
        """The offers and placements in force."""
        self._file.refresh()
        return self._file.value

    @property
    def error(self) -> str | None:
        """Why the newest version of the offers file is not in force."""
        return self._file.error

    async def decide(self, site: str, id_: str, asked: Asked) -> Made:
        """Choose, charge and log; raise `UnknownPlacementError` or `UnknownOfferError`.

        Three round trips to the store, of which one charges, and one to the broker.
        """
        placement, offers = self._offers(asked)
        found = await find_people(self.serving, site, [id_], self.serving.store.budget())
        visitor, now, request = found.visitors[0], self.serving.clock(), request_id()
        person = standing_of(visitor)
        charges = {offer.id: charge_of(offer, site, visitor.ids, now) for offer in offers}
        refused = await self._refused(offers, charges, person, site, now)
        model = await self._model(site, placement.name)
        facts = {**facts_of(visitor, person), **asked.context}
        for turn in range(len(offers)):
            open_ = [offer for offer in offers if offer.id not in refused]
            if not open_:
                break
            chosen = choose(placement, open_, model, facts, f"{request}/{turn}")
            offer = open_[chosen.at]
            if not await self._charged(charges[offer.id]):
                refused[offer.id] = "its budget has just been spent"
                continue
            decided = _decided(placement, open_, chosen, facts)
            logged = await self._logged(site, visitor.user, request, offer, chosen, decided, now)
            self._answer(site, visitor, request, open_, chosen, now)
            learned = model.people.learned
            return Made(request, visitor, offer, chosen, refused, learned, logged, found.degraded)
        return Made(request, visitor, None, None, refused, 0, False, found.degraded)

    def _offers(self, asked: Asked) -> tuple[Placement, list[Offer]]:
        book = self.book
        placement = book.at(asked.placement)
        if placement is None:
            known = [one.name for one in book.placement] or ["none (api.offers_file)"]
            raise UnknownPlacementError(
                f"there is no placement {asked.placement!r}{closest_of(asked.placement, known)}"
            )
        offers = book.offers_at(placement)
        if asked.offers is None:
            return placement, offers
        here = [offer.id for offer in offers]
        if unknown := sorted(asked.offers - set(here)):
            raise UnknownOfferError(
                "; ".join(
                    f"there is no offer {id_!r} at {placement.name!r}{closest_of(id_, here)}"
                    for id_ in unknown[:MOST_TOLD]
                )
            )
        return placement, [offer for offer in offers if offer.id in asked.offers]

    async def _refused(
        self,
        offers: Sequence[Offer],
        charges: Mapping[str, Charge],
        person: Standing,
        site: str,
        now: int,
    ) -> dict[str, str]:
        """Return the offers that may not be made, and why."""
        refused = {o.id: why for o in offers if (why := refusal(o, person, site, now)) is not None}
        asked = [offer for offer in offers if offer.id not in refused]
        try:
            room = await self.budgets.room([charges[offer.id] for offer in asked])
        except StoreError:
            # What cannot be counted is not given away; what is free still is.
            room = [charges[offer.id].free for offer in asked]
        for offer, has_room in zip(asked, room, strict=True):
            if not has_room:
                refused[offer.id] = "its budget is spent, or the person has had it often enough"
        return refused

    async def _charged(self, charge: Charge) -> bool:
        try:
            return await self.budgets.charge(charge)
        except StoreError:
            return False

    async def _model(self, site: str, placement: str) -> PlacementModel:
        """Return what was learnt at a placement, at most a quarter of a second ago."""
        key, now = self.serving.keeper.memory.keys.bandit(site, placement), self.serving.clock()
        read, raw, model = self._models.get(key, (0, None, PlacementModel()))
        if now - read < FRESH_MS:
            return model
        budget = self.serving.store.budget()
        try:
            (found,) = await self.serving.read("bandit", lambda r: r.get_many([key]), budget)
            if found != raw:
                model = PlacementModel() if found is None else PlacementModel.unpack(found)
            self._models[key] = now, found, model
        except (StoreError, ValueError):
            self._models[key] = now, raw, model
        return model

    async def _logged(
        self,
        site: str,
        user: str,
        request: str,
        offer: Offer,
        chosen: Chosen,
        decided: Decided,
        now: int,
    ) -> bool:
        device = user.removeprefix(DEVICE_PREFIX) if user.startswith(DEVICE_PREFIX) else None
        event = Event(
            id=f"{request}-decision",
            type=DECISION,
            site=site,
            source=SOURCE,
            user=None if device is not None else user,
            device=device,
            time=now,
            request=request,
            campaign=offer.id,
            variant=chosen.policy,
            props={"decision": msgspec.to_builtins(decided)},
        )
        try:
            async with asyncio.timeout(LOG_SECONDS):
                await self._log.append([record_of(event)], now)
        except (LogUnavailableError, TimeoutError):
            return False
        return True

    def _answer(
        self,
        site: str,
        visitor: Visitor,
        request: str,
        offers: Sequence[Offer],
        chosen: Chosen,
        now: int,
    ) -> None:
        """Hand the decision to the log of answers, the chosen offer first."""
        order = sorted(range(len(offers)), key=lambda at: (at != chosen.at, at))
        items = [
            ServedItem(
                offers[at].id,
                place,
                float(at == chosen.at),
                chosen.policy,
                float(chosen.chances[at]),
            )
            for place, at in enumerate(order)
        ]
        answers = self.serving.answers
        answers.put(
            Answer(
                request=request,
                site=site,
                user=visitor.user,
                kind="decide",
                time=now,
                items=items,
                as_of=visitor.as_of,
            )
        )


def charge_of(offer: Offer, site: str, ids: Sequence[str], now: int) -> Charge:
    """Return what an offer is charged to when it is made at `now` (ms) to who has these ids."""
    own, *before = (offered_key(site, offer.id, id_) for id_ in ids)
    by_day = offer.per == "day"
    period = datetime.fromtimestamp(now / 1000, UTC).date().isoformat() if by_day else "ever"
    return Charge(
        budget_key(site, offer.id, period),
        own,
        round(offer.cost * THOUSANDTHS),
        None if offer.budget is None else round(offer.budget * THOUSANDTHS),
        DAY_KEPT_MS if by_day else 0,
        offer.per_user,
        int(offer.per_user_hours * HOUR_MS),
        tuple(before),
    )


def facts_of(visitor: Visitor, person: Standing) -> Facts:
    """Return what a bandit may know of a person: nothing without consent to personalization."""
    profile = visitor.profile
    if profile is None or not visitor.personal:
        return {}
    facts: Facts = {
        "stage": profile.stage,
        "orders": float(person.orders),
        "cart": float(person.cart),
        "sessions": float(profile.sessions),
        **{f"score_{name}": float(value) for name, value in person.scores.items()},
    }
    if person.segment is not None:
        facts["segment"] = person.segment
    if profile.categories:
        facts["category"] = max(sorted(profile.categories), key=lambda c: profile.categories[c])
    return facts


def _decided(
    placement: Placement, offers: Sequence[Offer], chosen: Chosen, facts: Facts
) -> Decided:
    return Decided(
        placement=placement.name,
        offers=[offer.id for offer in offers],
        chances=[round(float(chance), 9) for chance in chosen.chances],
        context=facts,
        reward=placement.reward,
        horizon_ms=int(placement.horizon_hours * HOUR_MS),
        most=placement.worth if placement.reward == "revenue" and placement.worth else 1.0,
    )


def told(made: Made, placement: str) -> dict[str, Any]:
    """Return a decision as the answer has it."""
    offer, chosen = made.offer, made.chosen
    if offer is None or chosen is None:
        return {
            "offer": None,
            "policy": None,
            "propensity": None,
            "placement": placement,
            "reason": "no offer may be made here now",
        }
    shown = {"id": offer.id, "kind": offer.kind, "text": offer.text, "value": offer.value}
    return {
        "offer": shown,
        "policy": chosen.policy,
        "propensity": round(float(chosen.chances[chosen.at]), 6),
        "placement": placement,
        "reason": chosen.reason,
    }
