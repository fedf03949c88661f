"""The secret that signs the models' snapshots: made once, readable by its owner only."""

import os
import secrets
from pathlib import Path

KEY_BYTES = 32


def snapshot_key(data_dir: Path) -> bytes:
    """Return the key of a data folder, making it if there is none.

    All processes of a cluster get the same one: whoever comes second reads what is there.
    """
    file = data_dir / "snapshot.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    made = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as new:
        new.write(secrets.token_bytes(KEY_BYTES))
    try:
        # A link appears whole or not at all, and fails if another process was first.
        os.link(made, file)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return file.read_bytes()
