"""The client's operations and types, made from the OpenAPI document.

`python -m tests.client.generate` writes them anew, after a change of routes or answers.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from api.document import openapi_document

FOLDER: Final = Path(__file__).parents[2] / "client" / "headrace_client"
BY_HAND: Final = {"stream_triggers"}
"""A stream is no answer: `Transport.triggers` reads it."""
PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
HEAD: Final = "# Made by `python -m tests.client.generate` from the OpenAPI document.\n"


class Types:
    """The classes of one file, each once, in the order in which they are needed."""

    def __init__(self) -> None:
        self.classes: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def of(self, schema: dict[str, Any], name: str) -> str:
        """Return the type of what a schema describes; objects with fields get a class."""
        if "enum" in schema:
            return f"Literal[{', '.join(map(repr, schema['enum']))}]"
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return _union(self.of(one, name) for one in schema[several])
        kind = schema.get("type")
        if isinstance(kind, list):
            return _union(self.of(schema | {"type": one}, name) for one in kind)
        if kind == "null":
            return "None"
        if kind == "array":
            return f"list[{self.of(schema.get('items', {}), name)}]"
        if kind == "object":
            return self._object(schema, name)
        return PLAIN.get(str(kind), "Any")

    def _object(self, schema: dict[str, Any], name: str) -> str:
        if not schema.get("properties"):
            values = schema.get("additionalProperties")
            inner = self.of(values, name) if isinstance(values, dict) else "Any"
            return f"dict[str, {inner}]"
        required = set(schema.get("required", ()))
        fields = {
            field: self.of(told, name + _camel(field))
            for field, told in schema["properties"].items()
        }
        told = {
            field: type_ if field in required else f"NotRequired[{type_}]"
            for field, type_ in fields.items()
        }
        same = json.dumps(told)
        if same not in self._names:
            self._names[same] = name
            self.classes[name] = _class(name, told, schema["properties"])
        return self._names[same]


def _class(name: str, fields: dict[str, str], told: dict[str, Any]) -> str:
    if not all(field.isidentifier() and field != "with" for field in fields):
        entries = ", ".join(f"{field!r}: {type_}" for field, type_ in fields.items())
        return f"{name} = TypedDict({name!r}, {{{entries}}})\n"
    lines = [f"class {name}(TypedDict):", f'    """{_words(name)}."""', ""]
    for field, type_ in fields.items():
        lines.append(f"    {field}: {type_}")
        if text := told[field].get("description"):
            lines.append(f'    """{text}"""')
    return "\n".join(lines) + "\n"


def files() -> dict[str, str]:
    """Return name to text of each file."""
    tags: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] not in BY_HAND:
                tag = operation["tags"][0]
                tags.setdefault(tag, []).append((method.upper(), path, operation))
    made = {}
    for tag, operations in tags.items():
        types = Types()
        methods_ = [_method(types, *operation) for operation in operations]
        made[f"{tag}_types.py"] = _types_file(tag, types)
        made[f"{tag}.py"] = _operations_file(tag, types, methods_)
    made["client.py"] = _client_file(sorted(tags))
    return _formatted(made)


def _method(types: Types, method: str, path: str, operation: dict[str, Any]) -> str:
    name = operation["operationId"]
    parameters = operation.get("parameters", [])
    ids = [one["name"] for one in parameters if one["in"] == "path"]
    query = [one for one in parameters if one["in"] == "query" and one["name"] != "writeKey"]
    arguments = [f"{one}: str" for one in ids]
    body = operation.get("requestBody")
    if body:
        schema = body["content"]["application/json"].get("schema", {})
        given = types.of(_asked(schema), f"{_camel(name)}Body")
        arguments.append(f"body: {given}")
    required = [one for one in query if one.get("required")]
    optional = [one for one in query if not one.get("required")]
    named = [f"{one['name']}: {types.of(one['schema'], 'Query')}" for one in required]
    named += [
        f"{one['name']}: {types.of(one['schema'], 'Query')} | None = None" for one in optional
    ]
    if named:
        arguments += ["*", *named]
    sent = ", ".join(f'"{one["name"]}": {one["name"]}' for one in query)
    places = ", ".join(f'"{one}": {one}' for one in ids)
    call = f'Call("{method}", "{path}", {{{places}}}, {{{sent}}}{", body" if body else ""})'
    answer = _answer(types, operation, name)
    return (
        f"    ASYNC def {name}(self, {', '.join(arguments)}) -> {answer}:\n"
        f'        """{operation.get("summary", _words(name)).strip()}: `{method} {path}`."""\n'
        f"        return cast({answer!r}, AWAIT self._call({call}))\n"
    )


def _asked(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a body's schema without the key, which is sent as a header."""
    if "properties" not in schema:
        return schema
    fields = {name: told for name, told in schema["properties"].items() if name != "writeKey"}
    return {**schema, "properties": fields}


