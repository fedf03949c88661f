"""`headrace schema`: the JSON Schema of every contract, AsyncAPI and OpenAPI."""

import json
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """\b
Examples:
  headrace schema > headrace-contracts.json
  headrace schema --out schemas
  headrace schema asyncapi > asyncapi.json
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True, epilog=EXAMPLES)
def schema(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Write one file a contract into this folder.")
    ] = None,
) -> None:
    """Print the JSON Schema of every record that Headrace takes, keeps or sends."""
    from contracts import json_schema

    if context.invoked_subcommand:
        return
    if out is None:
        print(json.dumps(json_schema.all_schemas(), indent=1))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, type_ in json_schema.contracts().items():
        text = json.dumps(json_schema.schema(type_), indent=1)
        (out / f"{name}.schema.json").write_text(f"{text}\n", encoding="utf-8")


@app.command(epilog="Example: headrace schema asyncapi > asyncapi.json")
def asyncapi() -> None:
    """Print the AsyncAPI 3 document of topics, the stream of triggers, and webhooks."""
    from contracts.asyncapi import document

    print(json.dumps(document(), indent=1))


@app.command(epilog="Example: headrace schema openapi > openapi.json")
def openapi() -> None:
    """Print the OpenAPI document of the HTTP service, without one that runs."""
    from api.document import openapi_document

    print(json.dumps(openapi_document(), indent=1))
