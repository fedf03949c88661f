"""`headrace erase USER...`: forget people, everywhere."""

import os
import sys
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, Kafka, Redis, RunsDir
from contracts.keys import CONTROL_TOPIC, DEFAULT_SITE
from contracts.settings import Settings, kafka_config
from contracts.wording import counted


def erase(
    ids: Annotated[list[str], typer.Argument(metavar="USER...", help="Or `device:ID`.")],
    site: Annotated[str, typer.Option(help="Whose people they are.")] = DEFAULT_SITE,
    lift: Annotated[
        bool, typer.Option("--lift", help="Let events count again that arrive from now on.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, also at a terminal.")] = False,
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Erase people: nothing of them counts any more, in a running flow and in every replay.

    What is known of them is taken out of the store at once; a running flow forgets them within
    some epochs, one that does not run when it starts. May be said again. Ids that were never seen
    are suppressed all the same. At a terminal it asks first, since nothing brings anybody back.

    \b
    Examples:
      headrace erase ada@example.com --site shop
      headrace erase device:8f1c2a
      headrace erase ada@example.com --site shop --lift
    """
    from cli.lock import LockedError
    from cli.pseudonyms import check_people, names_of, subject_of
    from cli.store_access import check_runs, running_settings, store_of
    from cli.working import working
    from contracts.erasures import Erased
    from contracts.pseudonyms import UnknownPeopleError
    from flows.kafka_client import KafkaAway, KafkaRefused
    from flows.kafka_sink import NotDelivered
    from storage.erasures import ErasureStore
    from storage.errors import StoreError

    given = {"data_dir": data_dir, "redis.url": redis, "kafka.bootstrap_servers": kafka}
    settings = Settings.load(config, os.environ, given)
    check_runs(settings)
    names = names_of(settings)
    try:
        settings = running_settings(settings)
        with store_of(settings) as found:
            store = ErasureStore(found.model_copy(update={"timeout_seconds": 60.0}))
            check_people(names, found, settings.namespace)
            if not (lift or yes) and sys.stdin.isatty():
                with working("looking for their devices"):
                    found_of = {
                        id_: len(store.ids_of(site, subject_of(names, site, id_))) for id_ in ids
                    }
                _ask(site, found_of)
            now = time.time_ns() // 1_000_000
            for id_ in ids:
                who = subject_of(names, site, id_)
                made = (
                    store.lift(site, who, now)
                    if lift
                    else store.erase(site, names.stored_as(site, id_), now)
                )
                if not made:
                    raise WrongUseError(f"{id_}: nobody of that id is erased at site {site}")
                store.put(made)
                if settings.kafka.bootstrap_servers:
                    _tell(settings, made)
                with working("sweeping the store"):
                    swept = 0 if lift else store.sweep(Erased(made))
                print(f"{id_}: {'counts again' if lift else _done(settings, site, swept)}")
            with working("letting the store write its file anew"):
                store.write_anew()
            store.close()
    except (
        *(KafkaAway, KafkaRefused, LockedError, NotDelivered, StoreError),
        UnknownPeopleError,
    ) as error:
        raise CommandError(str(error)) from error


def _done(settings: Settings, site: str, swept: int) -> str:
    from cli.store_access import api_settings

    if swept:
        return f"erased: {counted(swept, 'entry', 'entries')} of the store"
    sites = api_settings(settings).api.known_sites
    where = f"site {site}" if site in sites else f"site {site}; there are {', '.join(sites)}"
    return f"erased, but nothing of them was stored at {where}"


def _ask(site: str, people: Mapping[str, int]) -> None:
    """Say who would be erased, with how many ids, and what goes; end unless it is meant."""
    who = "\n".join(f"  {id_}, with {counted(count, 'id')}" for id_, count in people.items())
    print(
        f"Erase from site {site}:\n{who}\n"
        "Profiles, scores, triggers, cases and what waits for webhooks go, in every namespace;\n"
        "their events count no more, in replays neither. Nothing brings it back.",
        file=sys.stderr,
    )
    typer.confirm("Erase?", abort=True, err=True)


def _tell(settings: Settings, erasures: list[Any]) -> None:
    """Put erasures on the topic `control`, for the flow that runs and for replays."""
    from contracts.erasures import encode_erasure
    from flows.kafka_sink import Outgoing, Sender

    sender = Sender(kafka_config(settings), settings.kafka.delivery_timeout_ms)
    for erasure in erasures:
        sender.send(Outgoing(CONTROL_TOPIC, erasure.key, encode_erasure(erasure)))
    sender.flush()
