"""Which part of Headrace runs on a machine."""

from enum import Enum


class Part(Enum):
    """What of Headrace is run here."""

    ALL = "all"
    FLOW = "flow"
    API = "api"

    @property
    def flows(self) -> bool:
        """Whether the dataflow runs."""
        return self is not Part.API

    @property
    def serves(self) -> bool:
        """Whether the API runs."""
        return self is not Part.FLOW
