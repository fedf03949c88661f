"""What a client raises."""

from typing import Any

import httpx


class HeadraceError(Exception):
    """The service refused: `status`, `kind` (`unknown-feedback`), `detail`, and the whole `problem`."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.kind = str(problem.get("type", "")).rpartition(":")[2]
        self.detail = str(problem.get("detail", ""))
        super().__init__(f"{status} {self.kind}: {self.detail}")


def error_of(response: httpx.Response) -> HeadraceError:
    """Return the error in an answer; one that some proxy gave has no problem in it."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"type": "urn:headrace:problem:no-problem", "detail": response.text[:200]}
    return HeadraceError(response.status_code, problem)
