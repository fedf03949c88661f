"""Settings: defaults, then a TOML file, then the environment; nothing is read at import.

`HEADRACE_KAFKA__BOOTSTRAP_SERVERS=broker:9092` sets `kafka.bootstrap_servers`. An unknown or bad
setting is one clear line (`SettingsError`), never a default in silence.

>>> Settings.load(environ={}).flow.session_gap_seconds
1800
>>> Settings.load(environ={"HEADRACE_FLOW__BUCKETS": "none"})
Traceback (most recent call last):
    ...
contracts.setting_sources.SettingsError: HEADRACE_FLOW__BUCKETS: input should be a valid integer, \
unable to parse string as an integer (got 'none')
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from contracts import setting_sources as sources
from contracts.api_settings import ApiSettings, WebhookSettings
from contracts.events import TouchName
from contracts.setting_group import Group
from contracts.setting_sources import SettingsError

__all__ = [
    "ApiSettings",
    "CampaignSettings",
    "FlowSettings",
    "KafkaSettings",
    "Loaded",
    "RedisSettings",
    "Settings",
    "SettingsError",
    "WebhookSettings",
    "kafka_config",
]

DAY_S: Final = 86_400


class KafkaSettings(Group):
    """The broker. `options` goes to librdkafka as it is: SASL, TLS, anything else."""

    bootstrap_servers: str = Field("", description="empty: the embedded broker")
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="librdkafka options, such as security.protocol"
    )
    password: SecretStr = Field(SecretStr(""), description="sasl.password, kept out of logs")
    partitions: int = Field(8, ge=1, le=1024, description="of a topic that Headrace creates")
    replication: int = Field(1, ge=1, le=16, description="copies of such a topic")
    group: str = Field("headrace", description="group that offsets are committed to, for lag tools")
    delivery_timeout_ms: int = Field(
        10_000, ge=100, le=600_000, description="then a record counts as not taken"
    )
    poll_batch: int = Field(2_000, ge=1, le=100_000, description="records of one read, at most")
    ahead_seconds: int = Field(
        60, ge=0, le=1_000 * DAY_S, description="a record's time further ahead is set to ours"
    )
    on_new_log: Literal["refuse", "restart"] = Field(
        "refuse", description="when the broker's log is not the one that recovery belongs to"
    )

    @field_validator("options", mode="before")
    @classmethod
    def _flatten(cls, options: Any) -> Any:
        """Take TOML's `security.protocol = "SSL"`, which is a table in a table, as one name."""
        return dict(sources.dotted(options)) if isinstance(options, dict) else options


class RedisSettings(Group):
    """The store. The URL may carry user, password, database and TLS (`rediss://`)."""

    url: SecretStr = Field(SecretStr(""), description="empty: the embedded store")
    ca_file: Path | None = Field(None, description="certificate authority for rediss://")
    timeout_seconds: float = Field(2.0, gt=0, le=60, description="of one command")


FamilyName = Literal[
    "intent",
    "segments",
    "baskets",
    "blend",
    "ranker",
    "churn",
    "spend",
    "order_value",
    "response",
    "decide",
    "visits",
    "rates",
    "scoreboard",
    "feedback",
]
"""Models that can hang on the graph: `operators.families`."""


