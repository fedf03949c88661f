"""Campaigns in a folder of TOML files, one each: `id` is the file's name unless it says another.

A file may say `site`; without, it is for the site `default`.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from contracts.campaigns import Campaign, CampaignError, read_campaign


class CampaignFileError(ValueError):
    """A file that is no campaign: which file, and what is wrong in it."""


class CampaignFile(NamedTuple):
    """One file's campaign."""

    path: Path
    site: str
    campaign: Campaign


def read_folder(folder: Path) -> list[CampaignFile]:
    """Return the campaigns in a folder's `*.toml`, by name; raise `CampaignFileError`."""
    if not folder.is_dir():
        raise CampaignFileError(f"{folder}: there is no such folder")
    found = [read_file(path) for path in sorted(folder.glob("*.toml"))]
    known: dict[tuple[str, str], Path] = {}
    for one in found:
        other = known.setdefault((one.site, one.campaign.id), one.path)
        if other != one.path:
            raise CampaignFileError(
                f"{one.path}: id: {one.campaign.id!r} is the id of {other.name} already"
            )
    return found


def read_file(path: Path) -> CampaignFile:
    """Return the campaign in one file; raise `CampaignFileError`."""
    try:
        given: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CampaignFileError(f"{path}: {error}") from None
    site = given.pop("site", "default")
    if not isinstance(site, str) or not 0 < len(site) <= 256:
        raise CampaignFileError(f"{path}: site: expected the name of a site, got {site!r}")
    given.setdefault("id", path.stem)
    try:
        return CampaignFile(path, site, read_campaign(given))
    except CampaignError as error:
        raise CampaignFileError(f"{path}: {error}") from None
