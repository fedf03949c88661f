"""A failure inside the engine, said before the engine hides it.

In a cluster of several workers the engine says no more of an exception than that a thread
panicked; alone, it wraps it in errors that name lines of Rust.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


@contextmanager
def telling(step: str, doing: str) -> Iterator[None]:
    """Log an exception with its traceback, and what failed; then let it go on."""
    try:
        yield
    except Exception:
        logger.exception("step %s failed to %s", step, doing)
        raise


def told(step: str, function: Callable[P, R]) -> Callable[P, R]:
    """Return a function of a stateless step that says when it fails.

    >>> from operator import itemgetter
    >>> told("names", itemgetter("name"))({"name": "ada"})
    'ada'
    """

    @wraps(function, assigned=(), updated=())
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with telling(step, "handle a batch"):
            return function(*args, **kwargs)

    return call
