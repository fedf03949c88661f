"""The `headrace` command."""

import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from cli.commands import LazyCommands
from cli.errors import CommandError

FAILED = 1
WRONG_USE = 2

EPILOG = """\b
Examples:
  headrace up --port 8000
  headrace COMMAND --help
"""

app = typer.Typer(
    cls=LazyCommands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=EPILOG,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"headrace {version('headrace')}")
        raise typer.Exit


@app.callback()
def headrace(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Turn a website's clickstream into live profiles, recommendations and triggers."""


def main() -> None:
    """Run the command line; end with 0, with 1 for a failed run, with 2 for wrong use."""
    # Taken out here, so that it may stand anywhere on the line.
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("headrace: %(message)s"))
    logger = logging.getLogger("headrace")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    try:
        app(arguments, prog_name="headrace")
    except Exception as error:
        if debug:
            raise
        logger.error("%s", _line(error))
        sys.exit(_code(error))


def _line(error: Exception) -> str:
    """Return one line: errors of ours say all that is needed, others their kind as well."""
    if _is_ours(error):
        return str(error)
    return f"unexpected {type(error).__name__}: {error} (--debug shows where)"


def _code(error: Exception) -> int:
    from contracts.settings import SettingsError

    if isinstance(error, SettingsError):
        return WRONG_USE
    return error.code if isinstance(error, CommandError) else FAILED


def _is_ours(error: Exception) -> bool:
    package = type(error).__module__.partition(".")[0]
    return package in {
        *("api", "cli", "contracts", "evaluation", "flows", "online_models", "operators"),
        "storage",
    }


if __name__ == "__main__":
    main()
