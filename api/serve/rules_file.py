"""The rules file of the settings, read again whenever it changed."""

from collections.abc import Callable
from pathlib import Path

from api.serve.rules import Rule, RulesError, load
from api.watched import Watched


class RulesFile(Watched[list[Rule]]):
    """The rules in force. A change that is not valid leaves the old ones, and is said once."""

    def __init__(self, path: Path | None, read: Callable[[Path], list[Rule]] = load) -> None:
        """Read the file for the first time; raise `RulesError` if it is not usable."""
        super().__init__(path, read, [], RulesError)

    @property
    def rules(self) -> list[Rule]:
        """The rules, in their order."""
        return self.value
