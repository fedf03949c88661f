"""What all Kafka clients of the dataflow share: their configuration, and what an error means."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException

C = TypeVar("C")
Config = Mapping[str, Any]
"""librdkafka options: at least `bootstrap.servers`; see `contracts.settings.kafka_config`."""

FETCH_WAIT_MS: Final = 20
"""The embedded broker answers a waiting fetch only when its time is up, whatever arrives
meanwhile, so this is what reading adds to the latency there (measured: median 5 ms; 240 ms at
librdkafka's own 500). Kafka answers at once; it sees 50 empty fetches a second when idle."""

_REFUSALS: Final = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._INVALID_ARG,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
_AWAY: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})


class KafkaRefused(RuntimeError):  # noqa: N818  # reads as what it is
    """Kafka will refuse this again (password, permission, unknown topic): a person must act."""


class UnknownTopic(KafkaRefused):
    """A topic does not exist, or may not be seen."""


class KafkaAway(RuntimeError):  # noqa: N818  # the same
    """Kafka could not be reached before the process was asked to stop."""


class LogMismatch(RuntimeError):  # noqa: N818  # the same
    """The broker's log is not the one that the recovery state belongs to."""


def servers(config: Config) -> str:
    """Return the address that a configuration names, for messages."""
    return str(config.get("bootstrap.servers", ""))


def cause(error: KafkaException) -> KafkaError:
    """Return librdkafka's error inside of the client's exception."""
    found: KafkaError = error.args[0]
    return found


def client(kind: Callable[[dict[str, Any]], C], config: dict[str, Any]) -> C:
    """Return a new client; raise `KafkaRefused` for options that librdkafka does not take."""
    try:
        return kind(config)
    except KafkaException as error:
        raise KafkaRefused(f"kafka.options: {cause(error).str()}") from None


def is_refusal(error: KafkaError) -> bool:
    """Say whether trying again cannot help."""
    return bool(error.fatal()) or error.code() in _REFUSALS


def is_away(error: KafkaError) -> bool:
    """Say whether a connection broke, so that another log may be there when it is back."""
    return error.code() in _AWAY


def refused(config: Config, error: KafkaError) -> KafkaRefused:
    """Return the exception that tells a person what Kafka said."""
    return KafkaRefused(f"Kafka at {servers(config)}: {error.str()} ({error.name()})")


def quiet(config: Config, on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    """Return a configuration whose errors come to `on_error` instead of stderr.

    Otherwise librdkafka prints each attempt to reach a broker that is away.
    """
    return {"log_level": 2, **config, "error_cb": on_error}


def consumer_config(
    config: Config, group: str, on_error: Callable[[KafkaError], None]
) -> dict[str, Any]:
    """Return the configuration of a consumer whose offsets we keep ourselves.

    `auto.offset.reset=error`: an offset outside of the log is an error, never another place.
    """
    return {
        "fetch.wait.max.ms": FETCH_WAIT_MS,
        **quiet(config, on_error),
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
    }
