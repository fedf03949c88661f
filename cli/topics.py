"""`headrace topics`: create the topics that Headrace reads and writes."""

import json
import os
from typing import Annotated

import typer

from cli.errors import WrongUseError
from cli.options import AsJson, ConfigFile
from contracts.keys import TOPICS
from contracts.settings import Settings, kafka_config


def topics(
    kafka: Annotated[str | None, typer.Option(help="Brokers, host:port,...")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Create those topics that do not exist yet; the others stay as they are.

    `headrace up` does this by itself. Use it where the flow itself may not create topics.

    \b
    Example:
      headrace topics --kafka broker-1:9092
    """
    from flows.topics import create_topics

    given = {"kafka.bootstrap_servers": kafka}
    settings = Settings.load(config, os.environ, given)
    if not settings.kafka.bootstrap_servers:
        raise WrongUseError("which broker? Give --kafka or HEADRACE_KAFKA__BOOTSTRAP_SERVERS")
    created = create_topics(
        settings.kafka.bootstrap_servers,
        settings.kafka.partitions,
        settings.kafka.replication,
        kafka_config(settings),
    )
    if as_json:
        print(json.dumps({"created": list(created), "topics": list(TOPICS)}))
        return
    for name in TOPICS:
        print(f"{name}: {'created' if name in created else 'is there'}")
