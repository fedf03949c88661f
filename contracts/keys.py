"""Every Redis key, topic and lifetime, spelled once.

Keys of the views start with `v:NAMESPACE:SITE:`, so that a replay writes beside the live views
and a site can be listed; control keys start with `c:`. Every part is percent-encoded, so an id
may hold any character. `parse` undoes `Keys`:

>>> keys = Keys("live")
>>> keys.profile("shop", "ada:lovelace")
'v:live:shop:profile:ada%3Alovelace'
>>> parse(keys.profile("shop", "ada:lovelace"))
ViewKey(namespace='live', site='shop', kind='profile', id='ada:lovelace')
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from urllib.parse import quote, unquote
from zlib import crc32

LIVE: Final = "live"
DEFAULT_SITE: Final = "default"
"""The one site there is where no write keys are configured."""
EVERY_SITE: Final = "-"
"""Stands for the site in keys that belong to a whole namespace."""

CLICK_TOPIC: Final = "events.click"
FEEDBACK_TOPIC: Final = "events.feedback"
REJECTED_TOPIC: Final = "events.rejected"
CATALOG_TOPIC: Final = "catalog"
CONTROL_TOPIC: Final = "control"
ANSWERS_TOPIC: Final = "answers"
FACTS_TOPIC: Final = "facts"
TRIGGERS_TOPIC: Final = "triggers"
HELD_TOPIC: Final = "triggers.held"
"""Triggers of people who were held out: what the others are compared with, never to be sent."""
EVENT_TOPICS: Final = (CLICK_TOPIC, FEEDBACK_TOPIC)
TOPICS: Final = (
    *EVENT_TOPICS,
    REJECTED_TOPIC,
    CATALOG_TOPIC,
    CONTROL_TOPIC,
    ANSWERS_TOPIC,
    FACTS_TOPIC,
    TRIGGERS_TOPIC,
    HELD_TOPIC,
)

SCOREBOARD: Final = "scoreboard"
"""The figures of the answers that were given, by model and by arm."""

MODELS: Final = (
    *("intent", "segments", "baskets", "ranker", "churn", "spend", "order_value", "response"),
    *("visits", "rates", "blend", "decide", "feedback", "items", SCOREBOARD),
)
"""Models that publish what they know of themselves; the name is the id of their view."""

DAY_MS: Final = 86_400_000
PROFILE_TTL_MS: Final = 365 * DAY_MS
ITEM_TTL_MS: Final = 90 * DAY_MS

SERVED_KEY: Final = "c:served"
"""Holds the namespace that the API answers from."""
RELIEVED_KEY: Final = "c:served:before"
"""Holds, for `RELIEVED_MS`, the namespace that was served until another one was promoted."""
RELIEVED_MS: Final = 10_000
"""It still delivers triggers for so long: of events that it had yet to come to."""

REJECT_MARKS_KEY: Final = "c:rejects"
"""A hash of refused records' ids to what was done about them, as JSON."""
REPLAYS_KEY: Final = "c:replays"
"""A set of the namespaces that a replay ended in; the view `summary` has what it came to."""

API_KEYS_KEY: Final = "c:api-keys"
"""A hash of the ids of the HTTP service's keys to what is kept of each, as JSON."""

RATES_PREFIX: Final = "r:rates"
"""Starts the keys that requests are counted under: gone within seconds, and no control data."""
ERASED_KEY: Final = "c:erased"
"""A hash of the erasures, as JSON by their keys on the topic; its field `revision` counts them."""

VIEWS_PATTERN: Final = "v:*"
CONTROL_PATTERN: Final = "c:*"
TRIGGERS_PATTERN: Final = "c:triggers:*"
DELIVERIES_PATTERN: Final = "c:delivery:*"
OFFERED_PATTERN: Final = "c:offered:*"
"""`SCAN` patterns of all keys that may hold people."""


def control_parts(key: str) -> list[str]:
    """Return what the parts of a control key stand for, beginning with its kind.

    >>> control_parts(offered_key("shop", "half off", "device:d1"))
    ['offered', 'shop', 'half off', 'device:d1']
    """
    return [unquote(part) for part in key.split(":")[1:]]


def run_key(namespace: str) -> str:
    """Return the key of a namespace's run number: a writer with an older number writes nothing."""
    return f"c:run:{_encode(namespace)}"


ACCEPTED_TTL_MS: Final = 32 * DAY_MS
"""How long the id of a trigger is remembered: longer than any event's id may be (30 days)."""


def triggers_key(site: str) -> str:
    """Return the key of a site's stream of triggers: one entry each, its field `event` holds it."""
    return f"c:triggers:{_encode(site)}"


def accepted_key(site: str, trigger: str) -> str:
    """Return the key that exists once the trigger with this id was accepted."""
    return f"c:accepted:{_encode(site)}:{_encode(trigger)}"


CAMPAIGN_SITES_KEY: Final = "c:campaign-sites"
"""A set of the sites that have, or had, any campaign."""


def campaigns_key(site: str) -> str:
    """Return the key of a site's campaigns: a hash of id to the newest version, as JSON."""
    return f"c:campaigns:{_encode(site)}"


