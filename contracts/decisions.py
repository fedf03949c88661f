"""What Headrace says: scores, segments, facts, recommendations and the log of its answers."""

from typing import Annotated, Any, Final, Literal

from msgspec import Struct

from contracts.past import Past
from contracts.personal import PERSONAL

DECISION_VERSION: Final = 1


class Score(Struct, array_like=True):
    """One model's estimate for one person: `value` at event time `time` (ms), by `version`.

    `low` and `high` bound what 90 of 100 such estimates come to; amounts have them.
    """

    name: str
    value: float
    time: int
    version: int = 0
    low: float | None = None
    high: float | None = None


class Segment(Struct, kw_only=True, omit_defaults=True):
    """A cluster of people, with a stable id and a description that a marketer can read."""

    id: str
    name: str
    size: int
    share: float
    centre: dict[str, float] = {}
    lift: dict[str, float] = {}
    telling: str = ""
    """What sets it apart, in words: `3.1x carts, 0.2x spend`."""
    as_of: int = 0
    v: int = DECISION_VERSION


class SegmentChange(Struct, kw_only=True):
    """A segment ended at `time` (ms), and its place went to a new one.

    `why`: `merged` (with segment `into`) or `abandoned` (nobody was near it any more). `new` began
    among the people of `split`, or, if that is null, among those who were far from any. Or it moved
    so far that it was `renamed`, from `was` to `now`, and keeps its id.
    """

    time: int
    gone: str
    why: str
    new: str
    into: str | None = None
    split: str | None = None
    was: str | None = None
    now: str | None = None


class Drift(Struct, kw_only=True):
    """The mean of a watched series moved from `before` to `after`, noticed at event time `time`.

    `dropped` and `kept` say how many values the two means are of.
    """

    series: str
    time: int
    before: float
    after: float
    dropped: int
    kept: int


class Promotion(Struct, kw_only=True):
    """A challenger took the champion's place: on which evidence, and after how many examples."""

    model: str
    name: str
    over: str
    time: int
    examples: int
    ahead: float
    log10_evidence: float


class ItemRule(Struct, array_like=True):
    """An association rule: baskets with all of `given` hold `then` too; see `online_models.rules`.

    `basis` says what a basket is: an `order`, or a `visit`. `missed` is how many baskets more than
    `count` there may have been.
    """

    given: tuple[str, ...]
    then: str
    basis: str
    support: float
    confidence: float
    lift: float
    count: int
    missed: int


class ItemRules(Struct, array_like=True):
    """The view of one item's rules; baskets by basis, and those too large to be learnt from."""

    v: int
    as_of: int
    rules: list[ItemRule] = []
    baskets: dict[str, int] = {}
    oversized: dict[str, int] = {}


class Linked(Struct, array_like=True):
    """Something that belongs to a concept: another concept or an item, and how strongly."""

    name: str
    strength: float


class Concept(Struct, array_like=True):
    """The view of one concept: what people engage with when they engage with it.

    `share` is the decayed share of windows it is in, `trend` how many times as often it is met of
    late as over the whole. `alias_of` names the concept that this one is a rarer spelling of.
    """

    v: int
    name: str
    label: str
    kinds: list[str]
    share: float
    count: int
    trend: float
    as_of: int
    related: list[Linked] = []
    items: list[Linked] = []
    parents: list[str] = []
    children: list[str] = []
    synonyms: list[Linked] = []
    alias_of: str | None = None


class KnownConcept(Struct, array_like=True):
    """One line of the directory of concepts."""

    name: str
    label: str
    kinds: list[str]
    share: float


class Fact(Struct, kw_only=True, omit_defaults=True):
    """Something about a person changed, in a form that a campaign can be triggered by.

    `id` is made of site, user, name and the event that caused it, so a rerun makes the same id.
    """

    id: str
    site: str
    user: Annotated[str, PERSONAL]
    name: str
    time: int
    value: Any = None
    previous: Any = None
    event: str | None = None
    evidence: dict[str, Any] = {}
    v: int = DECISION_VERSION


