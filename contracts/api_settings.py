"""Settings of the HTTP service, and of what it delivers."""

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, field_validator

from contracts.keys import DEFAULT_SITE
from contracts.setting_group import Group

ArmName = Literal["popular", "trending", "together", "transition"]
"""Challengers of the recommender: `online_models.contenders`, but the blend."""

KeyVersion = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9"]

MIN_SECRET: Final = 32
"""Characters of a secret that pseudonyms are made with."""


class ApiSettings(Group):
    """The HTTP service."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65_535, description="0: a free one")
    operations_host: str = Field(
        "127.0.0.1", description="address of the operators' port; its pages ask for no key"
    )
    operations_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="serves /metrics, /docs and pages, which the other port does not have where "
        "keys are asked for",
    )
    trusted_proxies: list[str] = Field(
        ["127.0.0.1"], description="addresses that are believed in X-Forwarded-For"
    )
    key_rate: float = Field(
        2_000.0, ge=0, description="requests a second by one key, over 10 s; 0: any number"
    )
    address_rate: float = Field(
        100.0,
        ge=0,
        description="the same by one address, with keys of pages or with wrong ones",
    )
    max_n: int = Field(100, ge=1, le=1000, description="items that one answer may hold")
    max_batch_bytes: int = Field(
        512_000, ge=1_000, le=700_000, description="of a posted body, after decompression"
    )
    max_in_flight: int = Field(
        10_000, ge=1, description="events that wait for the broker; beyond it the answer is 503"
    )
    cors_origins: list[str] = Field(
        default_factory=list,
        description="origins whose pages may ask, beside those of keys; without keys any may post",
    )
    exclude_owned: bool = Field(True, description="leave out what the person bought")
    exclude_cart: bool = Field(True, description="leave out what lies in the cart")
    fatigue: int = Field(
        0, ge=0, description="impressions without a click after which an item steps back; 0: never"
    )
    explore: float = Field(
        0.0, ge=0, le=0.5, description="share of recommendations with one place for a drawn item"
    )
    arms: dict[ArmName, Annotated[float, Field(ge=0, lt=1)]] = Field(
        default_factory=dict, description="challenger to the share of people it answers"
    )
    max_per_category: int = Field(
        0, ge=0, le=1000, description="items of a category in recommendations; 0: any number"
    )
    diversity: float = Field(
        0.0, ge=0, le=1, description="weight of difference against relevance in recommendations"
    )
    store_budget_ms: int = Field(
        35, ge=5, le=10_000, description="time an answer may wait for the store before it degrades"
    )
    rules_file: Path | None = Field(None, description="TOML of pin, boost, bury and filter rules")
    offers_file: Path | None = Field(None, description="TOML of offers and placements")
    pages: bool = Field(
        False, description="serve the live page to whoever can reach the port; on in the demo"
    )
    sites: dict[str, SecretStr] = Field(
        default_factory=dict, description="site to write key; empty: any key, loopback only"
    )
    site_names: list[str] = Field(
        default_factory=list,
        description="further sites, whose keys are all made by `headrace keys create`",
    )
    public_write_keys: bool = Field(
        False, description="take the keys of `api.sites` for such as stand in pages"
    )
    admin_key: SecretStr = Field(
        SecretStr(""), description="bearer token for campaigns and figures of all sites"
    )
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="site to secret key, for what no page may do; never in a page",
    )
    pseudonyms: bool = Field(
        True, description="put tokens in place of people's ids, in log and store"
    )
    pseudonym_keys: dict[KeyVersion, SecretStr] = Field(
        default_factory=dict,
        description="version, 1 to 9, to the secret that tokens are made with; the highest makes "
        "new ones; empty: one made in the data folder beside the embedded servers, others need it",
    )
    max_streams: int = Field(
        1_000, ge=1, description="streams and long polls of triggers at a time; beyond it 503"
    )
    max_streams_per_key: int = Field(100, ge=1, description="the same by one key; beyond it 429")

    @property
    def known_sites(self) -> tuple[str, ...]:
        """The sites that there are: `default` alone where no keys are asked for."""
        return tuple(dict.fromkeys((*self.sites, *self.site_names))) or (DEFAULT_SITE,)

    @property
    def asks_for_keys(self) -> bool:
        """Whether any site is configured. Without, everybody may do anything: on loopback."""
        return bool(self.sites or self.site_names)

    @field_validator("pseudonym_keys")
    @classmethod
    def _long(cls, keys: dict[KeyVersion, SecretStr]) -> dict[KeyVersion, SecretStr]:
        for version, key in keys.items():
            if len(key.get_secret_value()) < MIN_SECRET:
                raise ValueError(
                    f"the secret of version {version} is too short: expected at least "
                    f"{MIN_SECRET} characters, such as `openssl rand -base64 32` makes"
                )
        return keys

    @field_validator("arms")
    @classmethod
    def _leave_some(cls, arms: dict[ArmName, float]) -> dict[ArmName, float]:
        if sum(arms.values()) >= 1.0:
            raise ValueError("the shares leave nobody for the champion: less than 1 together")
        return arms


class WebhookSettings(Group):
    """The delivery of triggers to webhooks."""

    allow: list[str] = Field(
        default_factory=list,
        description="networks that targets may lie in although they are not public, and that "
        "http:// may go to; for development 127.0.0.0/8",
    )
    timeout_seconds: float = Field(
        15.0, gt=0, le=60, description="of one attempt, from the look-up to the answer"
    )

    @field_validator("allow")
    @classmethod
    def _networks(cls, allow: list[str]) -> list[str]:
        for network in allow:
            ipaddress.ip_network(network)
        return allow