def campaign_versions_key(site: str, campaign: str) -> str:
    """Return the key of all versions of a campaign: a hash of number to version, as JSON.

    Its field `newest` is the highest number that was given out.
    """
    return f"c:campaign:{_encode(site)}:{_encode(campaign)}"


def subscriptions_key(site: str) -> str:
    """Return the key of a site's subscriptions: a hash of id to definition."""
    return f"c:subscriptions:{_encode(site)}"


DELIVERY_PARTS: Final = ("progress", "pending", "due", "dead", "replays")
"""What is kept of a subscription's delivery, each under a key of its own."""

DELIVERY_OWNER_KEY: Final = "c:delivery-owner"
"""Holds the run number of the one process that delivers webhooks, for as long as its lease."""

DELIVERY_RUN_KEY: Final = "c:delivery-run"
"""Counts the leases: who has an older number writes no progress."""


def delivery_key(site: str, subscription: str, part: str) -> str:
    """Return the key of one of `DELIVERY_PARTS` of a subscription."""
    return f"{delivery_prefix(site)}{_encode(subscription)}:{part}"


def delivery_prefix(site: str) -> str:
    """Return what the keys of all deliveries of a site start with."""
    return f"c:delivery:{_encode(site)}:"


def budget_key(site: str, offer: str, period: str) -> str:
    """Return the key of what an offer has cost in a period (a day, or `ever`), in thousandths."""
    return f"c:budget:{_encode(site)}:{_encode(offer)}:{_encode(period)}"


def offered_key(site: str, offer: str, user: str) -> str:
    """Return the key of how often a person was made an offer of late."""
    return f"c:offered:{_encode(site)}:{_encode(offer)}:{_encode(user)}"


@dataclass(frozen=True, slots=True)
class ViewKey:
    """The parts of a view's key."""

    namespace: str
    site: str
    kind: str
    id: str


class Keys:
    """The keys of one namespace's views."""

    def __init__(self, namespace: str = LIVE) -> None:
        self.namespace = namespace
        self._prefix = f"v:{_encode(namespace)}"
        self._starts: dict[tuple[str, str], str] = {}

    @property
    def pattern(self) -> str:
        """A `SCAN` pattern that matches every view of the namespace."""
        return f"{self._prefix}:*"

    def profile(self, site: str, user: str) -> str:
        """The packed `Profile` of a person, or the `Alias` of a device that was identified."""
        return self._key(site, "profile", user)

    def standing(self, site: str, user: str) -> str:
        """The packed `Standing` of a person: scores, segment, facts."""
        return self._key(site, "standing", user)

    def neighbours(self, site: str, item: str) -> str:
        """The packed neighbour row of an item."""
        return self.neighbours_of(site, item_key(item))

    def neighbours_of(self, site: str, number: int) -> str:
        """The packed neighbour row of the item with this number (`item_key`)."""
        return self._key(site, "near", f"{number:016x}")

    def top(self, site: str, ranking: str) -> str:
        """A packed ranking of items, for example `popular`, `trending`, `popular/CATEGORY`."""
        return self._key(site, "top", ranking)

    def segments(self, site: str) -> str:
        """The description of the site's segments, as JSON."""
        return self._key(site, "segments", "all")

    def rank_weights(self, site: str) -> str:
        """The packed weights of the ranker of given lists."""
        return self._key(site, "rank-weights", "all")

    def bandit(self, site: str, placement: str) -> str:
        """What was learnt of the offers at a placement: a packed `PlacementModel`."""
        return self._key(site, "bandit", placement)

    def case(self, site: str, id_: str) -> str:
        """The packed `Case` of a complaint or suggestion, by the id of its event."""
        return self._key(site, "case", id_)

    def cases(self, site: str, status: str) -> str:
        """The packed `CaseLine`s of the newest cases of a status."""
        return self._key(site, "cases", status)

    def voices(self, site: str, user: str) -> str:
        """The packed `Voice`s of a person: the last pieces of feedback."""
        return self._key(site, "voices", user)

    def contentment(self, site: str, kind: str, name: str) -> str:
        """How content people are with an `item`, `category`, `channel`, or `all`; as JSON."""
        return self._key(site, "contentment", f"{kind}/{name}")

    def feedback(self, site: str) -> str:
        """The summary of a site's feedback, as JSON."""
        return self._key(site, "feedback", "all")

    def track(self, site: str, number: int) -> str:
        """What became of the showings of the item with this number: the ranker's row."""
        return self._key(site, "track", f"{number:016x}")

    def rules(self, site: str, item: str) -> str:
        """The packed `ItemRules`: which items come with one."""
        return self._key(site, "rules", item)

    def concept(self, site: str, name: str) -> str:
        """The packed `Concept` of a name in its one spelling (`online_models.words`)."""
        return self._key(site, "concept", name)

    def concepts(self, site: str) -> str:
        """The packed directory of concepts, `KnownConcept`s, the most met first."""
        return self._key(site, "concepts", "all")

    def model(self, site: str, name: str) -> str:
        """What a model knows of itself, as JSON: version, counts, metrics, parameter digest."""
        return self._key(site, "model", name)

    def weights(self, site: str) -> str:
        """The packed weights of the recommender's blend."""
        return self._key(site, "weights", "blend")

    def catalog_page(self, site: str, page: int) -> str:
        """A hash of item id to packed `Item`: one of `CATALOG_PAGES` pages of the catalogue."""
        return self._key(site, "catalog", str(page))

    def catalog_log(self, site: str) -> str:
        """A stream that names the items whose catalogue record changed."""
        return self._key(site, "catalog-log", "all")

    def sites(self) -> str:
        """A set of the sites that have any view in the namespace."""
        return self._key(EVERY_SITE, "sites", "all")

    def ends(self, stage: str, part: str) -> str:
        """How many events ended in which way, counted by one owner."""
        return self._key(EVERY_SITE, "ends", f"{stage}/{part}")

    def results(self, site: str, campaign: str, part: str) -> str:
        """What came of a campaign's triggers for the people of one bucket: packed counts."""
        return self._key(site, "results", f"{campaign}/{part}")

    def course(self, site: str, campaign: str, part: str) -> str:
        """How a campaign's conversion came about over time, of one bucket: packed counts."""
        return self._key(site, "course", f"{campaign}/{part}")

    def campaigns(self, part: str) -> str:
        """How often campaigns fired for the people of one bucket, and for what reasons not."""
        return self._key(EVERY_SITE, "campaigns", part)

    def progress(self, part: str) -> str:
        """How far one source partition has been read, and when: freshness comes from it."""
        return self._key(EVERY_SITE, "progress", part)

    def summary(self) -> str:
        """What a replay came to: `contracts.replays.Finished`, as JSON."""
        return self._key(EVERY_SITE, "summary", "all")

    def worker(self, number: int) -> str:
        """What a process of the flow tells of itself (`contracts.vitals.Worker`), as JSON."""
        return self._key(EVERY_SITE, "worker", str(number))

    def checkpoint(self) -> str:
        """When recovery took in an epoch (`contracts.vitals.Checkpoint`), as JSON."""
        return self._key(EVERY_SITE, "checkpoint", "all")

    def _key(self, site: str, kind: str, id_: str) -> str:
        start = self._starts.get((site, kind))
        if start is None:
            start = self._starts[site, kind] = f"{self._prefix}:{_encode(site)}:{kind}:"
        return start + _encode(id_)