class Standing(Struct, array_like=True):
    """The current scores, segment and facts of one person: the view that the API reads.

    `past` has what they were, where `flow.score_history` asks for it.
    """

    v: int
    site: str
    id: str
    as_of: int = 0
    scores: dict[str, Score] = {}
    segment: str | None = None
    segment_since: int = 0
    facts: dict[str, Any] = {}
    past: Past | None = None


class RecommendedItem(Struct, kw_only=True, omit_defaults=False):
    """One recommended item: `score` ranks within this answer, `reasons` say why in words."""

    item: str
    score: float
    strategy: str
    reasons: list[str] = []


class Recommendation(Struct, kw_only=True, omit_defaults=False):
    """One answer to "what next?". `lag_ms` is how far the views lag behind what was accepted."""

    request: str
    user: Annotated[str, PERSONAL]
    items: list[RecommendedItem]
    as_of: int | None
    lag_ms: int | None
    fallback: bool = False
    degraded: bool = False


class ServedItem(Struct, array_like=True):
    """One candidate of a logged answer, with what it was ranked by.

    `propensity` is the probability with which this item stood at this position, given the arm and
    all that was known.
    """

    item: str
    position: int
    score: float
    strategy: str
    propensity: float = 1.0
    features: dict[str, float] = {}


class Answer(Struct, kw_only=True, omit_defaults=True):
    """The log of one answer, on the topic `answers`: what learning from feedback needs.

    `explore` is the share of answers in which a place is given to an explored item, `arm` who
    ordered the candidates, `beside` the item of the page. For a sample of people `lists` has what
    each contender would have shown.
    """

    request: str
    site: str
    user: Annotated[str, PERSONAL]
    kind: str
    time: int
    items: list[ServedItem]
    models: dict[str, int] = {}
    as_of: int | None = None
    fallback: bool = False
    explore: float = 0.0
    arm: str = ""
    beside: str | None = None
    lists: dict[str, list[str]] = {}
    v: int = DECISION_VERSION


class Trigger(Struct, kw_only=True, omit_defaults=True):
    """A campaign fired for a person. `id` is deterministic: campaign, version, user, event.

    `event` names what it fired on: an event's id, or what is made of one where a timer or the
    catalogue was the cause. `type` is the campaign's template, `custom` without one. `send` is what
    the campaign says to send, `recommendations` what the person may like now, best first.
    `evidence` has the facts that the condition read, and the events that count. A `holdout` is
    not to be sent: it is what the others are compared with.
    """

    id: str
    site: str
    campaign: str
    version: int
    user: Annotated[str, PERSONAL]
    time: int
    event: str
    type: str = "custom"
    segment: str | None = None
    variant: str = ""
    holdout: bool = False
    send: dict[str, Any] = {}
    recommendations: list[str] = []
    evidence: dict[str, Any] = {}
    v: int = DECISION_VERSION


class Offer(Struct, kw_only=True, omit_defaults=True):
    """Something that can be offered to a person: a benefit, a rebate, points, a message."""

    id: str
    kind: str
    value: float = 0.0
    text: str = ""
    v: int = DECISION_VERSION


RewardKind = Literal["click", "purchase", "revenue", "satisfaction"]
"""What counts as a success of an offer: an answer to it, an order, or what was paid."""


class Decided(Struct, kw_only=True, omit_defaults=True):
    """How an offer was chosen: `props.decision` of an event of the type `decision`.

    The event's `request` is the answer's, its `campaign` the offer that was chosen, its `variant`
    the policy that chose. `chances` are those of all `offers` that could be chosen, at that moment,
    by whichever policy; `context` is what was known of the person. A reward is what came within
    `horizon_ms`, as a share of `most`.
    """

    placement: str
    offers: list[str]
    chances: list[float]
    context: dict[str, float | str] = {}
    reward: RewardKind = "click"
    horizon_ms: int = 86_400_000
    most: float = 1.0
