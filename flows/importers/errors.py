"""What can go wrong with a source, and with one line of it."""


class ImporterError(ValueError):
    """The source cannot be imported. The text says what, where, and how to mend it."""


class WrongFormatError(ImporterError):
    """The file is not of the format that it was read as."""


class NoFilesError(WrongFormatError):
    """The folder holds no file of the format."""


class BadLineError(ValueError):
    """One line cannot be read: it is skipped. `reason` is for counting, the text to read."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
