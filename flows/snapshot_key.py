"""The secret that signs recovery and the models' snapshots: a setting, or made once."""

import os
import secrets
from hashlib import blake2b
from pathlib import Path

from contracts.settings import FlowSettings

KEY_BYTES = 32


def snapshot_key(data_dir: Path, settings: FlowSettings) -> bytes:
    """Return the key of the settings, else that of the data folder, making it if there is none.

    All processes of a cluster get the same one: whoever comes second reads what is there.
    """
    if given := settings.snapshot_key.get_secret_value():
        return blake2b(given.encode(), digest_size=KEY_BYTES).digest()
    file = data_dir / "snapshot.key"
    if file.exists():
        return file.read_bytes()
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
