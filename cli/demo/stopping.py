"""Asking ourselves to stop, as a signal from outside would."""

import os
import signal


def ask_to_stop() -> None:
    """Send us SIGTERM, unless nobody waits for it any more, when it would end us."""
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        os.kill(os.getpid(), signal.SIGTERM)
