"""Refused events over HTTP: listed, shown, mended, sent again, or let go."""

from api.rejects.desk import Desk
from api.rejects.routes import router

__all__ = ["Desk", "router"]
