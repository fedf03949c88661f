"""Settings: defaults, then a TOML file, then the environment; nothing is read at import.

`HEADRACE_KAFKA__BOOTSTRAP_SERVERS=broker:9092` sets `kafka.bootstrap_servers`. An unknown or bad
setting is one clear line (`SettingsError`), never a default in silence.

>>> Settings.load(environ={}).flow.session_gap_seconds
1800
>>> Settings.load(environ={"HEADRACE_FLOW__BUCKETS": "none"})
Traceback (most recent call last):
    ...
contracts.settings.SettingsError: HEADRACE_FLOW__BUCKETS: input should be a valid integer, unable \
to parse string as an integer (got 'none')
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

ENV_PREFIX: Final = "HEADRACE_"
NESTING: Final = "__"
DAY_S: Final = 86_400


class SettingsError(ValueError):
    """A setting that is unknown or wrong: where it came from, and what it should be."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class KafkaSettings(_Group):
    """The broker. `options` goes to librdkafka as it is: SASL, TLS, anything else."""

    bootstrap_servers: str = Field("", description="empty: the embedded broker")
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="librdkafka options, such as security.protocol"
    )
    password: SecretStr = Field(SecretStr(""), description="sasl.password, kept out of logs")
    partitions: int = Field(8, ge=1, le=1024, description="of a topic that Headrace creates")
    replication: int = Field(1, ge=1, le=16)
    group: str = Field("headrace", description="group that offsets are committed to, for lag tools")
    delivery_timeout_ms: int = Field(10_000, ge=100, le=600_000)
    poll_batch: int = Field(2_000, ge=1, le=100_000)
    on_new_log: Literal["refuse", "restart"] = Field(
        "refuse", description="when the broker's log is not the one that recovery belongs to"
    )


class RedisSettings(_Group):
    """The store. The URL may carry user, password, database and TLS (`rediss://`)."""

    url: SecretStr = Field(SecretStr(""), description="empty: the embedded store")
    ca_file: Path | None = Field(None, description="certificate authority for rediss://")
    timeout_seconds: float = Field(2.0, gt=0, le=60)


class FlowSettings(_Group):
    """The dataflow. Durations are event time unless they say wall."""

    workers: int = Field(1, ge=1, le=256, description="processes of the cluster")
    buckets: int = Field(64, ge=1, le=4096, description="state keys of devices, and of users")
    shards: int = Field(64, ge=1, le=4096, description="state keys of items")
    epoch_seconds: float = Field(5.0, ge=0.05, le=3600, description="wall time between snapshots")
    recovery_parts: int = Field(16, ge=1, le=1024, description="fixed once recovery is initialised")
    round_events: int = Field(2_000, ge=1, le=1_000_000, description="events a round of a replay")
    session_gap_seconds: int = Field(1_800, ge=1, le=DAY_S)
    dedupe_hours: int = Field(24, ge=1, le=24 * 30)
    dedupe_max_ids: int = Field(20_000_000, ge=1_000, description="then the oldest go")
    lateness_seconds: int = Field(600, ge=0, le=30 * DAY_S, description="older than this: late")
    max_ahead_seconds: int = Field(
        300, ge=0, le=30 * DAY_S, description="a clock further ahead is set to the arrival time"
    )
    adopt_events: int = Field(50, ge=0, le=50, description="anonymous events that a user adopts")
    recents: int = Field(50, ge=1, le=50)
    interests: int = Field(20, ge=1, le=100, description="entries an interest map keeps")
    interest_half_life_days: float = Field(14.0, gt=0, le=3650)
    neighbours: int = Field(64, ge=4, le=512, description="slots of an item's neighbour row")
    co_window: int = Field(20, ge=1, le=50, description="recents that an item is paired with")
    co_half_life_days: float = Field(30.0, gt=0, le=3650)
    publish_ms: int = Field(100, ge=0, le=10_000, description="wall time that item rows add up")
    intent_every: int = Field(3, ge=1, le=1000, description="session steps between two scores")
    segment_every: int = Field(10, ge=1, le=1000, description="events between two assignments")
    segments: int = Field(6, ge=2, le=64)
    seed: int = Field(7, description="of every model that draws random numbers")


class ApiSettings(_Group):
    """The HTTP service."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65_535)
    max_n: int = Field(100, ge=1, le=1000, description="items that one answer may hold")
    max_batch_bytes: int = Field(512_000, ge=1_000)
    exclude_owned: bool = Field(True, description="leave out what the person bought")
    exclude_cart: bool = Field(True, description="leave out what lies in the cart")
    fatigue: int = Field(
        0, ge=0, description="impressions without a click after which an item steps back; 0: never"
    )
    rules_file: Path | None = Field(None, description="TOML of pin, boost, bury and filter rules")
    sites: dict[str, SecretStr] = Field(
        default_factory=dict, description="site to write key; empty: any key, loopback only"
    )


class Settings(_Group):
    """All settings, by group."""

    data_dir: Path = Path("var")
    namespace: str = "live"
    kafka: KafkaSettings = KafkaSettings()
    redis: RedisSettings = RedisSettings()
    flow: FlowSettings = FlowSettings()
    api: ApiSettings = ApiSettings()

    @classmethod
    def load(
        cls,
        file: Path | None = None,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> "Settings":
        """Return the settings of a TOML file, under those of the environment and `overrides`.

        `overrides` has dotted names, as from a command line. Raises `SettingsError`.
        """
        origins: dict[str, str] = {}
        tree: dict[str, Any] = {}
        for source, name, value in (
            *_from_file(file),
            *_from_environ(environ or {}),
            *_from_overrides(overrides or {}),
        ):
            _put(tree, name.split("."), value, source)
            origins[name] = source
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise SettingsError(_explain(error, origins)) from None


def _from_file(file: Path | None) -> list[tuple[str, str, Any]]:
    if file is None:
        return []
    try:
        tree = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from None
    return [(f"{file}: {name}", name, value) for name, value in _leaves(tree)]


def _leaves(tree: dict[str, Any], path: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        dotted = f"{path}.{name}" if path else name
        # Free-form maps (librdkafka options, sites) have dots in their own names.
        group = isinstance(value, dict) and dotted not in ("kafka.options", "api.sites")
        found += _leaves(value, dotted) if group else [(dotted, value)]
    return found


def _from_environ(environ: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    return [
        (name, name.removeprefix(ENV_PREFIX).lower().replace(NESTING, "."), _literal(name, value))
        for name, value in sorted(environ.items())
        if name.startswith(ENV_PREFIX)
    ]


def _literal(name: str, value: str) -> Any:
    if name.endswith(("KAFKA__OPTIONS", "API__SITES")):
        try:
            return tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            raise SettingsError(
                f'{name}: expected a TOML inline table, such as {{ "a" = "b" }} (got {value!r})'
            ) from None
    return value


def _from_overrides(overrides: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    return [(name, name, value) for name, value in overrides.items() if value is not None]


def _put(tree: dict[str, Any], path: list[str], value: Any, source: str) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise SettingsError(f"{source}: there is no such setting")
    tree[path[-1]] = value


def _explain(error: ValidationError, origins: dict[str, str]) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    source = origins.get(name, name)
    if first["type"] == "extra_forbidden":
        return f"{source}: there is no such setting (headrace config schema lists all)"
    message = first["msg"]
    return f"{source}: {message[:1].lower()}{message[1:]} (got {first['input']!r})"
