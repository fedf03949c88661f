"""Who gets what: batches regrouped for the next stage's keys.

Stages that follow an exchange get one message a batch and key, never one an event: grouping a
worker's whole activation first keeps the number of messages at the number of keys.

In a replay (`every=True`) each key gets a message in every round, an empty one if need be, which
is what lets its receiver know that a round is complete.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from contracts.keys import bucket_name, bucket_of
from online_models.touches import number_of
from operators.examples import AnyExample
from operators.happenings import CampaignSlice, FactSlice, Handovers, Happening, UserFact, UserScore
from operators.messages import (
    Attributed,
    AttributedSlice,
    Examples,
    ItemBatch,
    Lesson,
    Named,
    PairArrays,
    TouchArrays,
    Touchpoint,
    UserSlice,
)
from operators.pairs import pairs_by_shard, touches_by_shard

Keyed = tuple[str, Any]


def to_users(slices: Sequence[AttributedSlice], buckets: int, *, every: bool) -> list[Keyed]:
    """Return a `UserSlice` for each bucket of users that `slices`, of one round, speak of."""
    groups: dict[int, list[Attributed]] = defaultdict(list)
    for slice_ in slices:
        for item in slice_.items:
            site = item.arrived.event.site
            groups[bucket_of(site, item.subject, buckets)].append(item)
    if every:
        for items in groups.values():
            items.sort(key=_seq)
    round_ = slices[0].round
    clock = max(slice_.clock for slice_ in slices)
    targets: Iterable[int] = range(buckets) if every else groups
    return [
        (name, UserSlice(name, round_, clock, groups.get(number, [])))
        for number in targets
        for name in (bucket_name("u", number),)
    ]


def to_models(lessons: Sequence[Lesson], shards: int, *, every: bool) -> list[Keyed]:
    """Return what item shards and models learn from `lessons`, of one round."""
    round_ = lessons[0].round
    touchpoints = [point for lesson in lessons for point in lesson.touchpoints]
    named = [item for lesson in lessons for item in lesson.named]
    examples: dict[str, list[AnyExample]] = {}
    for lesson in lessons:
        for family, items in lesson.examples.items():
            examples.setdefault(family, []).extend(items)
    if every:
        touchpoints.sort(key=_touchpoint_order)
        named.sort(key=_named_order)
        for items in examples.values():
            items.sort(key=lambda example: example.order())
    out: list[Keyed] = list(to_shards(round_, touchpoints, named, shards))
    out += [
        (family, Examples(round_, family, items))
        for family, items in examples.items()
        if every or items
    ]
    return out


def to_shards(
    round_: int, touchpoints: Sequence[Touchpoint], named: Sequence[Named], shards: int
) -> Iterable[tuple[str, ItemBatch]]:
    """Yield, for each site, what each shard of its items learns."""
    points_of: dict[str, list[Touchpoint]] = defaultdict(list)
    names_of: dict[str, dict[int, list[Named]]] = defaultdict(lambda: defaultdict(list))
    for point in touchpoints:
        points_of[point.site].append(point)
    for item in named:
        names_of[item.site][number_of(item.id) % shards].append(item)
    for site in sorted({*points_of, *names_of}):
        own, names = points_of[site], names_of[site]
        pairs, touches = pairs_by_shard(own, shards), touches_by_shard(own, shards)
        for number in sorted({*pairs, *touches, *names}):
            shard = bucket_name("i", number)
            batch = ItemBatch(
                shard,
                round_,
                site,
                pairs.get(number, PairArrays()),
                touches.get(number, TouchArrays()),
                names.get(number, []),
            )
            yield shard, batch


def to_facts(
    round_: int,
    stage: str,
    scores: Sequence[UserScore],
    buckets: int,
    *,
    every: bool,
    facts: Sequence[UserFact] = (),
) -> list[Keyed]:
    """Return a `FactSlice` for each bucket of users that `scores` and `facts` speak of."""
    groups: dict[int, list[UserScore]] = defaultdict(list)
    for score in scores:
        groups[bucket_of(score.site, score.user, buckets)].append(score)
    told: dict[int, list[UserFact]] = defaultdict(list)
    for fact in facts:
        told[bucket_of(fact.site, fact.user, buckets)].append(fact)
    targets: Iterable[int] = range(buckets) if every else {**groups, **told}
    return [
        (
            bucket_name("u", number),
            FactSlice(round_, stage, told.get(number, []), groups.get(number, [])),
        )
        for number in targets
    ]


def to_owners(handed: Sequence[Handovers], buckets: int, *, every: bool) -> list[Keyed]:
    """Return what is handed over, for each bucket of the users that take it."""
    groups: dict[int, list[Happening]] = defaultdict(list)
    for one in (one for handovers in handed for one in handovers.items):
        groups[bucket_of(one.site, one.user, buckets)].append(one)
    round_ = handed[0].round
    clock = max(handovers.clock for handovers in handed)
    targets: Iterable[int] = range(buckets) if every else groups
    return [
        (bucket_name("u", number), CampaignSlice(round_, clock, groups.get(number, [])))
        for number in targets
    ]


def _seq(item: Attributed) -> int:
    return item.arrived.seq


def _touchpoint_order(point: Touchpoint) -> tuple[int, int]:
    return point.seq, point.item


def _named_order(item: Named) -> tuple[int, str, str]:
    return item.seq, item.site, item.id
