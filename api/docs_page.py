"""The page that shows the OpenAPI document, with nothing fetched from elsewhere.

Swagger UI's files come with the package `fastapi-offline`, so that the page works behind a
firewall, and opening it tells no third party.
"""

from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

PAGE: Final = "/docs"
ASSETS: Final = "/docs-assets"
POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "frame-ancestors 'none'",
    )
)
"""Swagger UI is started by a script that stands in the page."""

FILES: Final = Path(fastapi_offline.__file__).parent / "static"


def add_docs_page(app: FastAPI, *, first: bool) -> None:
    """Serve the page and its files; if it is the `first` page, the way there from `/` too."""
    app.mount(ASSETS, StaticFiles(directory=FILES), name="docs-assets")
    app.add_api_route(PAGE, page, include_in_schema=False)
    if first:
        app.add_api_route("/", to_page, methods=["GET", "HEAD"], include_in_schema=False)


async def page(request: Request) -> Response:
    """Answer the page."""
    root = request.scope.get("root_path", "")
    shown = get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title=request.app.title,
        swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
    )
    shown.headers["Content-Security-Policy"] = POLICY
    return shown


async def to_page(request: Request) -> Response:
    """Answer where the page is."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}{PAGE}")
