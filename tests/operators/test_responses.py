"""Who was approached, who answered: labels by event time, when the horizon has passed."""

import random

import pytest

from contracts.settings import FlowSettings
from online_models.campaigns import MAX_CAMPAIGNS, MAX_VARIANTS, CampaignTally
from operators import responses
from operators.examples import Approach
from operators.happenings import FactSlice, UserScore
from operators.judged_stage import ENOUGH
from operators.messages import LIVE_ROUND, Attributed, Examples
from operators.profile import Profiles
from operators.response_stage import ASKED, ResponseStage
from operators.responses import OPEN_APPROACHES, RESPONSE_FEATURES, ResponseExamples
from tests.builders import HOUR, MINUTE, NOON, arrived

KEY = b"a key for tests, not for use"


class Bucket:
    """One bucket of people, whose campaigns wait ten hours for an answer."""

    def __init__(self) -> None:
        self.settings = FlowSettings(response_hours=10.0, outcome_every=1)
        self.maker = ResponseExamples(self.settings)
        self.profiles = Profiles(self.settings, [self.maker])
        self.seq = 0

    def see(self, type_: str, at: int, user: str = "ada", **more: object) -> None:
        event = arrived(type_, user, at, id=f"{self.seq}", seq=self.seq, **more)
        self.profiles.on_batch([Attributed(user, event)], NOON + at)
        self.seq += 1

    def labels(self, at: int) -> list[tuple[str, float]]:
        """Return campaign and label of what was decided by then."""
        return [(e.campaign, e.label) for e in self.maker.take(NOON + at) if e.label is not None]


def test_who_answers_within_the_horizon_is_a_yes_and_the_others_are_not() -> None:
    bucket = Bucket()
    for user in ("ada", "bob"):
        bucket.see("impression", 0, user, campaign="spring", variant="b")
    bucket.see("response", HOUR, campaign="spring")
    assert bucket.labels(10 * HOUR - 1) == []
    assert sorted(bucket.labels(10 * HOUR)) == [("spring", 0.0), ("spring", 1.0)]
    assert len(bucket.maker) == 0


@pytest.mark.parametrize(
    ("at", "more"),
    [
        (10 * HOUR, {"campaign": "spring"}),
        (HOUR, {"campaign": "autumn"}),
        (HOUR, {}),
        (HOUR, {"campaign": "spring", "value": 0.0}),
        (HOUR, {"campaign": "spring", "props": {"event": "Unsubscribed"}}),
    ],
    ids=["too late", "another campaign", "no campaign", "a no", "a refusal of Segment's"],
)
def test_what_is_no_answer_to_the_campaign(at: int, more: dict[str, object]) -> None:
    bucket = Bucket()
    bucket.see("impression", 0, campaign="spring")
    bucket.see("response", at, **more)
    assert bucket.labels(20 * HOUR) == [("spring", 0.0)]


def test_an_answer_counts_by_its_own_time_however_late_it_arrives() -> None:
    bucket = Bucket()
    bucket.see("impression", 0, campaign="spring")
    bucket.see("view", 9 * HOUR)
    bucket.see("response", HOUR, campaign="spring", late=True)
    assert bucket.labels(10 * HOUR) == [("spring", 1.0)]


def test_features_are_those_of_the_approach() -> None:
    bucket = Bucket()
    bucket.see("impression", 0, campaign="spring", variant="b")
    (asked,) = bucket.maker.take(NOON)
    for minute in range(1, 5):
        bucket.see("purchase", minute * MINUTE, item="kettle", price=30.0)
    bucket.see("response", HOUR, campaign="spring")
    (settled,) = [e for e in bucket.maker.take(NOON + 10 * HOUR) if e.label is not None]
    assert (settled.values, settled.variant) == (asked.values, "b")
    x = dict(zip(RESPONSE_FEATURES, settled.values, strict=True))
    assert (x["orders"], x["responses"]) == (0.0, 0.0)


def test_more_impressions_of_a_campaign_are_one_approach_until_it_is_decided() -> None:
    bucket = Bucket()
    for hour in (0, 1, 2, 11, 12):
        bucket.see("impression", hour * HOUR, campaign="spring")
    assert bucket.labels(20 * HOUR) == [("spring", 0.0)]
    assert bucket.labels(30 * HOUR) == [("spring", 0.0)]


def test_impressions_of_no_campaign_are_no_approach_and_visits_ask_about_all() -> None:
    bucket = Bucket()
    bucket.see("impression", 0, item="kettle")
    bucket.see("view", 2 * HOUR)
    asked = bucket.maker.take(NOON + 2 * HOUR)
    assert [(e.campaign, e.label) for e in asked] == [("", None), ("", None)]
    assert len(bucket.maker) == 0


def test_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "PEOPLE_WAITING", 3)
    bucket = Bucket()
    for person in range(9):
        for campaign in range(20):
            bucket.see("impression", campaign, f"u{person}", campaign=f"c{campaign}")
    assert len(bucket.maker) == 3
    assert len(bucket.labels(99 * HOUR)) == 3 * OPEN_APPROACHES


