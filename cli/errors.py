"""What a command raises to end with one clear line and an exit code."""


class CommandError(Exception):
    """A failed run: exit code 1."""

    code = 1


class WrongUseError(CommandError):
    """Wrong use, which trying again does not mend: exit code 2."""

    code = 2