ALIAS_MARK: Final = b"@"
"""Starts the value of a device's profile key once the device belongs to a user, whose id follows.

No packed profile starts with this byte: in MessagePack it is a number, and a profile an array."""


def alias_value(user: str) -> bytes:
    """Return what stands under a device's profile key once it was identified as `user`."""
    return ALIAS_MARK + user.encode()


VOLATILE_KINDS: Final = frozenset({"progress", "worker", "checkpoint", "summary", "catalog-log"})
"""Kinds that hold wall-clock times or delivery logs; a state hash leaves them out."""

CATALOG_PAGES: Final = 256


def catalog_page_of(item: str) -> int:
    """Return the catalogue page that an item's record lies on."""
    return crc32(item.encode("utf-8", "surrogatepass")) % CATALOG_PAGES


def parse(key: str) -> ViewKey:
    """Return the parts of a view's key; raise `ValueError` if it is not one."""
    parts = key.split(":")
    if len(parts) != 5 or parts[0] != "v":
        raise ValueError(f"{key!r} is not the key of a view (v:NAMESPACE:SITE:KIND:ID)")
    return ViewKey(unquote(parts[1]), unquote(parts[2]), parts[3], unquote(parts[4]))


def item_key(item: str) -> int:
    """Return the 64-bit number that an item has inside rows and models.

    blake2b, so it is the same in every process; two of a million items share a number with
    probability 3e-8.

    >>> item_key("kettle") == item_key("kettle") != item_key("cup")
    True
    """
    return int.from_bytes(
        blake2b(item.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )


def bucket_of(site: str, id_: str, count: int) -> int:
    """Return which of `count` buckets a person, device or item of a site belongs to."""
    return crc32(f"{site}/{id_}".encode()) % count


def bucket_name(kind: str, number: int) -> str:
    """Return the state key of one bucket.

    >>> bucket_name("u", 7)
    'u007'
    """
    return f"{kind}{number:03d}"


def message_key(site: str, user: str | None, device: str | None) -> bytes:
    """Return the Kafka key of an event: site and device where there is one, else site and user."""
    id_ = f"d/{device}" if device is not None else f"u/{user}"
    return f"{site}/{id_}".encode()


def partition_of(key: bytes, count: int) -> int:
    """Return the partition that a message key belongs to, the same in every producer of ours."""
    return crc32(key) % count


_plain: Final = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
"""Matches what `quote` leaves as it is, in a tenth of its time."""


def _encode(part: str) -> str:
    if _plain(part):
        return part
    # The ids of devices: the most common ones that need quoting.
    kind, colon, rest = part.partition(":")
    if colon and _plain(kind) and _plain(rest):
        return f"{kind}%3A{rest}"
    return quote(part, safe="")
