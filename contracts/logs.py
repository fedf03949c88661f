"""Logs of our processes: lines to read, or JSON objects to collect. Both are scrubbed.

What a log line belongs to (`request`, `site`, `key`, `trace`, `person`, `event_id`, `reject`) is
bound where it is known, with `bind`, and is in every line of the same task from then on.
"""

import logging
from hashlib import blake2b
from typing import Any, Final, Literal

from contracts.lean import lean
from contracts.personal import Scrubbing, scrubbed

with lean():
    import structlog

LogFormat = Literal["text", "json"]
bind: Final = structlog.contextvars.bind_contextvars


def person_key(subject: str) -> str:
    """Return what a line calls a person: a hash, so that lines of one can be found by their id.

    It hides an id from who only reads the log; who guesses the id finds the same hash.

    >>> person_key("ada")
    '15b0da4321160527'
    """
    return blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def log_to_stderr(line: str, format_: LogFormat = "text") -> None:
    """Set up the logs of a process: `line` is a form of `logging`'s. May be called again."""
    handler = logging.StreamHandler()
    handler.setFormatter(Scrubbing(line) if format_ == "text" else json_lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def json_lines() -> logging.Formatter:
    """Return a formatter that makes one JSON object a record.

    >>> record = logging.makeLogRecord({"msg": "lost %d", "args": (2,), "levelname": "ERROR"})
    >>> json_lines().format(record)[:38]
    '{"event": "lost 2", "level": "error", '
    """
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", key="time"),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _scrub,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def _scrub(_: Any, __: str, event: Any) -> Any:
    return {
        name: scrubbed(value) if isinstance(value, str) else value for name, value in event.items()
    }