def test_what_waits_survives_a_restart_in_parts() -> None:
    rng, bucket, parts = random.Random(5), Bucket(), []
    for step in range(90):
        type_ = rng.choice(["impression", "response"])
        bucket.see(type_, step * HOUR // 4, f"u{rng.randrange(9)}", campaign=f"c{step % 4}")
        if step % 30 == 29:
            bucket.labels(step * HOUR // 4)
            parts.append(bucket.maker.dump(full=not parts))
    copy = Bucket()
    copy.maker.load(parts)
    expected = sorted(bucket.labels(99 * HOUR))
    assert sorted(copy.labels(99 * HOUR)) == expected
    assert {label for _, label in expected} == {0.0, 1.0}


def approach(seq: int, campaign: str, label: float | None = None, variant: str = "") -> Approach:
    loyal = float(seq % 2)
    values = tuple(loyal if name == "orders" else 1.0 for name in RESPONSE_FEATURES)
    time = NOON + seq * MINUTE
    return Approach("shop", "ada", seq, time, f"e{seq}", values, label, campaign, variant)


def tell(stage: ResponseStage, *examples: Approach) -> list[UserScore]:
    out = stage.on_batch([Examples(LIVE_ROUND, stage.name, list(examples))])
    return [s for _, message in out if isinstance(message, FactSlice) for s in message.scores]


def taught(count: int = 400) -> ResponseStage:
    """Return a stage that saw loyal people answer `spring`, and nobody `autumn`."""
    stage = ResponseStage(FlowSettings(), KEY, False)
    for seq in range(count):
        campaign = ("spring", "autumn")[seq // 2 % 2]
        variant = "control" if seq // 4 % 3 == 0 else "a"
        yes = float(campaign == "spring" and variant == "a" and seq % 2)
        tell(stage, approach(seq, campaign, None, variant), approach(seq, campaign, yes, variant))
    return stage


def scored(stage: ResponseStage, example: Approach) -> dict[str, float]:
    return {told.score.name: told.score.value for told in tell(stage, example)}


def test_no_score_before_enough_answers_are_known() -> None:
    stage = ResponseStage(FlowSettings(), KEY, False)
    tell(stage, *(approach(seq, "spring", float(seq % 2)) for seq in range(ENOUGH - 1)))
    assert tell(stage, approach(999, "spring")) == []
    tell(stage, approach(998, "spring", 1.0))
    assert [told.score.name for told in tell(stage, approach(999, "spring"))] == ["response/spring"]


def test_people_are_scored_campaign_by_campaign_and_so_is_what_is_due_to_it() -> None:
    stage = taught()
    loyal, other = scored(stage, approach(401, "")), scored(stage, approach(402, ""))
    assert loyal.keys() == other.keys()
    assert {"response/spring", "response/autumn", "uplift/spring"} <= loyal.keys()
    assert loyal["response/spring"] > 0.5 > other["response/spring"]
    assert loyal["response/autumn"] < 0.3
    assert loyal["uplift/spring"] > 0.4 > other["uplift/spring"]
    assert scored(stage, approach(403, "spring")).keys() == {"response/spring", "uplift/spring"}


def test_a_campaign_that_is_over_is_asked_about_no_more() -> None:
    stage = taught()
    assert scored(stage, approach(10_000, "")) == {}


def test_a_visit_asks_about_few_campaigns() -> None:
    stage = taught(120)
    for n in range(20):
        tell(stage, approach(120 + n, f"c{n}"))
    assert scored(stage, approach(150, "")).keys() == {f"response/c{20 - n}" for n in range(1, 5)}
    assert ASKED == 4


def test_what_became_of_campaigns_is_told_by_variant() -> None:
    counts = taught()._known("shop")["campaigns"]
    assert counts["autumn"]["rate"] == 0.0
    variants = counts["spring"]["variants"]
    assert variants["control"]["answered"] == 0
    assert variants["a"]["known"] == variants["a"]["approached"] == 132
    assert counts["spring"]["rate"] == variants["a"]["rate"] == 0.5


def test_a_stage_resumes_where_it_was() -> None:
    stage, copy = taught(), ResponseStage(FlowSettings(), KEY, False)
    copy.load([stage.dump(full=True)])
    assert scored(copy, approach(401, "")) == scored(stage, approach(401, ""))
    assert copy._known("shop") == stage._known("shop")


def test_tallies_are_bounded() -> None:
    tally = CampaignTally()
    for n in range(3 * MAX_CAMPAIGNS):
        for variant in range(2 * MAX_VARIANTS):
            tally.approach(f"c{n}", f"v{variant}", n)
            tally.settle(f"c{n}", f"v{variant}", answered=True)
    tally.settle("c0", "v0", answered=True)
    report = tally.report()
    assert len(report) == MAX_CAMPAIGNS
    assert {len(told["variants"]) for told in report.values()} == {MAX_VARIANTS}
