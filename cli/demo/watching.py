"""The shoppers' reports, read in a thread of its own and shown."""

import os
import threading
from typing import Self

from cli.demo.display import Display
from cli.demo.reports import Example, Figures, Report, Said, Started, decode
from cli.demo.wording import examples


class Watch:
    """Reads what is written to `descriptor`. Use it as a context, in which the writers end."""

    def __init__(self, display: Display, url: str) -> None:
        self.started = False
        self.shows = False
        self.figures = Figures()
        self._exemplified = False
        self._display = display
        self._url = url
        self._reading, self.descriptor = os.pipe()
        self._thread = threading.Thread(target=self._read, name="reports", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        self._thread.join()

    def _read(self) -> None:
        with os.fdopen(self._reading, "rb") as lines:
            for line in lines:
                report = decode(line)
                if report is not None:
                    self._take(report)

    def _take(self, report: Report) -> None:
        if isinstance(report, Started):
            self.started = True
        elif isinstance(report, Said):
            self._display.say(report.text)
        elif isinstance(report, Example):
            if self._exemplified:
                return  # shoppers that start again have nothing new to say
            self._exemplified = True
            self._display.say(examples(self._url, report.user, report.item))
        else:
            self.figures = report
            if self.shows:
                self._display.show(report)