class FlowSettings(Group):
    """The dataflow. Durations are event time unless they say wall."""

    workers: int = Field(1, ge=1, le=256, description="processes of the cluster")
    buckets: int = Field(64, ge=1, le=4096, description="state keys of devices, and of users")
    shards: int = Field(8, ge=1, le=4096, description="state keys of items")
    epoch_seconds: float = Field(5.0, ge=0.05, le=3600, description="wall time between snapshots")
    snapshot_key: SecretStr = Field(
        SecretStr(""), description="signs recovery state; empty: one made in the data folder"
    )
    recovery_parts: int = Field(
        1,
        ge=1,
        le=1024,
        description="files of recovery, each a wait for the disk an epoch; fixed once made",
    )
    round_events: int = Field(2_000, ge=1, le=1_000_000, description="events a round of a replay")
    session_gap_seconds: int = Field(
        1_800, ge=1, le=DAY_S, description="a longer silence starts a new session"
    )
    dedupe_hours: int = Field(24, ge=1, le=24 * 30, description="how long an id is remembered")
    dedupe_max_ids: int = Field(20_000_000, ge=1_000, description="then the oldest go")
    lateness_seconds: int = Field(600, ge=0, le=30 * DAY_S, description="older than this: late")
    max_ahead_seconds: int = Field(
        300, ge=0, le=30 * DAY_S, description="a clock further ahead is set to the arrival time"
    )
    adopt_events: int = Field(50, ge=0, le=50, description="anonymous events that a user adopts")
    recents: int = Field(50, ge=1, le=50, description="last items that a profile keeps")
    interests: int = Field(20, ge=1, le=100, description="entries an interest map keeps")
    interest_half_life_days: float = Field(
        14.0, gt=0, le=3650, description="after which an interest counts half"
    )
    neighbours: int = Field(64, ge=4, le=512, description="slots of an item's neighbour row")
    co_window: int = Field(20, ge=1, le=50, description="recents that an item is paired with")
    co_half_life_days: float = Field(
        30.0, gt=0, le=3650, description="after which a pair of items counts half"
    )
    item_lessons: float = Field(
        24.0,
        gt=0,
        le=1e9,
        description="evidence of one person for one item, in views, that rows and rankings learn "
        "from, among the recents of a day",
    )
    visit_lessons: int = Field(
        200, ge=1, description="events of a visit that rows and rankings learn from"
    )
    blend_every: int = Field(
        8, ge=1, le=10_000, description="people, one of whom the recommender's weights learn from"
    )
    event_weights: dict[TouchName, Annotated[float, Field(ge=-100, le=100)]] = Field(
        default_factory=dict,
        description="evidence that a type of event is of interest in its item, in views, where it "
        "is to be another: `{purchase = 8.0}`",
    )
    score_share: float = Field(
        0.1, ge=0, le=1, description="of the people, whose answers are judged by what came next"
    )
    publish_ms: int = Field(300, ge=0, le=10_000, description="wall time that item rows add up")
    intent_every: int = Field(3, ge=1, le=1000, description="session steps between two scores")
    outcome_every: int = Field(
        4, ge=1, le=1000, description="visits of a person between two looks at churn and spending"
    )
    outcome_days: float = Field(
        30.0, gt=0, le=366, description="horizon of churn and spending: when the outcome is known"
    )
    score_history: int = Field(
        0, ge=0, le=64, description="points of each score's past kept of a person, 8 bytes each"
    )
    response_hours: float = Field(
        72.0, gt=0, le=24 * 366, description="in which an approach by a campaign may be answered"
    )
    result_days: float = Field(
        7.0, gt=0, le=366, description="after a trigger that orders count for its campaign"
    )
    segment_every: int = Field(20, ge=1, le=1000, description="events between two assignments")
    segments: int = Field(6, ge=2, le=64, description="groups that people are put into")
    rule_half_life_days: float = Field(
        90.0, gt=0, le=36_500, description="after which a basket counts half in rules"
    )
    concept_half_life_days: float = Field(
        30.0, gt=0, le=36_500, description="after which a window counts half in concepts"
    )
    case_due_hours: float = Field(
        24.0, gt=0, le=24 * 366, description="then a complaint without an answer is overdue"
    )
    emerging_hours: float = Field(
        24.0, gt=0, le=24 * 31, description="window in which a topic of feedback may emerge"
    )
    families: list[FamilyName] = Field(
        default_factory=list, description="models that run, such as intent; none named: all"
    )
    keep_bots_out: bool = Field(True, description="of what is learnt; their profiles are marked")
    bot_hours: float = Field(24.0, gt=0, le=24 * 365, description="that a mark outlasts its cause")
    drift_alarm: float = Field(
        0.01, gt=0, lt=1, description="chance of a false alarm, of all series of a model"
    )
    challengers: list[Literal["tree", "forest"]] = Field(
        ["tree"], description="that models of yes or no, and of amounts, are compared with"
    )
    segment_challengers: list[Literal["kmeans", "streamkmeans", "clustream"]] = Field(
        ["streamkmeans"], description="River's clusterers that segments are compared with"
    )
    challenger_every: int = Field(
        20,
        ge=1,
        le=100_000,
        description="one in how many examples the challengers of intent and segments see",
    )
    outcome_challenger_every: int = Field(
        4, ge=1, le=100_000, description="the same of the models whose outcomes are rarer"
    )
    promote: bool = Field(False, description="let a challenger that proved better take over")
    promote_alpha: float = Field(
        0.01, gt=0, lt=0.5, description="chance of promoting one that is no better"
    )
    seed: int = Field(7, description="of every model that draws random numbers")


