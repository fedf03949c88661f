"""Imports without what they bring along and nobody uses: a second of a process's start.

River's packages import all of theirs, and with them much of SciPy; so does numba, to see that it is
there, and structlog imports what paints terminals. `lean` leaves all that until it is used.

    with lean():
        from river import drift
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Final

LATER: Final = (
    *("scipy.integrate", "scipy.io.arff", "scipy.io.arff._arffread", "scipy.linalg"),
    *("rich", "rich.console", "rich.traceback"),
    *("scipy.linalg.cython_blas", "scipy.ndimage", "scipy.sparse", "scipy.special", "scipy.stats"),
)


class _Later:
    """What a module has under a name, imported when it is used."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _found(self) -> Any:
        return getattr(import_module(self._module), self._name)

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._found()(*given, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(), name)


class _Module(ModuleType):
    """Stands for a module while others import it, and asks it for whatever is used of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is not self:
            return getattr(import_module(self.__name__), name)
        return sys.modules.get(f"{self.__name__}.{name}") or _Later(self.__name__, name)


@contextmanager
def lean() -> Iterator[None]:
    """Import in it what would import more than is needed; the rest comes when it is used.

    >>> with lean():
    ...     from river.proba.gaussian import multivariate_normal
    >>> multivariate_normal(mean=[0.0]).mean.tolist()
    [0.0]
    """
    left = [name for name in LATER if name not in sys.modules]
    sys.modules.update({name: _Module(name) for name in left})
    try:
        yield
    finally:
        for name in left:
            del sys.modules[name]
