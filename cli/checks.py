"""What is wrong with settings that only their users can tell: before anything runs with them."""

from cli.errors import WrongUseError
from cli.pseudonyms import check_secret
from contracts.addresses import is_loopback
from contracts.settings import ApiSettings, Settings, kafka_config

HOST_PORT = "HOST:PORT[,HOST:PORT]"


def check_settings(settings: Settings) -> None:
    """Raise `WrongUseError` for what the clients of Kafka and Redis, or the API, will not take.

    Connects to nothing.
    """
    check_servers(settings)
    check_exposure(settings.api)
    check_rules(settings)
    check_secret(settings)


def check_servers(settings: Settings) -> None:
    """Raise `WrongUseError` for addresses and options that no client takes."""
    # Here, so that `headrace up --help` needs no Kafka or Redis client.
    from confluent_kafka import Producer

    from flows.kafka_client import KafkaRefused, client
    from storage.connection import connect
    from storage.errors import StoreError

    for server in filter(None, settings.kafka.bootstrap_servers.split(",")):
        if not server.rpartition(":")[0] or not server.rpartition(":")[2].isdecimal():
            raise WrongUseError(f"kafka.bootstrap_servers: expected {HOST_PORT}, got {server!r}")
    try:
        client(Producer, {**kafka_config(settings), "log_level": 0})
        if settings.redis.url.get_secret_value():
            connect(settings.redis).close()
    except (KafkaRefused, StoreError) as error:
        raise WrongUseError(str(error)) from None


def check_exposure(api: ApiSettings) -> None:
    """Refuse to serve the network without keys."""
    if not api.asks_for_keys and not is_loopback(api.host):
        raise WrongUseError(
            f"api.host is {api.host}, which others can reach, and no write keys are configured: "
            "set one for each site, as HEADRACE_API__SITES__SHOP=KEY or under [api.sites] in the "
            "settings file, or listen on 127.0.0.1"
        )


def check_rules(settings: Settings) -> None:
    """Read the rules file that the settings name; raise `WrongUseError` for what is wrong in it."""
    # Here, so that the other commands need not load the API.
    from api.serve.rules import RulesError, load

    if settings.api.rules_file is None:
        return
    try:
        load(settings.api.rules_file)
    except RulesError as error:
        raise WrongUseError(f"api.rules_file: {error}") from None
