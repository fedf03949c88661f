"""Reference pages of the documentation, made from the code: commands, settings, routes, metrics."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import typer
from prometheus_client import CollectorRegistry

from cli.commands import COMMANDS
from cli.config import markdown

WIDTH: Final = 100


def commands() -> str:
    """Return a page with the help of every command."""
    return "# Commands\n\n" + "\n".join(
        f"## headrace {name}\n\n```text\n{text}\n```\n" for name, text in _helps()
    )


def settings() -> str:
    """Return a page with every setting."""
    return (
        "# Settings\n\nIn a TOML file (`--config`), or as a variable of the environment: "
        "`flow.workers` is `HEADRACE_FLOW__WORKERS`. [Operations](../operations.md#settings) says "
        f"how they lie over each other.\n\n{markdown()}\n"
    )


def routes() -> str:
    """Return a page with every route, its key, and an example of what it answers."""
    from api.document import openapi_document

    lines = ["# Routes", "", "`headrace schema openapi` has all of it for programs.", ""]
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            lines += _route(f"{method.upper()} {path}", operation)
    return "\n".join(lines)


def metrics() -> str:
    """Return a page with every metric."""
    rows = ["# Metrics", "", "What `/metrics` tells; `process_` metrics of the library beside it."]
    rows += ["", "| metric | type | meaning |", "|---|---|---|"]
    for family in sorted(families(), key=lambda one: str(one.name)):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows.append(f"| `{name}` | {family.type} | {family.documentation} |")
    return "\n".join(rows) + "\n"


def families() -> Iterator[Any]:
    """Yield every metric of the API; nothing runs, so that they have no samples."""
    from api.collect.metrics import CollectMetrics
    from api.serve.answers import AnswerList
    from api.serve.serving import Serving
    from api.triggers.watch import Watch
    from contracts.settings import ApiSettings, Settings

    registry, nobody = CollectorRegistry(), Any
    CollectMetrics(registry)
    nowhere = Settings(api=ApiSettings(pseudonyms=False))
    Serving(nowhere, nobody, AnswerList(limit=0), registry)  # type: ignore[arg-type]
    Watch(nobody, nobody, nobody, (), 0, registry)  # type: ignore[arg-type]
    yield from registry.collect()


PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands": commands,
    "settings": settings,
    "routes": routes,
    "metrics": metrics,
}


def _helps() -> Iterator[tuple[str, str]]:
    for name, command in COMMANDS.items():
        loaded = command.load(name)
        yield name, _help(loaded, f"headrace {name}")
        for inner, found in getattr(loaded, "commands", {}).items():
            yield f"{name} {inner}", _help(found, f"headrace {name} {inner}")


def _help(command: Any, name: str) -> str:
    context = typer.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    return str(command.get_help(context)).rstrip()


def _route(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## {name}"
    yield f"\n{operation.get('summary', '')}. {operation.get('description', '')}\n"
    for parameter in operation.get("parameters", ()):
        yield f"* `{parameter['name']}` ({parameter['in']}): {parameter.get('description', '')}"
    codes = ", ".join(operation["responses"])
    yield f"\nAnswers {codes}.\n"


def main(folder: Path) -> None:
    """Put the pages of the documentation and these into a folder, to build a site from."""
    root = Path(__file__).parents[1]
    shutil.copytree(root / "docs", folder / "docs", dirs_exist_ok=True)
    shutil.copy(root / "mkdocs.yml", folder)
    (folder / "docs" / "reference").mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / "docs" / "reference" / f"{name}.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
