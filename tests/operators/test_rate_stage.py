"""The funnel: each visit once a step, bots not at all; it survives a restart."""

from typing import Any

import msgspec

from contracts.codec import pack
from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import FlowSettings
from operators.messages import LIVE_ROUND, Examples
from operators.profile import apply
from operators.rate_stage import RateCounts, RateStage
from tests.builders import arrived

SETTINGS = FlowSettings()
MINUTE = 60_000


def stage() -> RateStage:
    return RateStage(SETTINGS, bytes(16), False)


def taught(stage: RateStage, *events: tuple[str, int], bot: bool = False) -> RateStage:
    """Let one person do things, each at its time."""
    counts = RateCounts(SETTINGS)
    profile = Profile(PROFILE_VERSION, "shop", "ada")
    if bot:
        profile.bot = "rhythm"  # type: ignore[assignment]  # any mark will do
    for type_, at in events:
        counts(apply(profile, arrived(type_, at=at, item="i"), SETTINGS))
    stage.on_batch([Examples(LIVE_ROUND, "rates", counts.take(0))])
    return stage


def funnel(stage: RateStage) -> dict[str, Any]:
    ((view,),) = (views.items for views in stage.finish())
    return msgspec.json.decode(view.value)["funnel"]["last"]


VISIT = (("view", 0), ("view", 1), ("add_to_cart", 2), ("add_to_cart", MINUTE), ("purchase", 3))


def test_a_visit_counts_once_a_step_and_the_next_visit_again() -> None:
    told = taught(stage(), *VISIT, ("view", 6 * MINUTE), ("view", 50 * MINUTE))
    assert funnel(told)["60"] == {"view": 2, "add_to_cart": 1, "purchase": 1}
    assert funnel(told)["5"] == {"view": 1, "add_to_cart": 0, "purchase": 0}


def test_programs_are_left_out() -> None:
    assert funnel(taught(stage(), *VISIT, bot=True))["60"]["view"] == 0


def test_it_is_saved_and_what_was_saved_before_there_were_funnels_is_read() -> None:
    saved = taught(stage(), *VISIT).dump(full=True)
    again = stage()
    again.load([saved])
    assert funnel(again)["60"]["purchase"] == 1
    sites, pending, _ = msgspec.msgpack.decode(saved)
    older = stage()
    older.load([pack((sites, pending))])
    assert funnel(older)["60"]["purchase"] == 0
