"""Feedback for those who answer it: cases and their status, what people said, how content they are.

`build_router` makes the routes; they use what a lifespan puts into `app.state`: `serving`, `log`
and `secrets`.
"""

from api.feedback.routes import build_router

__all__ = ["build_router"]
