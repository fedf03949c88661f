"""Where the pages are, and the files of `web/` that they are."""

from typing import Final

PAGES: Final = {
    "/": "live.html",
    "/shop": "shop.html",
    "/person": "person.html",
    "/feedback": "feedback.html",
    "/campaigns": "campaigns.html",
    "/concepts": "concepts.html",
    "/operations": "operations.html",
}
STREAM: Final = "/v1/live/stream"
ASSETS: Final = "/web"

TRACKER: Final = f"{ASSETS}/headrace.js"
"""The one file that is for everybody: a shop's own pages load it."""
