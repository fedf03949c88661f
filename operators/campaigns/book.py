"""Which campaigns are in force, and when: the table that every worker holds a copy of.

A version is in force from its time until the next one's, by the arrival clock, so that a replay
goes by the campaigns that were in force then.
"""

from dataclasses import dataclass
from typing import Final

from contracts.campaigns import Campaign, CampaignVersion, millis, read_campaign
from contracts.conditions import compile_condition
from contracts.conditions.durations import parse_duration
from contracts.local_time import UTC_ZONE, Zone, minutes, zone_of
from operators.campaigns.rules import Prepared, Rules

NEVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours, as minutes of the day."""

    begin: int
    end: int
    zone: Zone
    drop: bool


@dataclass(frozen=True, slots=True)
class Active:
    """One version of a campaign, ready to be looked at. Durations and times are in ms."""

    site: str
    id: str
    version: int
    campaign: Campaign
    consent: tuple[str, ...]
    since: int
    start: int
    end: int
    cooldown: int
    caps: tuple[tuple[int, int], ...]
    audience: Prepared | None
    quiet: Quiet | None
    conditions: tuple[Prepared, ...]

    @classmethod
    def of(cls, version: CampaignVersion) -> "Active":
        """Return a version ready; raise `CampaignError`."""
        campaign = read_campaign(version.campaign or {})
        quiet = campaign.quiet_hours
        return cls(
            version.site,
            campaign.id,
            version.version,
            campaign,
            tuple(campaign.consent),
            version.time,
            max(version.time, millis(campaign.start, 0)),
            millis(campaign.end, NEVER),
            parse_duration(campaign.cooldown),
            tuple((cap.count, parse_duration(cap.per)) for cap in campaign.caps),
            Prepared.of(compile_condition(campaign.audience, levels_only=True))
            if campaign.audience
            else None,
            None
            if quiet is None
            else Quiet(
                minutes(quiet.begin),
                minutes(quiet.end),
                zone_of(quiet.zone) or UTC_ZONE,
                quiet.then == "drop",
            ),
            tuple(Prepared.of(compile_condition(text)) for text in campaign.conditions),
        )


Versions = list[tuple[CampaignVersion, Active | None]]


class Book:
    """All versions of all campaigns, by site.

    >>> book = Book()
    >>> given = {"id": "c", "name": "C", "condition": "profile.orders >= 1"}
    >>> book.put(CampaignVersion(site="shop", id="c", version=1, time=100, campaign=given))
    >>> book.put(CampaignVersion(site="shop", id="c", version=2, time=200))
    >>> [len(book.rules("shop", clock).campaigns) for clock in (99, 100, 199, 200)]
    [0, 1, 1, 0]
    """

    def __init__(self) -> None:
        self.revision = 0
        self._sites: dict[str, dict[str, Versions]] = {}
        self._rules: dict[str, tuple[int, int, int, Rules[Active]]] = {}

    def __len__(self) -> int:
        return len(self._sites)

    @property
    def sites(self) -> list[str]:
        """The sites that have, or had, any campaign."""
        return list(self._sites)

    def knows(self, site: str) -> bool:
        """Say whether a site has, or had, any campaign."""
        return site in self._sites

    def put(self, version: CampaignVersion) -> None:
        """Add a version, or what was known of it already; raise `CampaignError`."""
        versions = self._sites.get(version.site, {}).get(version.id, [])
        numbers = [known.version for known, _ in versions]
        if version.version in numbers and versions[numbers.index(version.version)][0] == version:
            return
        active = None if version.campaign is None else Active.of(version)
        kept = [pair for pair in versions if pair[0].version != version.version]
        kept.append((version, active))
        kept.sort(key=lambda pair: pair[0].version)
        self._sites.setdefault(version.site, {})[version.id] = kept
        self._rules.pop(version.site, None)
        self.revision += 1

    def rules(self, site: str, clock: int) -> "Rules[Active]":
        """Return the campaigns of a site that are in force at a time, indexed."""
        cached = self._rules.get(site)
        if cached is not None and cached[1] <= clock < cached[2]:
            return cached[3]
        actives, begin, end = self._in_force(site, clock)
        rules = Rules(actives)
        self._rules[site] = (self.revision, begin, end, rules)
        return rules

    def _in_force(self, site: str, clock: int) -> tuple[list[Active], int, int]:
        """Return what is in force, and from when until when nothing of it changes."""
        actives: list[Active] = []
        begin, end = -NEVER, NEVER
        for _, versions in sorted(self._sites.get(site, {}).items()):
            newest: tuple[CampaignVersion, Active | None] | None = None
            for pair in versions:
                if pair[0].time <= clock:
                    newest = pair
                else:
                    end = min(end, pair[0].time)
            if newest is None:
                continue
            begin = max(begin, newest[0].time)
            if newest[1] is not None and newest[1].campaign.enabled:
                actives.append(newest[1])
        # The first to fire come first.
        actives.sort(key=lambda active: (-active.campaign.priority, active.id))
        return actives, begin, end