def _answer(types: Types, operation: dict[str, Any], name: str) -> str:
    for code, told in operation["responses"].items():
        if str(code).startswith("2"):
            content = told.get("content", {})
            if "application/json" in content:
                schema = content["application/json"].get("schema", {})
                return types.of(schema, f"{_camel(name)}Answer")
            return "str" if content else "None"
    raise ValueError(f"{name}: what does it answer?")


def _types_file(tag: str, types: Types) -> str:
    text = "\n\n".join(types.classes.values())
    return (
        f'{HEAD}"""Types of the operations of {tag}."""\n\n'
        f"from typing import {_typing(text, 'TypedDict')}\n\n\n{text}"
    )


def _operations_file(tag: str, types: Types, methods: list[str]) -> str:
    text = "\n".join(methods)
    used = [name for name in types.classes if name in text]
    lines = [f'{HEAD}"""Operations of {tag}, waiting and with asyncio."""\n']
    lines.append(f"from typing import {_typing(text, 'cast')}\n")
    lines.append("from headrace_client.calls import Call")
    lines.append("from headrace_client.transport import AsyncTransport, Transport")
    if used:
        lines.append(f"from headrace_client.{tag}_types import {', '.join(sorted(used))}")
    name = _camel(tag)
    waiting = text.replace("ASYNC ", "").replace("AWAIT ", "")
    lines.append(f'\n\nclass {name}(Transport):\n    """Operations of {tag}."""\n\n{waiting}')
    other = text.replace("ASYNC ", "async ").replace("AWAIT ", "await ")
    lines.append(
        f'\n\nclass Async{name}(AsyncTransport):\n    """The same with asyncio."""\n\n{other}'
    )
    return "\n".join(lines)


def _client_file(tags: list[str]) -> str:
    imports = "\n".join(
        f"from headrace_client.{tag} import Async{_camel(tag)}, {_camel(tag)}" for tag in tags
    )
    both = [
        f"class {kind}Headrace({', '.join(kind + _camel(tag) for tag in tags)}):\n"
        f'    """All operations of a service, {how}."""\n'
        for kind, how in (("", "waiting"), ("Async", "with asyncio"))
    ]
    return f'{HEAD}"""The two clients."""\n\n{imports}\n\n\n' + "\n\n".join(both)


def _typing(text: str, *always: str) -> str:
    names = {name for name in ("Any", "Literal", "NotRequired") if name in text}
    return ", ".join(sorted(names | set(always), key=str.lower))


def _union(types: Iterator[str]) -> str:
    found = list(dict.fromkeys(types))
    return " | ".join(sorted(found, key=lambda one: one == "None"))


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.replace("-", "_").split("_"))


def _words(name: str) -> str:
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in name)
    return spaced.replace("_", " ").strip().capitalize()


def _formatted(made: dict[str, str]) -> dict[str, str]:
    """Return files as Ruff writes them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in made.items():
            (folder / file).write_text(text, encoding="utf-8")
        config = ("--no-cache", "--quiet", "--config", str(FOLDER.parents[1] / "pyproject.toml"))
        known = 'lint.isort.known-first-party=["headrace_client"]'
        for command in (("check", "--fix", "--select", "I", "--config", known), ("format",)):
            ruff = [sys.executable, "-m", "ruff", *command, *config, str(folder)]
            subprocess.run(ruff, check=True)
        return {file: (folder / file).read_text(encoding="utf-8") for file in made}


if __name__ == "__main__":
    for file, content in files().items():
        (FOLDER / file).write_text(content, encoding="utf-8")
