"""Replays over HTTP: what each came to, and what differs between two."""

from api.replays.comparing import Comparing
from api.replays.routes import router

__all__ = ["Comparing", "router"]
