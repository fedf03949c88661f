"""Child processes: started tethered to us, logged to a file, stopped gently and then firmly."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

TETHER: Final = Path(__file__).with_name("tether.py")
STOP_SECONDS: Final = 10.0
ERROR: Final = " ERROR "
"""Before what our programs log as an error."""


class ChildError(RuntimeError):
    """A child process did not start or died: which one, why, and the end of its log."""


class PostponedError(ChildError):
    """Something outside has to change before a start can succeed; until then it is no death."""


class PermanentError(ChildError):
    """Something that trying again does not mend: a person must act."""


class Child:
    """One child process.

    It runs in a process group of its own, so that Ctrl-C in a terminal reaches only its parent,
    which then decides the order; and it dies with the thread that started it (`cli/tether.py`),
    so start it from the main thread. stdout and stderr go to `log`, which is appended to. It
    inherits the file descriptors in `hold`.

    >>> import tempfile
    >>> log = Path(tempfile.mkdtemp()) / "hello.log"
    >>> child = Child("hello", [sys.executable, "-c", "print('hello')"], log)
    >>> child.start()
    >>> child.wait(10)
    0
    >>> child.log_tail()
    'hello'
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        hold: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self.env = env
        self.hold = tuple(hold)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def start(self) -> None:
        """Start the process; raise `ChildError` when it already runs."""
        if self.running:
            raise ChildError(f"{self.name} already runs as process {self.pid}")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", TETHER, str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if self.env is None else dict(self.env),
                pass_fds=self.hold,
                process_group=0,
            )

    @property
    def pid(self) -> int | None:
        """The process id of the latest start."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs or before it started."""
        return self._process.poll() if self._process else None

    def wait(self, seconds: float) -> int | None:
        """Return the exit code, or None if the process still runs after `seconds`."""
        if self._process is None:
            return None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)  # looks whether it has ended first

    def stop_softly(self) -> None:
        """Ask it to end, and do not wait."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, with whatever it started in its process group."""
        if self._process is None or not self.running:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()  # macOS refuses a group whose leader is a zombie
        self._process.wait()

    def stop(self, seconds: float = STOP_SECONDS) -> int | None:
        """Ask it to end, wait up to `seconds`, then kill it; return its exit code."""
        self.stop_softly()
        if self.wait(seconds) is None:
            self.kill()
        return self.exit_code

    def log_tail(self, lines: int = 5) -> str:
        """Return the last lines that this start wrote."""
        return "\n".join(self._said()[-lines:])

    def last_words(self) -> str:
        """Return the last error that this start logged, else its last lines."""
        errors = [line for line in self._said() if ERROR in line]
        return errors[-1].partition(ERROR)[2] if errors else self.log_tail()

    def _said(self) -> list[str]:
        try:
            with self.log.open("rb") as file:
                file.seek(self._log_start)
                return file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
