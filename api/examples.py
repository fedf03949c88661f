"""Examples in the OpenAPI document: what was asked of a running service, and what it answered.

`examples.json` is written by `python -m tests.api.examples`, from a real service with a small
shop; a test asks everything in it again, and fails where an answer has another shape.
"""

from pathlib import Path
from typing import Any, Final

from contracts.codec import load_json

FILE: Final = Path(__file__).with_name("examples.json")


def add_examples(document: dict[str, Any]) -> None:
    """Put each example into its operation of an OpenAPI document."""
    for example in load_json(FILE.read_bytes()):
        method, _, path = example["operation"].partition(" ")
        operation = document["paths"][path][method.lower()]
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in example.get("parameters", {}):
                parameter["example"] = example["parameters"][parameter["name"]]
        if "body" in example:
            media = operation["requestBody"]["content"]["application/json"]
            if "examples" not in media:
                media["example"] = example["body"]
        if "answer" in example:
            media = operation["responses"][str(example["status"])]["content"]["application/json"]
            media.pop("example", None)
            media["example"] = example["answer"]
