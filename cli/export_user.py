"""`headrace export-user USER`: all that is known of a person."""

import json
import os
import sys
import time
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, Kafka, Redis, RunsDir
from contracts.keys import DEFAULT_SITE, EVENT_TOPICS
from contracts.settings import Settings, kafka_config


def export_user(
    id_: Annotated[str, typer.Argument(metavar="USER", help="Or `device:ID`.")],
    site: Annotated[str, typer.Option(help="Whose person it is.")] = DEFAULT_SITE,
    events: Annotated[
        bool, typer.Option("--events", help="And the person's events in the log, read whole.")
    ] = False,
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Print all that is known of a person, as JSON, in the words of the contracts.

    \b
    Examples:
      headrace export-user ada@example.com --site shop > ada.json
      headrace export-user ada@example.com --site shop --events > ada.json
    """
    from cli.lock import LockedError
    from cli.pseudonyms import check_people, names_of, subject_of
    from cli.store_access import check_runs, running_settings, store_of
    from cli.working import working
    from contracts.pseudonyms import UnknownPeopleError
    from flows.kafka_client import KafkaAway, KafkaRefused
    from storage.errors import StoreError
    from storage.people import PeopleStore

    given = {"data_dir": data_dir, "redis.url": redis, "kafka.bootstrap_servers": kafka}
    settings = Settings.load(config, os.environ, given)
    check_runs(settings)
    names = names_of(settings)
    try:
        settings = running_settings(settings)
        with store_of(settings) as found:
            store = PeopleStore(found.model_copy(update={"timeout_seconds": 60.0}))
            check_people(names, found, settings.namespace)
            subject_of(names, site, id_)
            told = store.export(site, names.tokens(site, id_), time.time_ns() // 1_000_000)
            store.close()
        if events:
            if not settings.kafka.bootstrap_servers:
                raise WrongUseError("which broker? Nothing runs in the folder: give --kafka")
            with working("reading the log"):
                told["events"] = _events(settings, site, {told["user"], *told["devices"]})
    except (KafkaAway, KafkaRefused, LockedError, StoreError, UnknownPeopleError) as error:
        raise CommandError(str(error)) from error
    if not told["profiles"]:
        print(f"nobody is known as {id_} at site {site}", file=sys.stderr)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    print(names.revealed(site, text.encode()).decode())


def _events(settings: Settings, site: str, ids: set[str]) -> list[Any]:
    """Return a person's events in the log, as they lie there."""
    from contracts.codec import DecodeError, decode_event, encode_json
    from contracts.events import subject_of
    from flows.replaying.topic_range import end_offsets
    from flows.spans import read

    found: list[Any] = []

    def take(_: str, message: Any) -> None:
        try:
            event = decode_event(message.value() or b"")
        except DecodeError:
            return
        subjects = {event.user, event.device and subject_of(None, event.device)}
        if event.site == site and subjects & ids:
            found.append(json.loads(encode_json(event)))

    config = kafka_config(settings)
    ends = end_offsets(config, EVENT_TOPICS)
    read(config, {name: (0, end) for name, end in ends.items()}, take, from_anywhere=True)
    return sorted(found, key=lambda event: (event["time"], event["id"]))
