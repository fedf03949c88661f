"""Where a namespace's flow keeps what it writes to the disk."""

from pathlib import Path

from contracts.keys import LIVE


def namespace_dir(data_dir: Path, namespace: str) -> Path:
    """Return the folder of a namespace's recovery, state and logs.

    Two namespaces never share one: a flow that resumed from another's state would be wrong.

    >>> namespace_dir(Path("/data"), "trial").as_posix()
    '/data/namespaces/trial'
    """
    root = data_dir.resolve()
    return root if namespace == LIVE else root / "namespaces" / namespace
