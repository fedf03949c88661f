"""What the process of the shoppers tells the one with the console: a line of JSON each.

>>> decode(encode(Said("a trend starts")))
Said(text='a trend starts')
>>> decode(b"half a li") is None
True
"""

import msgspec
from msgspec import Struct


class Plan(Struct, kw_only=True):
    """What the process of the shoppers has to do.

    `url` is the API's; `reports` the descriptor that reports go to. Without `recording` shoppers
    are simulated; else its events (a file of canonical ones in time order) are played `speed` times
    as fast as they happened, so that what happened at `origin` (epoch ms) happens at the start.
    """

    url: str
    reports: int
    bootstrap_servers: str
    rate: float
    seed: int
    recording: str | None = None
    catalog: str | None = None
    origin: int = 0
    speed: float = 1.0
    longest_silence: float = 2.0


class Started(Struct, tag="started"):
    """The catalogue is published and loaded; the stream begins."""

    items: int


class Said(Struct, tag="said"):
    """Something for people to read."""

    text: str


class Example(Struct, tag="example"):
    """Somebody whom the engine knows by now, and an item that they were recommended."""

    user: str
    item: str


class Figures(Struct, tag="figures", kw_only=True):
    """How it goes. Rates are per second, delays in milliseconds.

    `accepted`, `refused` and `answers` are the collector's and the API's, in this run. The engine
    counts how events ended over all runs: `applied`, `duplicate`, and `others` (rejected or
    withheld). `settled` says that it has read all that was accepted; `waiting` events are those
    that the collector has not answered yet. `hits` is the share of the recommendations that held
    what the person touched next, by who would have made them. `triggers` is of all campaigns.
    """

    events_rate: float = 0.0
    answers_rate: float = 0.0
    fresh_p50: float | None = None
    fresh_p99: float | None = None
    accepted: int = 0
    waiting: int = 0
    refused: int = 0
    answers: int = 0
    applied: int = 0
    duplicate: int = 0
    others: int = 0
    settled: bool = True
    lag_ms: int | None = None
    hits: dict[str, float] = {}
    triggers: int | None = None
    online: int | None = None
    troubles: int = 0
    last_trouble: str = ""


Report = Started | Said | Example | Figures

_decoder = msgspec.json.Decoder(Report)
_encoder = msgspec.json.Encoder()
_plan = msgspec.json.Decoder(Plan)


def encode(report: Report | Plan) -> bytes:
    """Return a report as a line without its end."""
    return _encoder.encode(report)


def decode(line: bytes) -> Report | None:
    """Return the report in a line; None if it was cut off, as when the process was killed."""
    try:
        report: Report = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return report


def decode_plan(text: str) -> Plan:
    """Return the plan in a command line's argument; raise `msgspec.ValidationError`."""
    return _plan.decode(text.encode())
