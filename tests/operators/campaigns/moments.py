"""People and what happens to them, told to campaigns through the stages that tell them."""

from contracts.campaigns import CampaignVersion
from contracts.decisions import Score
from contracts.settings import FlowSettings
from online_models.campaign_results import merge, unpack_counts
from operators.campaigns.book import Book
from operators.campaigns.stage import CampaignStage
from operators.catalogue import Catalogue
from operators.happenings import CampaignSlice, FactSlice, Handovers, UserScore
from operators.messages import LIVE_ROUND, Attributed, Tick, UserSlice
from operators.messages import Triggers as TriggersMessage
from operators.routing import to_owners
from operators.stages import FactStage, ProfileStage
from tests.builders import NOON, arrived

SETTINGS = FlowSettings(buckets=1, families=["intent", "churn"])


class Shop:
    """One bucket of people, and the campaigns that watch them."""

    def __init__(self, *campaigns, since=0, **fields):
        self.book = Book()
        self.catalogue = Catalogue()
        self.version = 0
        for campaign in campaigns:
            self.add(since=since, **{"consent": [], **campaign, **fields})
        self.profiles = ProfileStage(SETTINGS, self.book)
        self.facts = FactStage(SETTINGS, self.book)
        self.devices = CampaignStage(SETTINGS, self.book, self.catalogue)
        self.stage = CampaignStage(SETTINGS, self.book, self.catalogue, 2)
        self.handed = []
        self.holds_up = False
        self.triggers = []
        self.counts = {}
        self.counted = {}
        self.now = NOON

    def add(self, since=None, **campaign):
        self.version += 1
        given = {"id": "c", "name": "C", **campaign}
        time = self.now if since is None else since
        self.book.put(
            CampaignVersion(
                site="default", id=given["id"], version=self.version, time=time, campaign=given
            )
        )

    def tell(self, *messages):
        """Send messages of the profile stage on, and keep the triggers."""
        for out in messages:
            for found in self.facts.on_batch([out]) if isinstance(out, FactSlice) else [out]:
                if isinstance(found, Tick) or (isinstance(found, CampaignSlice) and found.devices):
                    self.keep(self.devices.on_batch([found]))
                if isinstance(found, Tick) or (
                    isinstance(found, CampaignSlice) and not found.devices
                ):
                    self.keep(self.stage.on_batch([found]))

    def hand_over(self):
        """Let what devices hand over come to their users."""
        handed, self.handed = self.handed, []
        for message in handed:
            for _, slice_ in to_owners([message], 1, every=False):
                self.keep(self.stage.on_batch([slice_]))

    def keep(self, out):
        for message in out:
            if isinstance(message, Handovers):
                self.handed.append(message)
                if not self.holds_up:
                    self.hand_over()
                continue
            if isinstance(message, TriggersMessage):
                self.triggers += message.items
                continue
            for view in message.items:
                if view.kind == "results":
                    self.counted[view.site, view.id] = view.value
                elif view.kind == "campaigns":
                    self.counts = __import__("json").loads(view.value)

    def results(self):
        """Return what came of the only campaign."""
        return merge(unpack_counts(raw) for raw in self.counted.values())

    def event(self, type_="view", user="ada", at=0, adopted=False, **fields):
        """Let an event be applied."""
        made = arrived(type_, user, at, **fields)
        self.now = max(self.now, made.received)
        item = Attributed(user, made, adopted)
        slice_ = UserSlice("u000", LIVE_ROUND, made.received, [item])
        self.tell(*(m for m in self.profiles.on_batch([slice_]) if isinstance(m, FactSlice)))
        return made.event.id

    def score(self, name, value, at=0, user="ada", event="e0"):
        """Let a model say something of a person."""
        score = Score(name, value, NOON + at)
        self.tell(FactSlice(LIVE_ROUND, name, [], [UserScore("default", user, 0, event, score)]))

    def segment(self, name, at=0, user="ada"):
        """Let a person come into a segment."""
        score = Score("segment", 1.0, NOON + at)
        change = UserScore("default", user, 0, f"s{at}", score, name)
        self.tell(FactSlice(LIVE_ROUND, "segments", [], [change]))

    def tick(self, at, part="events.click/0"):
        """Let time pass for everybody, by a clock record."""
        self.now = max(self.now, NOON + at)
        self.tell(Tick(part, NOON + at))

    def restart(self, full=False):
        """Go on with a stage that has what the old one saved."""
        saved = self.stage.dump(full=True)
        self.stage = CampaignStage(SETTINGS, self.book, self.catalogue, 2)
        self.stage.load([saved])

    @property
    def fired(self):
        """What fired, as (campaign, user, time after noon)."""
        return [(t.campaign, t.user, t.time - NOON) for t in self.triggers]

    def reasons(self, campaign="c"):
        counts = dict(self.counts.get("default", {}).get(campaign, {}))
        counts.pop("digest", None)
        return counts
