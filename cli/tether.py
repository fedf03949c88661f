"""Run a command that dies when its parent dies, even by `kill -9`.

`python -I -S cli/tether.py PARENT_PID COMMAND ...` costs about 15 ms. On Linux it asks the kernel
for SIGKILL at the parent's death and becomes the command (same process, same pid). Elsewhere it
stays as a small process that watches its parent, passes signals on and ends as the command ends.

It imports the standard library only and runs as a script, so that it starts fast and in any
environment.
"""

import os
import signal
import subprocess
import sys
import time

LINUX = sys.platform == "linux"
POLL_SECONDS = 0.2
PR_SET_PDEATHSIG = 1  # linux/prctl.h
NOT_STARTED = 127  # what a shell answers when a command cannot be run


def main(arguments: list[str]) -> int:
    """Become or watch over the command; return its exit code where the process stays."""
    parent, command = int(arguments[0]), arguments[1:]
    try:
        return _become(parent, command) if LINUX else _watch(parent, command)
    except OSError as error:
        print(f"{command[0]}: cannot be run: {error.strerror}", file=sys.stderr)
        return NOT_STARTED


def _become(parent: int, command: list[str]) -> int:
    _die_with_parent()
    # The parent may have died before the kernel was asked.
    if os.getppid() == parent:
        os.execvp(command[0], command)
    return NOT_STARTED


def _die_with_parent() -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


def _watch(parent: int, command: list[str]) -> int:
    early: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _frame: object) -> None:
        if child is None:
            early.append(number)
        else:
            child.send_signal(number)

    # Before the command starts, or a signal in between would leave it without a watcher.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    child = subprocess.Popen(command)
    for missed in early:
        child.send_signal(missed)
    while child.poll() is None:
        if os.getppid() != parent:
            child.kill()
        time.sleep(POLL_SECONDS)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
