# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Types of the operations of serve."""

from typing import Any, NotRequired, TypedDict


class RecommendationsAnswerItems(TypedDict):
    """Recommendations answer items."""

    item: str
    score: float
    """ranks within this answer"""
    strategy: str
    """the expert that spoke loudest"""
    reasons: list[str]
    parts: NotRequired[dict[str, float]]
    propensity: NotRequired[float]
    rule: NotRequired[str]


class RecommendationsAnswer(TypedDict):
    """Recommendations answer."""

    request: str
    """names this answer; later events carry it as `request`"""
    user: str
    items: list[RecommendationsAnswerItems]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class RecommendationsOfManyBody(TypedDict):
    """Recommendations of many body."""

    users: list[str]
    max_per_category: NotRequired[int]
    diversity: NotRequired[float]
    n: NotRequired[int]
    item: NotRequired[str]
    category: NotRequired[str]
    exclude: NotRequired[list[str]]
    explain: NotRequired[bool]


class RecommendationsOfManyAnswer(TypedDict):
    """Recommendations of many answer."""

    answers: list[RecommendationsAnswer]


class RankBody(TypedDict):
    """Rank body."""

    items: list[str]
    user: NotRequired[str]
    ordered: NotRequired[bool]
    n: NotRequired[int]
    item: NotRequired[str]
    category: NotRequired[str]
    exclude: NotRequired[list[str]]
    explain: NotRequired[bool]


class ProfileAnswer(TypedDict):
    """Profile answer."""

    user: str
    known: bool | None
    """null while the store is away"""
    profile: dict[str, Any] | None
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class SegmentsOfAnswerSegments(TypedDict):
    """Segments of answer segments."""

    id: str
    name: NotRequired[str]
    telling: NotRequired[str]
    size: NotRequired[int]
    share: NotRequired[float]
    lift: NotRequired[dict[str, float]]
    as_of: NotRequired[int | None]
    since: NotRequired[int]


class SegmentsOfAnswer(TypedDict):
    """Segments of answer."""

    user: str
    known: bool | None
    """null while the store is away"""
    segments: list[SegmentsOfAnswerSegments]
    scores: dict[str, dict[str, Any]]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class ScoresAnswer(TypedDict):
    """Scores answer."""

    user: str
    known: bool | None
    """null while the store is away"""
    scores: dict[str, dict[str, Any]]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class FactsAnswer(TypedDict):
    """Facts answer."""

    user: str
    known: bool | None
    """null while the store is away"""
    facts: dict[str, Any]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class HistoryAnswerScores(TypedDict):
    """History answer scores."""

    time: int
    value: float


class HistoryAnswerSegments(TypedDict):
    """History answer segments."""

    id: str
    since: int


class HistoryAnswerVisits(TypedDict):
    """History answer visits."""

    start: int
    last: int
    touches: int
    items: int


class HistoryAnswer(TypedDict):
    """History answer."""

    user: str
    known: bool | None
    """null while the store is away"""
    scores: dict[str, list[HistoryAnswerScores]]
    segments: list[HistoryAnswerSegments]
    visits: list[HistoryAnswerVisits]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class ItemsAnswerItems(TypedDict):
    """Items answer items."""

    item: str
    known: bool
    title: NotRequired[str]
    category: NotRequired[str]
    brand: NotRequired[str]
    url: NotRequired[str]
    image: NotRequired[str]
    tags: NotRequired[list[str]]
    price: NotRequired[float | None]
    currency: NotRequired[str | None]
    in_stock: NotRequired[bool]


class ItemsAnswer(TypedDict):
    """Items answer."""

    items: list[ItemsAnswerItems]
    lag_ms: int | None
    degraded: bool


class SimilarAnswer(TypedDict):
    """Similar answer."""

    request: str
    """names this answer; later events carry it as `request`"""
    item: str
    items: list[RecommendationsAnswerItems]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class TrendingAnswer(TypedDict):
    """Trending answer."""

    request: str
    """names this answer; later events carry it as `request`"""
    category: str | None
    items: list[RecommendationsAnswerItems]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class SegmentsAnswer(TypedDict):
    """Segments answer."""

    segments: list[SegmentsOfAnswerSegments]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class RulesAnswerRules(TypedDict):
    """Rules answer rules."""

    given: list[str]
    """baskets with all of these"""
    then: str
    """hold this as well"""
    basis: str
    """what a basket is: `order` or `visit`"""
    support: float
    """share of all baskets that hold all of them, decayed"""
    confidence: float
    """share of the baskets with `given` that hold `then`"""
    lift: float
    """how many times as often as `then` comes at all"""
    count: int
    """baskets that were counted, undecayed"""
    missed: int
    """how many more it may have been at most"""


class RulesAnswer(TypedDict):
    """Rules answer."""

    item: str
    rules: list[RulesAnswerRules]
    baskets: dict[str, int]
    oversized: dict[str, int]
    """baskets too large to be learnt from"""
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class ConceptsAnswerConcepts(TypedDict):
    """Concepts answer concepts."""

    name: str
    label: str
    kinds: list[str]
    share: float
    match: str


class ConceptsAnswer(TypedDict):
    """Concepts answer."""

    query: str
    concepts: list[ConceptsAnswerConcepts]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class ConceptAnswerConceptRelated(TypedDict):
    """Concept answer concept related."""

    name: str
    strength: float


class ConceptAnswerConceptItems(TypedDict):
    """Concept answer concept items."""

    item: str
    strength: float


class ConceptAnswerConcept(TypedDict):
    """Concept answer concept."""

    name: str
    label: str
    kinds: list[str]
    share: float
    count: int
    trend: float
    """how many times as often as usual it is met of late"""
    related: list[ConceptAnswerConceptRelated]
    items: list[ConceptAnswerConceptItems]
    parents: list[str]
    children: list[str]
    synonyms: list[ConceptAnswerConceptRelated]


class ConceptAnswer(TypedDict):
    """Concept answer."""

    asked: str
    known: bool | None
    """null while the store is away"""
    concept: ConceptAnswerConcept | None
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""


class SearchAnswerItems(TypedDict):
    """Search answer items."""

    item: str
    score: float


class SearchAnswer(TypedDict):
    """Search answer."""

    query: str
    concepts: list[ConceptAnswerConceptRelated]
    items: list[SearchAnswerItems]
    as_of: int | None
    """event time (ms) of the newest event the answer knows"""
    lag_ms: int | None
    """every event accepted longer ago than this is in the views"""
    fallback: bool
    """nothing of the person's or the page's own spoke"""
    degraded: bool
    """the store was away: made of what is in memory"""
