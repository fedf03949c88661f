"""The commands of `headrace`, each loaded only when it is used.

A command is a line in `COMMANDS`: its module and the name of a function or a `typer.Typer`
(made with `add_completion=False`) in it, and one line for `headrace --help`. That line is kept
here so that the overview imports none of them.
"""

import gc
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is found (`module:attribute`), and what it does in one line."""

    place: str
    summary: str

    def load(self, name: str) -> Any:
        """Import the command."""
        module, _, attribute = self.place.partition(":")
        gc.disable()  # nothing imported is garbage, and looking takes a quarter of the time
        try:
            found = getattr(import_module(module), attribute)
        finally:
            gc.enable()
        if not isinstance(found, typer.Typer):
            found, function = typer.Typer(add_completion=False), found
            found.command()(function)
        found.rich_markup_mode = None  # plain text, as the overview
        command = typer.main.get_command(found)
        command.name = name
        return command


COMMANDS: Final = {
    "demo": Command("cli.demo.command:app", "Show the live engine with a stream of shoppers."),
    "up": Command("cli.up:app", "Run the live engine on this machine."),
    "import": Command("cli.importing:import_", "Turn a data set into canonical events."),
    "replay": Command("cli.replay:replay", "Run a recording through the graph and sum it up."),
    "diff": Command("cli.diff:diff", "Show what differs between two runs."),
    "evaluate": Command("cli.evaluate:evaluate", "Compare models over a recording."),
    "ope": Command("cli.ope:ope", "Estimate what other policies would have earned, from a log."),
    "backfill": Command("cli.backfill:backfill", "Rebuild a namespace from the log, then follow."),
    "rebuild": Command("cli.rebuild:rebuild", "Make views again that the store has lost."),
    "promote": Command("cli.promote:promote", "Choose the namespace that is served."),
    "status": Command("cli.status:status", "Show how the running engine does."),
    "doctor": Command(
        "cli.doctor.command:doctor", "Check what an engine stands on; say how to mend it."
    ),
    "audit": Command("cli.audit:audit", "Check that every event has exactly one end."),
    "rejects": Command("cli.rejects:app", "List, show, send again and drop refused events."),
    "keys": Command("cli.keys:app", "Make, list and revoke the keys of the HTTP service."),
    "export": Command("cli.export_views:export", "Write views to a Parquet file, for analysis."),
    "erase": Command("cli.erase:erase", "Erase people, everywhere; or let them in again."),
    "export-user": Command("cli.export_user:export_user", "Print all that is known of a person."),
    "reveal": Command("cli.reveal:reveal", "Turn pseudonyms back into people's ids."),
    "control": Command("cli.control:app", "Export and import what no replay can make again."),
    "config": Command("cli.config:app", "Check, show and describe the settings."),
    "topics": Command("cli.topics:topics", "Create the topics that are missing."),
    "schema": Command("cli.schema:app", "Print the JSON Schema of every contract."),
}


class LazyCommands(TyperGroup):
    """A group that imports a command when it is called, and none for the overview."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return what the overview needs: a name and a line."""
        known = COMMANDS.get(cmd_name)
        return known and TyperCommand(cmd_name, help=known.summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is called, imported now."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, COMMANDS[name].load(name) if name else command, rest
