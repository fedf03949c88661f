"""Errors as problem+json (RFC 9457), for the whole API.

A problem has `type` (a URN that names the kind), `title`, `status` and `detail`: what is wrong,
where, and how to mend it. Further members depend on the kind.
"""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from contracts.codec import dump_json

MEDIA_TYPE: Final = "application/problem+json"

logger = logging.getLogger("headrace.api")


class ProblemError(Exception):
    """A problem that ends a request. `kind` is kebab-case, for example `unknown-write-key`."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self) -> Response:
        """Return the answer."""
        return problem(self.status, self.kind, self.detail, self.headers, **self.members)


def problem(
    status: int,
    kind: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """Return a problem as an answer.

    >>> problem(404, "unknown-segment", "there is no segment `x`").body
    b'{"type":"urn:headrace:problem:unknown-segment","title":"Unknown segment","status":404,\
"detail":"there is no segment `x`"}'
    """
    body = {
        "type": f"urn:headrace:problem:{kind}",
        "title": kind.replace("-", " ").capitalize(),
        "status": status,
        "detail": _whole(detail),
        **members,
    }
    return Response(dump_json(body), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem, also those of the framework."""
    app.add_exception_handler(ProblemError, _own)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(Exception, _unforeseen)


async def _own(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.response()


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    detail = f"{request.method} {request.url.path}: {error.detail}"
    if error.headers and (allowed := error.headers.get("Allow")):
        detail = f"{request.method} is not for {request.url.path}; there is: {allowed}"
    return problem(error.status_code, kind, detail, error.headers)


async def _bad_parameter(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]), "detail": fault["msg"]}
        for fault in error.errors()
    ]
    first = faults[0]
    detail = f"`{first['field']}`: {first['detail']}"
    return problem(HTTPStatus.BAD_REQUEST, "bad-parameter", detail, faults=faults)


async def _unforeseen(request: Request, error: Exception) -> Response:
    # The server logs the traceback; the answer shows nothing of the inside. The path of a request
    # names people, and its route does not.
    route = getattr(request.scope.get("route"), "path", "an unknown route")
    logger.error("%s %s failed: %s", request.method, route, type(error).__name__)
    detail = "the request failed for a reason that is ours; the log of the API has it"
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)


def _whole(text: str) -> str:
    """Return a text that can be encoded: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def openapi(codes: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """Return the problems that a route answers, for its document.

    One that asks for a key refuses others, and those that come too often or before keys are known.
    """
    given = set(codes)
    keyed = {403, 429, 503} if 401 in given else set()
    return dict.fromkeys(sorted(given | keyed), OPENAPI)


OPENAPI: Final[dict[str, Any]] = {
    "description": "a problem (RFC 9457)",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string", "format": "uri"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                },
            }
        }
    },
}
"""The answer in an OpenAPI document."""
