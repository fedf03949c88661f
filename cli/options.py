"""Options that several commands have, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (TOML).")]

DataDir = Annotated[
    Path | None, typer.Option(help="Everything that is written lies in this folder.")
]

RunsDir = Annotated[Path | None, typer.Option(help="The folder that the runs wrote to.")]

Kafka = Annotated[
    str | None, typer.Option(help="Brokers, host:port,...; else the embedded broker.")
]

Redis = Annotated[str | None, typer.Option(help="URL of Redis or Valkey; else the embedded store.")]

Workers = Annotated[int | None, typer.Option(min=1, max=256, help="Processes of the dataflow.")]

AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]

AdminKey = Annotated[
    str | None,
    typer.Option(help="Admin key, or one with the scope admin; else api.admin_key.", metavar="KEY"),
]

Site = Annotated[str | None, typer.Option(help="Whose figures, where there are several sites.")]
