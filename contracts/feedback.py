"""Feedback as it is kept: cases with a status, what a person said, how content people are.

A complaint or a suggestion is a case. Its status is changed by an event of the type `status`, whose
`props.feedback` names the case by the id of its event.

>>> [next_ for next_ in STATUSES if follows("open", next_)]
['answered', 'resolved']
"""

from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Struct

from contracts.personal import PERSONAL

FEEDBACK_VERSION: Final = 1

Status = Literal["open", "answered", "resolved", "reopened"]
STATUSES: Final[tuple[str, ...]] = get_args(Status)
WAITING: Final = frozenset({"open", "reopened"})
"""Somebody waits for an answer."""

CASE_TYPES: Final = frozenset({"complaint", "suggestion"})

_FOLLOWS: Final[dict[str, frozenset[str]]] = {
    "open": frozenset({"answered", "resolved"}),
    "answered": frozenset({"resolved", "reopened"}),
    "resolved": frozenset({"reopened"}),
    "reopened": frozenset({"answered", "resolved"}),
}

KEPT_TEXT: Final = 1_000
MAX_NOTE: Final = 1_000
MAX_TOPIC: Final = 128
HISTORY: Final = 20
VOICES: Final = 20
"""Pieces of feedback that are kept of one person."""

LISTED: Final = 500
"""Cases of one status that can be listed, the newest."""


def follows(status: str, next_: str) -> bool:
    """Return whether a case may go from one status to another."""
    return next_ in _FOLLOWS[status]


class Case(Struct, array_like=True):
    """A complaint or a suggestion, and what became of it. Times are epoch milliseconds.

    `topic` is what somebody said it is about, or what the model holds for likeliest, with
    `certainty`; `group` numbers texts that belong together. `sentiment` is from -1 to 1. `due` is
    when the answer is overdue, 0 if nobody waits for one.
    """

    v: int
    site: str
    id: str
    type: str
    user: Annotated[str, PERSONAL]
    opened: int
    device: Annotated[str, PERSONAL] | None = None
    item: str | None = None
    order: Annotated[str, PERSONAL] | None = None
    category: str = ""
    channel: str = ""
    text: Annotated[str, PERSONAL] = ""
    topic: str | None = None
    certainty: float = 0.0
    labelled: bool = False
    group: int | None = None
    group_name: str = ""
    sentiment: float | None = None
    status: Status = "open"
    changed: int = 0
    due: int = 0
    overdue: bool = False
    answered: int = 0
    resolved: int = 0
    reopened: int = 0
    history: list[tuple[int, str, str]] = []
    """Time, status and note of each change, the newest `HISTORY`."""


class CaseLine(Struct, array_like=True):
    """What is needed of a case to choose it from a list; `due` as there."""

    id: str
    opened: int
    topic: str | None
    type: str
    due: int = 0


class Voice(Struct, array_like=True):
    """One piece of feedback of a person; `case` says that it is one, whose status is its own."""

    id: str
    type: str
    time: int
    value: float | None = None
    item: str | None = None
    order: Annotated[str, PERSONAL] | None = None
    text: Annotated[str, PERSONAL] = ""
    opinion: float | None = None
    case: bool = False


class Contentment(Struct, kw_only=True, omit_defaults=False):
    """How content people are with something, decayed as of `as_of` (ms).

    `score` is the mean opinion, from -1 to 1, and `trend` that of late less it. `csat` is the share
    of answers in the upper two fifths of their scale. `nps` is from -100 to 100, with an interval
    that holds it 95 times of 100. `complaint_rate` is per item bought; null where none was.
    """

    as_of: int
    answers: int
    weight: float
    score: float | None
    trend: float | None
    csat: float | None
    csat_weight: float
    nps: float | None
    nps_low: float | None
    nps_high: float | None
    nps_weight: float
    complaints: float
    bought: float
    complaint_rate: float | None
    changes: list[dict[str, Any]] = []
