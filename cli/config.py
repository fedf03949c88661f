"""`headrace config`: look at settings before anything runs with them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from cli.checks import check_settings
from cli.options import AsJson, ConfigFile
from contracts.setting_sources import Schema
from contracts.settings import Settings
from contracts.wording import counted

MASK = "********"
SECRET_WORDS = ("password", "secret", "key", "token", "oauthbearer.config")

EXAMPLES = """\b
Examples:
  headrace config check --config headrace.toml
  headrace config show --json
"""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Check, show and describe the settings.",
    epilog=EXAMPLES,
    rich_markup_mode=None,
)


@app.command(epilog="Example: headrace config check --config headrace.toml")
def check(config: ConfigFile = None) -> None:
    """Check a settings file and the environment; say what is wrong, or `ok`."""
    loaded = Settings.trace(config, os.environ)
    check_settings(loaded.settings)
    count = len(loaded.origins)
    print(f"ok: {counted(count, 'setting')} given, the rest are defaults")


@app.command(epilog="Example: headrace config show --config headrace.toml --json")
def show(
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the settings in effect and where each comes from; secrets are masked."""
    loaded = Settings.trace(config, os.environ)
    rows = {
        name: (masked(value), loaded.origins.get(name, "default"))
        for name, value in values(loaded.settings)
    }
    if as_json:
        print(json.dumps({n: {"value": v, "from": o} for n, (v, o) in rows.items()}, indent=1))
        return
    width = max(map(len, rows))
    for name, (value, origin) in rows.items():
        print(f"{name:<{width}}  {json.dumps(value)}  ({origin})")


@app.command(epilog="Example: headrace config schema > headrace.schema.json")
def schema() -> None:
    """Print the JSON Schema of the settings file."""
    print(json.dumps(Settings.model_json_schema(), indent=1))


@app.command(epilog="Example: headrace config table")
def table() -> None:
    """Print every setting with its default and meaning, as a Markdown table."""
    print(markdown())


def markdown() -> str:
    """Return the table of all settings."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    described = Schema(Settings).descriptions
    for name, value in values(Settings()):
        rows.append(f"| `{name}` | `{json.dumps(masked(value))}` | {described[name]} |")
    return "\n".join(rows)


def values(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Yield every setting under its dotted name, in order."""
    for name in Schema(Settings).names:
        value: Any = settings
        for part in name.split("."):
            value = getattr(value, part)
        yield name, value


def masked(value: Any, name: str = "") -> Any:
    """Return a value as it may be shown: set secrets, and map entries named like one, are masked.

    >>> masked({"sasl.username": "ada", "sasl.password": "s3cret"})
    {'sasl.username': 'ada', 'sasl.password': '********'}
    """
    match value:
        case SecretStr():
            return MASK if value.get_secret_value() else ""
        case dict():
            return {key: masked(inner, key) for key, inner in value.items()}
        case Path():
            return str(value)
        case str() if any(word in name.lower() for word in SECRET_WORDS):
            return MASK
    return value
