"""Where compiled code is kept: beside the source if it is there, else in the data folder."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import online_models

CACHE: Final = "NUMBA_CACHE_DIR"
"""The environment variable by which numba is told so."""

COMPILED: Final = "compiled"
"""The folder in the data folder."""

LOOPS: Final = 13


def is_compiled(elsewhere: Path | None = None) -> bool:
    """Say whether nothing is left to be compiled (`online_models.warming`), by looking at files.

    Of what lies `elsewhere` it is enough that all of it is there: numba looks at its age.
    `make install` compiles; a package that came otherwise may lie where nothing can be written.
    numba reads what lies beside the code only where it could write there too: not if another
    user installed it.
    """
    if find_spec("numba") is None:
        return True
    if elsewhere is not None and len(list(elsewhere.rglob("*.nbi"))) >= LOOPS:
        return True
    folder = Path(online_models.__file__).parent / "kernels"
    if not os.access(folder / "__pycache__", os.W_OK):
        return False
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    kept = list(folder.glob(f"__pycache__/*.{python}.nbi"))
    # Of each source by itself: numba leaves what was compiled of an older one where it is, and what
    # is compiled of an unchanged one as old as it is.
    newest: dict[str, float] = {}
    for file in kept:
        source = file.name.partition(".")[0]
        newest[source] = max(newest.get(source, 0.0), file.stat().st_mtime)
    sources = [file for file in folder.glob("*.py") if file.stem != "__init__"]
    return len(kept) >= LOOPS and all(
        newest.get(file.stem, 0.0) >= file.stat().st_mtime for file in sources
    )