class TracesSettings(Group):
    """Traces by OpenTelemetry; they need the extra `traces`."""

    endpoint: str = Field("", description="OTLP over HTTP, such as http://collector:4318/v1/traces")
    share: float = Field(
        0.01, ge=0, le=1, description="of requests that are traced, if the caller does not say"
    )


class CampaignSettings(Group):
    """Campaigns, and the triggers that they make."""

    folder: Path | None = Field(None, description="of TOML files, one a campaign, read as they are")
    clock_seconds: float = Field(
        5.0,
        ge=0,
        le=3600,
        description="between clock records, which absence is told by; 0: none are written",
    )
    stream_length: int = Field(
        100_000, ge=100, le=100_000_000, description="triggers that a site's stream keeps, about"
    )
    recommendations: int = Field(
        5, ge=0, le=50, description="items that the person may like now, in each trigger; 0: none"
    )


class Settings(BaseSettings):
    """All settings, by group.

    `Settings()` is the defaults; only `load` looks at a file or an environment, at those given.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=True)

    data_dir: Path = Field(Path("var"), description="everything that is written lies under it")
    namespace: str = Field(
        "live", pattern=r"^[\w-][\w.-]*$", description="of the views that are written"
    )
    logs: Literal["text", "json"] = Field(
        "text", description="lines to read, or json to collect: of workers, API and webhooks"
    )
    kafka: KafkaSettings = KafkaSettings()
    redis: RedisSettings = RedisSettings()
    flow: FlowSettings = FlowSettings()
    api: ApiSettings = ApiSettings()
    traces: TracesSettings = TracesSettings()
    campaigns: CampaignSettings = CampaignSettings()
    webhooks: WebhookSettings = WebhookSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing by itself: `load` says what is read."""
        return (init_settings,)

    @classmethod
    def load(
        cls,
        file: Path | None = None,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> "Settings":
        """Return the settings of a TOML (or `.json`) file, under `environ`, under `overrides`.

        `overrides` has dotted names, as from a command line; None means not given. Raises
        `SettingsError`.
        """
        return cls.trace(file, environ, overrides).settings

    @classmethod
    def trace(
        cls,
        file: Path | None = None,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> "Loaded":
        """Return what `load` returns, and where each value that is not a default came from."""
        tree: dict[str, Any] = {}
        origins: dict[str, str] = {}
        for found, where in (
            sources.from_file(cls, file) if file is not None else ({}, {}),
            sources.from_environ(cls, environ or {}),
            sources.from_overrides(cls, overrides or {}),
        ):
            tree = sources.merge(tree, found)
            origins |= where
        try:
            return Loaded(cls(**tree), origins)
        except ValidationError as error:
            raise SettingsError(sources.explain(cls, error, origins)) from None

    def save(self, file: Path) -> None:
        """Write all settings, secrets too, as JSON that `load` reads; for the owner's eyes only."""
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            json.dump(sources.revealed(self), output, indent=1)
        draft.replace(file)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and by dotted name the variable or file key of every value that was given."""

    settings: Settings
    origins: Mapping[str, str]


def kafka_config(settings: Settings) -> dict[str, str | int | float | bool]:
    """Return the librdkafka configuration of a client of ours: address, SASL, TLS.

    >>> kafka_config(Settings(kafka=KafkaSettings(bootstrap_servers="broker:9092")))
    {'bootstrap.servers': 'broker:9092'}
    """
    config = {**settings.kafka.options, "bootstrap.servers": settings.kafka.bootstrap_servers}
    if password := settings.kafka.password.get_secret_value():
        config["sasl.password"] = password
    return config
