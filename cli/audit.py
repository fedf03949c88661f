"""`headrace audit`: does every event of the log come to exactly one end?"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import AsJson, ConfigFile, Kafka, Redis, RunsDir
from contracts.keys import LIVE
from contracts.settings import Settings


def audit(
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    namespace: Annotated[str, typer.Option(help="Whose flow is audited.")] = LIVE,
    sample: Annotated[
        int, typer.Option(min=0, help="Read only so many partitions, drawn; 0: all of them.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="Compare only what came since the last such audit.")
    ] = False,
    acknowledged: Annotated[
        Path | None,
        typer.Option(help="File of events (JSON lines) that were answered 2xx: are all there?"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that every event has exactly one end and one effect. Ends with 1 on any difference.

    Reads the log, the topic of refused events, the newest epoch of the flow's recovery and the
    views, beside a running engine and without holding it up, or while it stands:

      accepted = applied + duplicate + rejected + withheld + in flight

    for each partition, by sums over the identities of the events, so that a loss and a double
    cannot make up for each other.

    \b
    Examples:
      headrace audit
      headrace audit --data-dir var --sample 2 --json
      headrace audit --since-last
    """
    from cli.lock import LockedError
    from cli.working import working
    from flows.kafka_client import KafkaAway, KafkaRefused, LogMismatch
    from flows.recovery import RecoveryError
    from flows.spans import LogTruncated
    from storage.errors import StoreError

    given = {"data_dir": data_dir, "redis.url": redis, "kafka.bootstrap_servers": kafka}
    settings = Settings.load(config, os.environ, given)
    options = {"sample": sample, "seed": seed, "since_last": since_last}
    try:
        with working("reading the log, recovery and the views"):
            account = _run(settings, namespace, options, acknowledged)
    except LogTruncated as error:
        raise CommandError(
            f"{error}. Compare what comes from now on with `headrace audit --since-last`, twice"
        ) from error
    except (KafkaAway, KafkaRefused, LogMismatch, RecoveryError, StoreError) as error:
        raise CommandError(str(error)) from error
    except LockedError as error:
        raise CommandError(str(error)) from error
    if as_json:
        print(json.dumps(account.as_dict(), indent=2))
    else:
        _show(account)
    if account.differences:
        raise typer.Exit(1)


def _run(
    settings: Settings, namespace: str, options: dict[str, Any], acknowledged: Path | None
) -> Any:
    from cli.folders import namespace_dir
    from cli.store_access import flow_settings, running_settings, store_of
    from flows.auditing.audit import Audit
    from storage.connection import connect, translated

    folder = namespace_dir(settings.data_dir, namespace)
    if not (folder / "recovery").is_dir():
        raise WrongUseError(
            f"--data-dir {settings.data_dir}: no flow of namespace {namespace!r} ran in this "
            "folder: name the one that `headrace up` was given"
        )
    settings = running_settings(settings)
    if not settings.kafka.bootstrap_servers:
        raise WrongUseError("which broker? Nothing runs in the folder: give --kafka")
    settings = flow_settings(settings, folder).model_copy(update={"namespace": namespace})
    told = _numbers(acknowledged) if acknowledged is not None else ()
    with store_of(settings) as store, connect(store) as client:

        def get_many(keys: Any) -> Any:
            with translated("the store"):
                return client.mget(keys)

        return Audit(settings, folder, get_many, **options).run(told)


def _numbers(file: Path) -> Iterator[int]:
    from contracts.codec import DecodeError, decode_event
    from operators.ledger import id_number

    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise WrongUseError(f"--acknowledged {file}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            yield id_number(decode_event(line))
        except DecodeError as error:
            raise WrongUseError(f"--acknowledged {file}:{number}: {error}") from None


def _show(account: Any) -> None:
    columns = ("accepted", "applied", "duplicate", "rejected", "withheld", "in_flight")
    names = [column.replace("_", " ") for column in columns]
    if account.parts:
        print(f"{'partition':20} {names[0]:>10} = {' + '.join(f'{n:>9}' for n in names[1:])}")
    rows = [(part.part, [getattr(part, column) for column in columns]) for part in account.parts]
    if len(rows) > 1:
        rows.append(("all", [sum(row[1][at] for row in rows) for at in range(len(columns))]))
    for name, (accepted, *ends) in rows:
        print(f"{name:20} {accepted:10,} = {' + '.join(f'{count:9,}' for count in ends)}")
    for note in account.notes:
        print(note)
    for difference in account.differences:
        print(f"DIFFERENCE {difference}")
    if not account.differences:
        print("no difference")
