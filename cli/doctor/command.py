"""`headrace doctor`: look at everything that an engine stands on."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import typer

from cli.doctor.finding import Finding, Level, fail, ok, warn, worst
from cli.errors import CommandError
from cli.options import AdminKey, AsJson, ConfigFile, Kafka, Redis, RunsDir, Site
from contracts.addresses import is_loopback
from contracts.settings import Settings


def doctor(
    url: Annotated[str | None, typer.Option(help="Of the API; else the one of the folder.")] = None,
    data_dir: RunsDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    key: AdminKey = None,
    site: Site = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, machine, Kafka, store, clocks, engine and models; say how to mend each.

    One line a check, which starts with ok, warn or fail. It only reads, and may be run beside a
    running engine or before the first start.

    \b
    Exit codes:
      0  nothing failed; there may be warnings
      1  something failed
      2  the settings cannot be read

    \b
    Examples:
      headrace doctor
      headrace doctor --config headrace.toml --json
      headrace doctor --kafka broker-1:9092 --redis redis://cache:6379/0
    """
    from cli.asking import key_for
    from cli.lock import LockedError
    from cli.store_access import api_settings, running_settings

    given = {"data_dir": data_dir, "kafka.bootstrap_servers": kafka, "redis.url": redis}
    loaded = Settings.load(config, os.environ, given)
    try:
        settings = api_settings(running_settings(loaded))
    except LockedError as error:
        raise CommandError(str(error)) from error
    findings = []
    for finding in _findings(settings, url, key_for(key, settings, loaded), site):
        findings.append(finding)
        if not as_json:
            print(*finding.lines(), sep="\n", flush=True)
    level = worst(findings)
    if as_json:
        told = {"level": str(level), "checks": [finding.as_dict() for finding in findings]}
        print(json.dumps(told, indent=2))
    if level is Level.FAIL:
        raise typer.Exit(1)


def settings_judged(settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with settings that are each allowed."""
    from cli.checks import check_settings

    try:
        check_settings(settings)
    except CommandError as error:
        yield fail("settings", "valid", str(error), "headrace config show says where it comes from")
    else:
        yield ok("settings", "valid", "what is set can be used")
    yield from pseudonyms_judged(settings)
    if settings.api.asks_for_keys and not settings.api.admin_key.get_secret_value():
        text = "no api.admin_key: campaigns and figures of all sites can be reached by nobody"
        yield warn("settings", "admin", text, "export HEADRACE_API__ADMIN_KEY=A-LONG-SECRET")
    outside = settings.api.operations_host
    if settings.api.operations_port is not None and not is_loopback(outside):
        text = f"the operators' port listens on {outside} and asks for no key"
        mend = "let a firewall or a network of its own keep others out"
        yield warn("settings", "operations", text, mend)


def pseudonyms_judged(settings: Settings) -> Iterator[Finding]:
    """Yield where the secret of pseudonyms is, if they are on; that there is one is checked."""
    from cli.pseudonyms import FILE

    file = settings.data_dir.resolve() / FILE
    if not settings.api.pseudonyms:
        return
    if settings.api.pseudonym_keys or file.exists():
        where = f"api.pseudonym_keys, else {file}"
        yield ok("settings", "pseudonyms", f"ids are tokens, by the secret of {where}")
    elif (file.parent / "store").is_dir():
        text = f"there is a store and no {file}: who is in it will be found by nobody"
        mend = "bring the file back; or, if pseudonyms are new here, begin with an empty folder"
        yield warn("settings", "pseudonyms", text, mend)


def people_judged(settings: Settings) -> Iterator[Finding]:
    """Yield whether people can be found by their ids, where the store answers."""
    from cli.pseudonyms import check_people, names_of
    from contracts.pseudonyms import UnknownPeopleError
    from storage.errors import StoreError

    if not settings.redis.url.get_secret_value():
        return
    with suppress(StoreError, CommandError):  # of these another line tells
        try:
            check_people(names_of(settings), settings.redis, settings.namespace)
        except UnknownPeopleError as error:
            mend = "nobody is found until then; an erasure would erase nobody"
            yield fail("store", "people", str(error), mend)


def _findings(settings: Settings, url: str | None, key: str, site: str | None) -> Iterator[Finding]:
    # Here, so that `--help` needs no client of Kafka or Redis.
    from cli.doctor.engine import check_engine
    from cli.doctor.kafka import check_kafka
    from cli.doctor.machine import check_machine
    from cli.doctor.store import check_store

    yield from settings_judged(settings)
    yield from check_machine(settings)
    yield from check_kafka(settings)
    yield from check_store(settings.redis)
    yield from people_judged(settings)
    yield from check_engine(settings, url, key, site)
