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
Files and variables:
  --config FILE      settings (TOML); `headrace config schema` describes them
  HEADRACE_...       settings, over those of the file; `headrace config show` says what is in force
  var/               what an engine writes, unless --data-dir names another folder

\b
Exit codes:
  0  done
  1  it failed: one line on stderr says what, where, and how to mend it; --debug shows more
  2  wrong use: an option, a setting, a file that is not there

\b
Examples:
  headrace demo                                the whole engine, with simulated shoppers
  headrace up --port 8000                      an engine for your own events
  headrace doctor                              what is wrong, and how to mend it
  headrace COMMAND --help                      a command, with examples
  headrace --install-completion                let the shell complete commands and options
"""

app = typer.Typer(
    cls=LazyCommands,
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
