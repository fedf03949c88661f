"""What is known of one site's feedback: cases, topics, groups, opinions, and who said what."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from contracts.codec import dump_json, pack
from contracts.events import STATUS, Event
from contracts.feedback import (
    CASE_TYPES,
    FEEDBACK_VERSION,
    KEPT_TEXT,
    MAX_NOTE,
    MAX_TOPIC,
    STATUSES,
    VOICES,
    Case,
    Voice,
)
from contracts.settings import FlowSettings
from online_models.digest import digest
from online_models.emerging import Emergence
from online_models.groups import TextGroups
from online_models.topics import TextClassifier
from operators.cases import Cases
from operators.durable import PackedMap
from operators.examples import Heard
from operators.messages import View
from operators.opinions import ALL, Opinions
from operators.satisfaction import opinion_of

HOUR_MS: Final = 3_600_000
ENOUGH: Final = 20
"""Texts with a label from which a topic, or a sentiment, is told of others."""

BELIEVED: Final = 0.5
"""Certainty from which a topic that a model tells counts as one, also as one that emerges."""

TONES: Final = ("negative", "neutral", "positive")
MAX_PEOPLE: Final = 100_000
"""Who said something; beyond it those who were quiet longest are forgotten. About 1 KB each."""

LISTED: Final = 50
WORST: Final = 20
LEAST: Final = 5.0
"""Answers, decayed, from which an item may be among the worst."""


class News(NamedTuple):
    """What a piece of feedback comes to for its person: scores and facts by name."""

    scores: dict[str, float]
    facts: dict[str, Any]


class SiteFeedback:
    """One site's feedback; `Durable`. Cost: 1 ms a text of 140 words, 20 us without a text."""

    def __init__(self, settings: FlowSettings, key: bytes) -> None:
        self.topics = TextClassifier()
        self.tones = TextClassifier(places=1 << 14, max_classes=len(TONES))
        self.groups = TextGroups()
        self.emerging = Emergence(round(settings.emerging_hours * HOUR_MS))
        self.cases = Cases(round(settings.case_due_hours * HOUR_MS))
        self.opinions = Opinions(key)
        self.heard = 0
        self._people = PackedMap()
        self._cases_changed: set[str] = set()
        self._people_changed: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether anything changed that was not published."""
        return bool(self._cases_changed or self._people_changed or self.opinions.changed)

    def take(self, heard: Heard) -> News | None:
        """Take a piece of feedback, or what became of one."""
        event = heard.event
        if heard.adopted:
            if event.type != STATUS:
                self._adopt(heard)
            return None
        if event.type == STATUS:
            return self._change(event)
        if event.type != "purchase":
            self.heard += 1
            self._remember(heard.user, _voice(event))
        if heard.learn:
            self.opinions.hear(event, heard.category, channel_of(event))
        return self._read(heard) if event.text or event.type in CASE_TYPES else None

    def pass_time(self, clock: int) -> list[Case]:
        """Return the cases that are overdue by now, and were not before."""
        late = self.cases.pass_time(clock)
        self._cases_changed.update(case.id for case in late)
        return late

    def _read(self, heard: Heard) -> News:
        """Read a text: what it is about, how it sounds; open a case if it is one; learn from it."""
        event, text = heard.event, heard.event.text or ""
        label = _text(event.props.get("topic"), MAX_TOPIC)
        topic, certainty = (label, 1.0) if label else self._topic(text)
        tone = self._tone(text)
        scores: dict[str, float] = {} if tone is None else {"sentiment": tone}
        facts: dict[str, Any] = {}
        if text and heard.learn:
            self._learn(event, text, label)
        group = self.groups.predict_one(text) if text else None
        if event.type in CASE_TYPES:
            self._open(heard, topic, certainty, bool(label), group, tone)
            believed = topic if certainty >= BELIEVED else None
            if believed is not None:
                facts["complaint_topic" if event.type == "complaint" else "topic"] = believed
            if heard.learn and not heard.late:
                self._watch(believed, group, event, scores, facts)
        return News(scores, {} if heard.late else facts)

    def _topic(self, text: str) -> tuple[str | None, float]:
        if not text or self.topics.learned < ENOUGH or len(self.topics.classes) < 2:
            return None, 0.0
        chances = self.topics.predict_proba_one(text)
        best = min(chances, key=lambda name: (-chances[name], name))
        return best, round(chances[best], 4)

    def _tone(self, text: str) -> float | None:
        if not text or self.tones.learned < ENOUGH or len(self.tones.classes) < 2:
            return None
        chances = self.tones.predict_proba_one(text)
        return round(chances.get("positive", 0.0) - chances.get("negative", 0.0), 4)

    def _learn(self, event: Event, text: str, label: str) -> None:
        if label:
            self.topics.learn_one(text, label)
        opinion = opinion_of(event)
        if opinion is not None:
            self.tones.learn_one(text, TONES[1 + (opinion > 0.25) - (opinion < -0.25)])
        if event.type in CASE_TYPES:
            self.groups.learn_one(text)

    def _open(
        self,
        heard: Heard,
        topic: str | None,
        certainty: float,
        labelled: bool,
        group: int | None,
        tone: float | None,
    ) -> None:
        event = heard.event
        case = Case(
            FEEDBACK_VERSION,
            heard.site,
            event.id,
            event.type,
            heard.user,
            event.time,
            device=event.device,
            item=event.item,
            order=event.order,
            category=heard.category,
            channel=channel_of(event),
            text=(event.text or "")[:KEPT_TEXT],
            topic=topic,
            certainty=certainty,
            labelled=labelled,
            group=group,
            group_name="" if group is None else self.groups.name(group),
            sentiment=tone,
        )
        new, gone = self.cases.open(case)
        self._cases_changed.update(gone)
        if new:
            self._cases_changed.add(case.id)

    def _watch(
        self,
        topic: str | None,
        group: int | None,
        event: Event,
        scores: dict[str, float],
        facts: dict[str, Any],
    ) -> None:
        """Note that somebody spoke of a topic, or a group: it may emerge by it."""
        if topic is None and group is None:
            return
        name = f"topic {topic}" if topic is not None else f"group {group}"
        begins = self.emerging.learn_one(name, event.time)
        is_emerging = self.emerging.is_emerging(name)
        scores["emerging"] = round(self.emerging.predict_one(name), 3) if is_emerging else 0.0
        if begins:
            told = topic if topic is not None else self.groups.name(group or 0)
            facts["topic_emerging"] = told

    def _change(self, event: Event) -> News | None:
        """Give a case another status, and learn its topic if somebody says it."""
        id_, note = (
            _text(event.props.get("feedback"), 256),
            _text(event.props.get("note"), MAX_NOTE),
        )
        status, topic = (
            _text(event.props.get("status"), 16),
            _text(event.props.get("topic"), MAX_TOPIC),
        )
        changed = self.cases.change(id_, status, event.time, topic=topic or None, note=note)
        if changed is None:
            return None
        case = changed.case
        self._cases_changed.add(case.id)
        if topic and case.text:
            self.topics.learn_one(case.text, topic)
        overdue = float(self.cases.overdue_of(case.user))
        return News({"overdue": overdue}, {"case": f"{case.id} {case.status}"})

    def case_of(self, event: Event) -> Case | None:
        """Return the case that a change of status is about."""
        return self.cases.get(_text(event.props.get("feedback"), 256))

    def _adopt(self, heard: Heard) -> None:
        """Give to a user what the device said that turned out to be theirs."""
        event = heard.event
        case = self.cases.move(event.id, heard.user)
        if case is not None:
            self._cases_changed.add(case.id)
        if event.device is not None:
            device = f"device:{event.device}"
            if self._people.pop(device) is not None:
                self._people_changed.add(device)
        self._remember(heard.user, _voice(event))

    def _remember(self, user: str, voice: Voice) -> None:
        raw = self._people.get(user)
        voices = [] if raw is None else _voices(raw)
        if any(one.id == voice.id for one in voices):
            return
        voices = sorted([*voices, voice], key=lambda one: (one.time, one.id))[-VOICES:]
        if raw is None and len(self._people) >= MAX_PEOPLE:
            self._forget()
        self._people[user] = pack(voices)
        self._people_changed.add(user)

    def _forget(self) -> None:
        """Forget a tenth of the people: those whose last word is oldest."""
        last = {user: _voices(self._people[user])[-1].time for user in self._people}
        for user in sorted(last, key=lambda user: (last[user], user))[: MAX_PEOPLE // 10]:
            self._people.pop(user)
            self._people_changed.add(user)

    def forget(self, gone: Callable[[str], bool]) -> None:
        """Forget people who are gone, with their cases; and words that hardly anybody used."""
        self._cases_changed.update(self.cases.forget(gone))
        for user in [one for one in self._people if gone(one)]:
            self._people.pop(user)
            self._people_changed.add(user)
        rare = self.groups.forget_rare()
        self._cases_changed.update(self.cases.rename(rare, self.groups.name))

    def views(self, site: str) -> list[View]:
        """Return what changed, the lists of cases, and the summary."""
        cases, self._cases_changed = sorted(self._cases_changed), set()
        people, self._people_changed = sorted(self._people_changed), set()
        gauges, self.opinions.changed = sorted(self.opinions.changed), set()
        self.opinions.verify()
        out = [self._case_view(site, id_) for id_ in cases]
        if cases:
            lists = {status: pack(self.cases.lines(status)) for status in STATUSES}
            out += [View("cases", site, status, raw) for status, raw in lists.items()]
        out += [View("voices", site, user, self._people.get(user)) for user in people]
        for name in gauges:
            out.append(View("contentment", site, name, dump_json(self.opinions.told(name))))
        return [*out, View("feedback", site, "all", dump_json(self.summary()))]

    def all_views(self, site: str) -> list[View]:
        """Return everything."""
        self._cases_changed.update(self.cases.ids())
        self._people_changed.update(self._people)
        self.opinions.changed = set(self.opinions.all_names())
        return self.views(site)

    def _case_view(self, site: str, id_: str) -> View:
        case = self.cases.get(id_)
        return View("case", site, id_, None if case is None else pack(case))

    def summary(self) -> dict[str, Any]:
        """Return the whole in figures: contentment, cases, response times, topics."""
        said = self.opinions
        return {
            "heard": self.heard,
            "all": said.told(ALL),
            "channels": {name[8:]: said.told(name) for name in said.names("channel")[:LISTED]},
            "categories": {name[9:]: said.told(name) for name in said.names("category")[:LISTED]},
            "worst_items": {name[5:]: said.told(name) for name in said.worst("item", LEAST, WORST)},
            "cases": self.cases.counts(),
            "waiting_by_topic": dict(list(self.cases.topics().items())[:LISTED]),
            "first_response": _times(self.cases.answer_ms),
            "resolution": _times(self.cases.resolve_ms),
            "topics": self.topics.classes,
            "groups": self.groups.describe()[:WORST],
            "emerging": [self._named(one) for one in self.emerging.emerging()],
        }

    def _named(self, one: dict[str, Any]) -> dict[str, Any]:
        kind, _, name = one["topic"].partition(" ")
        told = name if kind == "topic" else self.groups.name(int(name))
        return {**one, "topic": told, "kind": kind}

    def known(self) -> dict[str, Any]:
        """Return how much was learnt."""
        return {
            "learned": self.topics.learned,
            "sentiments": self.tones.learned,
            "grouped": self.groups.learned,
            "heard": self.heard,
            "cases": len(self.cases),
        }

    def digest(self) -> str:
        """Return a fingerprint of what was learnt."""
        models = (self.topics, self.tones, self.groups, self.emerging)
        return digest([model.dump(full=True) for model in models])

    def dump(self, *, full: bool) -> bytes:
        """Return everything, or what changed."""
        parts = [part.dump(full=full) for part in self._parts()]
        changed = (sorted(self._cases_changed), sorted(self._people_changed))
        return pack((self.heard, changed, parts))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace everything by what the parts say."""
        decoded = [_saved(part) for part in parts]
        for at, part in enumerate(self._parts()):
            part.load([saved[at] for _, _, saved in decoded])
        if decoded:
            self.heard, (cases, people), _ = decoded[-1]
            self._cases_changed, self._people_changed = set(cases), set(people)

    def _parts(self) -> tuple[Any, ...]:
        models = (self.topics, self.tones, self.groups, self.emerging)
        return (*models, self.cases, self.opinions, self._people)


