# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of campaigns."""

from typing import Any, Literal, NotRequired, TypedDict


class CampaignsAnswerCampaigns(TypedDict):
    """Campaigns answer campaigns."""

    id: str
    version: int
    time: int
    """in force from here on (epoch ms)"""
    origin: Literal["api", "file"]
    deleted: bool
    campaign: dict[str, Any] | None
    """its fields, those alone that say something; null once it is deleted"""
    counts: dict[str, int]
    """`fired`, `held` (out), `waits`, and the reasons for which it did not fire"""


class CampaignsAnswer(TypedDict):
    """Campaigns answer."""

    campaigns: list[CampaignsAnswerCampaigns]
    total: dict[str, int]
    """`fired`, `held` (out), `waits`, and the reasons for which it did not fire"""


CreateCampaignBody = TypedDict(
    "CreateCampaignBody",
    {
        "id": NotRequired[Any],
        "name": NotRequired[Any],
        "template": NotRequired[Any],
        "with": NotRequired[Any],
        "condition": NotRequired[Any],
        "audience": NotRequired[Any],
        "send": NotRequired[Any],
        "variants": NotRequired[Any],
        "cooldown": NotRequired[Any],
        "caps": NotRequired[Any],
        "quiet_hours": NotRequired[Any],
        "holdout": NotRequired[Any],
        "start": NotRequired[Any],
        "end": NotRequired[Any],
        "priority": NotRequired[Any],
        "consent": NotRequired[Any],
        "enabled": NotRequired[Any],
    },
)


class CreateCampaignAnswer(TypedDict):
    """Create campaign answer."""

    id: str
    version: int
    time: int
    """in force from here on (epoch ms)"""
    origin: Literal["api", "file"]
    deleted: bool
    campaign: dict[str, Any] | None
    """its fields, those alone that say something; null once it is deleted"""
    warnings: list[str]
    """segments that it names and that there are not now"""


class CampaignVocabularyAnswer(TypedDict):
    """Campaign vocabulary answer."""

    facts: dict[str, Any]
    functions: dict[str, Any]
    templates: dict[str, Any]


class CheckCampaignAnswerFaults(TypedDict):
    """Check campaign answer faults."""

    field: str
    detail: str
    line: NotRequired[int]
    """of a condition"""
    column: NotRequired[int]
    snippet: NotRequired[str]
    """the line, and a sign below the place"""


class CheckCampaignAnswer(TypedDict):
    """Check campaign answer."""

    faults: list[CheckCampaignAnswerFaults]
    campaign: dict[str, Any] | None
    conditions: list[str]
    warnings: list[str]
    """segments that it names and that there are not now"""


class PreviewCampaignAnswerAudience(TypedDict):
    """Preview campaign answer audience."""

    stored: str
    moments: list[str]


class PreviewCampaignAnswerConditions(TypedDict):
    """Preview campaign answer conditions."""

    text: str
    stored: str
    moments: list[str]
    fit: int


class PreviewCampaignAnswerReplays(TypedDict):
    """Preview campaign answer replays."""

    namespace: str
    counts: dict[str, int]
    """`fired`, `held` (out), `waits`, and the reasons for which it did not fire"""


class PreviewCampaignAnswer(TypedDict):
    """Preview campaign answer."""

    looked_at: int
    fit: int
    out: dict[str, int]
    people: list[str]
    """ids of the first twenty of those who fit"""
    segments: dict[str, int]
    audience: PreviewCampaignAnswerAudience | None
    conditions: list[PreviewCampaignAnswerConditions]
    whole: bool
    """whether these were all people"""
    replays: list[PreviewCampaignAnswerReplays]
    lag_ms: int | None


class CampaignResultsAnswerOverTime(TypedDict):
    """Campaign results answer over time."""

    time: int
    """end of the slot (epoch ms)"""
    people: int
    converted: int
    held: int
    held_converted: int
    difference: float | None
    low: float | None
    high: float | None


class CampaignResultsAnswer(TypedDict):
    """Campaign results answer."""

    id: str
    version: int
    versions: list[int]
    horizon_days: float
    sent: dict[str, Any]
    holdout: dict[str, Any] | None
    variants: dict[str, Any]
    uplift: dict[str, Any] | None
    uplift_revenue: dict[str, Any] | None
    value_per_send: float | None
    segments: dict[str, Any]
    assignment: dict[str, Any]
    over_time: list[CampaignResultsAnswerOverTime]


class CampaignAnswerVersions(TypedDict):
    """Campaign answer versions."""

    id: str
    version: int
    time: int
    """in force from here on (epoch ms)"""
    origin: Literal["api", "file"]
    deleted: bool
    campaign: dict[str, Any] | None
    """its fields, those alone that say something; null once it is deleted"""


class CampaignAnswer(TypedDict):
    """Campaign answer."""

    id: str
    version: int
    time: int
    """in force from here on (epoch ms)"""
    origin: Literal["api", "file"]
    deleted: bool
    campaign: dict[str, Any] | None
    """its fields, those alone that say something; null once it is deleted"""
    counts: dict[str, int]
    """`fired`, `held` (out), `waits`, and the reasons for which it did not fire"""
    versions: list[CampaignAnswerVersions]
