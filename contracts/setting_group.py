"""What all groups of settings are."""

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """One group: nothing unknown in it, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
