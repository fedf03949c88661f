"""What a campaign did, against its holdout: from the counts of all buckets of people."""

from collections.abc import Sequence
from typing import Any

from contracts.campaigns import CampaignVersion
from online_models.campaign_course import Course, Courses, over_time
from online_models.campaign_results import Counts, newest, report, shares_of


def results_of(
    versions: Sequence[CampaignVersion],
    counts: Counts,
    courses: Courses,
    asked: int | None,
    horizon_days: float,
) -> dict[str, Any]:
    """Return the results of a version: the one asked for, else the newest that did anything.

    Raises `KeyError` if there is no such version.
    """
    # A version that ended the campaign has no holdout or variants of its own.
    known = {one.version: one.campaign for one in versions if one.campaign is not None}
    number = newest(counts, list(known)) if asked is None else asked
    campaign = known[number if number is not None else -1]
    holdout, variants = float(campaign.get("holdout", 0.0)), campaign.get("variants", {})
    return {
        "id": versions[-1].id,
        "version": number,
        "versions": sorted(counts),
        "horizon_days": horizon_days,
        **report(counts.get(number or 0, {}), shares_of(holdout, variants)),
        "over_time": over_time(courses.get(number or 0, Course())),
    }