def channel_of(event: Event) -> str:
    """Return by which way a piece of feedback came: `props.channel`, else the source.

    >>> channel_of(Event(id="1", type="complaint", time=1, user="ada", props={"channel": "Phone"}))
    'phone'
    """
    return _text(event.props.get("channel"), 64).lower() or event.source


def _text(value: Any, most: int) -> str:
    return value.strip()[:most] if isinstance(value, str) else ""


def _voice(event: Event) -> Voice:
    return Voice(
        event.id,
        event.type,
        event.time,
        event.value,
        event.item,
        event.order,
        (event.text or "")[:200],
        opinion_of(event),
        event.type in CASE_TYPES,
    )


def _times(values: Sequence[int]) -> dict[str, float | int | None]:
    """Return median and ninth decile of times, in hours."""
    told = sorted(values)
    at = {name: told[int(share * (len(told) - 1))] if told else None for name, share in _SHARES}
    hours = {f"{k}_hours": None if v is None else round(v / HOUR_MS, 3) for k, v in at.items()}
    return {"count": len(told), **hours}


_SHARES: Final = (("median", 0.5), ("p90", 0.9))
_voices = msgspec.msgpack.Decoder(list[Voice]).decode
_saved = msgspec.msgpack.Decoder(tuple[int, tuple[list[str], list[str]], list[bytes]]).decode
