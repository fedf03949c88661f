"""From a condition that became true to a trigger, or to the reason why there is none."""

from hashlib import blake2b
from typing import Any, Final

from contracts.decisions import Trigger
from contracts.feedback import CASE_TYPES, MAX_NOTE
from contracts.local_time import quiet_until
from operators.campaigns.book import Active
from operators.campaigns.look import Look
from operators.campaigns.people import Waiting
from operators.campaigns.rules import Prepared

FIRED: Final = "fired"
HELD: Final = "held"
WAITS: Final = "waits"
REASONS: Final = ("ended", "bot", "consent", "cooldown", "cap", "audience", "quiet")
"""Why there is no trigger, in the order in which it is asked."""


def refusal(active: Active, look: Look) -> str | None:
    """Return why a campaign may not fire for a person now, or None. Cost: 0.5 us.

    Asked before its conditions are looked at, which cost more.
    """
    person, time = look.person, look.time
    if not active.start <= time < active.end:
        return "ended"
    if person.bot:
        return "bot"
    if active.consent:
        granted = person.consent or ()
        for purpose in active.consent:
            if purpose not in granted:
                return "consent"
    last = person.fired.get(active.id)
    if last is not None and last > time - active.cooldown:
        return "cooldown"
    for count, per in active.caps:
        if look.sends_since(per) >= count:
            return "cap"
    return None


def decide(
    active: Active, prepared: Prepared, look: Look, waited: Waiting | None = None
) -> tuple[str, Trigger | None]:
    """Return what becomes of a condition that is true now, and the trigger if there is one.

    There is no `refusal` of the campaign. The person remembers it: a cooldown begins, a place under
    the caps is taken.
    """
    if active.audience is not None and not active.audience.condition.holds(look):
        return "audience", None
    person, campaign = look.person, active.campaign
    quiet = active.quiet
    if quiet is not None and waited is None:
        over = quiet_until(look.time, person.zone or quiet.zone, quiet.begin, quiet.end)
        if over is not None and quiet.drop:
            return "quiet", None
        if over is not None:
            _wait(active, prepared, look, over)
            return WAITS, None
    drawn = share_of(active.site, campaign.id, person.origin or person.id, "holdout")
    held = drawn < campaign.holdout
    person.fired[campaign.id] = look.time
    if not held:
        look.note_send()
    return (HELD if held else FIRED), _trigger(active, prepared, look, held, waited)


def _wait(active: Active, prepared: Prepared, look: Look, over: int) -> None:
    waiting = Waiting(over, active.campaign.id, look.cause, prepared.condition.text, look.used)
    others = [one for one in look.person.waiting if one.campaign != waiting.campaign]
    if len(others) == len(look.person.waiting):  # the first one waits; it takes the others' place
        look.person.waiting = [*others, waiting]


def _trigger(
    active: Active, prepared: Prepared, look: Look, held: bool, waited: Waiting | None
) -> Trigger:
    person, campaign = look.person, active.campaign
    cause = look.cause if waited is None else waited.cause
    return Trigger(
        id=trigger_id(active.site, campaign.id, active.version, person.id, cause),
        site=active.site,
        campaign=campaign.id,
        version=active.version,
        user=person.id,
        time=look.time,
        event=cause,
        type=campaign.type,
        segment=person.segment,
        variant=_variant(active, person.origin or person.id),
        holdout=held,
        send=campaign.send,
        evidence=_evidence(prepared, look, waited),
    )


def _evidence(prepared: Prepared, look: Look, waited: Waiting | None) -> dict[str, Any]:
    """Return which condition it was, what its facts were, and which events count."""
    if waited is not None:
        return {"condition": waited.text, "events": waited.events, "waited": True}
    evidence: dict[str, Any] = {"condition": prepared.condition.text}
    facts = {name: look.fact(name) for name in prepared.condition.facts if name != "traits"}
    if look.item is not None:
        facts |= {name: look.fact(name) for name in ("item.id", "item.price", "item.was")}
    evidence["facts"] = facts
    events = list(look.used)
    own = look.event.event.id if look.event is not None else None
    if look.timer is not None and look.timer.last is not None:
        own = look.timer.last.id
        if look.timer.last.item:
            evidence["item"] = look.timer.last.item
    if look.event is not None and look.event.event.item:
        evidence["item"] = look.event.event.item
    if look.event is not None and look.event.event.type in CASE_TYPES:
        # The view of the case may come later than the trigger.
        text = (look.event.event.text or "")[:MAX_NOTE]
        evidence["case"] = {"id": look.event.event.id, "text": text}
    evidence["events"] = list(dict.fromkeys([*events, *([own] if own else [])]))
    return evidence


def _variant(active: Active, user: str) -> str:
    """Return the person's variant of a campaign: the same one each time."""
    variants = active.campaign.variants
    if not variants:
        return ""
    place = share_of(active.site, active.campaign.id, user, "variant") * sum(variants.values())
    for name, weight in sorted(variants.items()):
        place -= weight
        if place < 0.0:
            return name
    return max(variants)


def share_of(site: str, campaign: str, user: str, what: str) -> float:
    """Return a person's place in [0, 1), even over people and independent of other campaigns.

    >>> 0.0 <= share_of("shop", "cart", "ada", "holdout") < 1.0
    True
    """
    raw = blake2b(f"{site}\0{campaign}\0{what}\0{user}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big") / 2.0**64


def trigger_id(site: str, campaign: str, version: int, user: str, cause: str) -> str:
    """Return the id of a trigger: the same whenever the same thing makes the same campaign fire."""
    parts = f"{site}\0{campaign}\0{version}\0{user}\0{cause}".encode()
    return blake2b(parts, digest_size=16).hexdigest()
