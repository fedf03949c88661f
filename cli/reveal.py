"""`headrace reveal`: pseudonyms back into ids, for whoever has the secret."""

import os
import sys
from typing import Annotated

import typer

from cli.errors import WrongUseError
from cli.options import ConfigFile, RunsDir
from contracts.keys import DEFAULT_SITE
from contracts.settings import Settings


def reveal(
    site: Annotated[str, typer.Option(help="Whose people they are.")] = DEFAULT_SITE,
    data_dir: RunsDir = None,
    config: ConfigFile = None,
) -> None:
    """Copy lines of JSON from stdin to stdout, with people's pseudonyms turned back into ids.

    The secret is that of the settings (api.pseudonym_keys), else that of the data folder. Tokens of
    another site or secret stay as they are.

    \b
    Examples:
      headrace rejects list --json | headrace reveal --site shop
      kcat -b broker-1:9092 -C -e -t triggers | headrace reveal --site shop
    """
    from cli.pseudonyms import names_of

    settings = Settings.load(config, os.environ, {"data_dir": data_dir})
    names = names_of(settings)
    if not names.on:
        raise WrongUseError(
            f"nothing in {settings.data_dir.resolve()} ran with pseudonyms: give the engine's "
            "--data-dir, or its secret as api.pseudonym_keys"
        )
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(names.revealed(site, line))
        sys.stdout.buffer.flush()
