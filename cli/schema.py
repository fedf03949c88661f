"""`headrace schema`: the JSON Schema of every contract."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

EXAMPLES = """\b
Examples:
  headrace schema > headrace-contracts.json
  headrace schema --out schemas
"""


@app.command(epilog=EXAMPLES)
def schema(
    out: Annotated[
        Path | None, typer.Option(help="Write one file a contract into this folder.")
    ] = None,
) -> None:
    """Print the JSON Schema of every record that Headrace takes, keeps or sends."""
    from contracts import json_schema

    if out is None:
        print(json.dumps(json_schema.all_schemas(), indent=1))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, type_ in json_schema.contracts().items():
        text = json.dumps(json_schema.schema(type_), indent=1)
        (out / f"{name}.schema.json").write_text(f"{text}\n", encoding="utf-8")
