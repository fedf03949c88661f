"""What people may ask: to be forgotten, and to see what is known of them."""

from api.privacy.erasing import Privacy
from api.privacy.routes import router

__all__ = ["Privacy", "router"]
