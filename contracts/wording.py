"""Counts in plain English, for what people read."""


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural where it is not one.

    >>> counted(1, "line"), counted(1234, "line"), counted(0, "column")
    ('1 line', '1,234 lines', '0 columns')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
