"""Administration: what people tell the engine to do, as data that is checked and versioned."""

from api.admin.campaigns import Campaigns
from api.admin.routes import router

__all__ = ["Campaigns", "router"]
