"""Campaigns as data: whom to tell what, when, and how often. Checked field by field.

>>> campaign = read_campaign(
...     {"id": "cart", "name": "Cart", "template": "cart_abandoned", "with": {"after": "2h"}}
... )
>>> campaign.conditions[0]
"quiet('cart', '2h') && profile.cart_items > 0 && profile.cart_value >= 0.0"
>>> read_campaign({"id": "cart", "name": "Cart", "condition": "profile.order > 1"})
Traceback (most recent call last):
    ...
contracts.campaigns.CampaignError: condition: line 1, column 1: there is no fact and no function \
`profile.order`; did you mean `profile.orders`?
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from contracts.codec import DecodeError, dump_json
from contracts.conditions import ConditionError, compile_condition
from contracts.conditions.durations import parse_duration
from contracts.model_faults import TIME, faults_of
from contracts.templates import TEMPLATES, TemplateError
from contracts.wording import closest_of, shown

MAX_CONDITIONS: Final = 100
MAX_SEND_BYTES: Final = 8_192
ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

CLOCK_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_PATTERNS: Final = {
    ID_PATTERN: "1 to 64 letters, digits, dots, dashes and underscores, as in `cart-2`,"
    " that begin with a letter or digit",
    CLOCK_PATTERN: "a clock time from `00:00` to `23:59`, as in `08:30`",
}


def _duration(value: Any) -> Any:
    parse_duration(value if isinstance(value, str) else repr(value))
    return value.strip()


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"{value[:64]!r} is no time zone: write one as `Europe/Zurich`") from None
    return value


def _moment(value: Any) -> Any:
    """Refuse what pydantic would take for seconds since 1970."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and "-" not in value[1:]):
        raise ValueError(f"expected {TIME}, got {shown(value)}")
    return value


def _small(value: dict[str, Any]) -> dict[str, Any]:
    size = len(dump_json(value))
    if size > MAX_SEND_BYTES:
        raise ValueError(f"{size:,} bytes of JSON; at most {MAX_SEND_BYTES:,}")
    return value


def _level(value: str) -> str:
    if value:
        compile_condition(value, levels_only=True)
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _condition(value: str) -> str:
    compile_condition(value)
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Duration = Annotated[str, BeforeValidator(_duration)]
Clock = Annotated[str, Field(pattern=CLOCK_PATTERN)]
Expression = Annotated[str, AfterValidator(_condition)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Cap(_Part):
    """At most `count` triggers of all campaigns together, per person and `per`."""

    count: int = Field(ge=1, le=100)
    per: Duration


class QuietHours(_Part):
    """No trigger from one clock time to another, in the person's time zone (trait `timezone`)."""

    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="of people whose trait `timezone` says nothing"
    )
    then: Literal["wait", "drop"] = Field("wait", description="what becomes of a trigger meanwhile")


class Campaign(_Part):
    """One campaign. Durations are texts as `30m`, times ISO 8601 with their zone."""

    id: str = Field(pattern=ID_PATTERN, description="letters, digits, dots, dashes: for addresses")
    name: str = Field(min_length=1, max_length=120)
    template: str | None = Field(None, description="one of the built-in templates")
    parameters: dict[str, Any] = Field(
        default_factory=dict, alias="with", description="of the template"
    )
    conditions: Annotated[list[Expression], BeforeValidator(_listed)] = Field(
        alias="condition",
        min_length=1,
        max_length=MAX_CONDITIONS,
        description="when: one, or several of which any will do",
    )
    audience: Annotated[str, AfterValidator(_level)] = Field(
        "", description="for whom: what has to hold as well"
    )
    send: Annotated[dict[str, Any], AfterValidator(_small)] = Field(
        default_factory=dict, description="what to send; handed on as it is"
    )
    variants: dict[str, Annotated[float, Field(gt=0, le=1e6)]] = Field(
        default_factory=dict, max_length=20, description="variants and their weights"
    )
    cooldown: Duration = Field("1d", description="between two triggers of one person")
    caps: list[Cap] = Field(default_factory=list, max_length=5)
    quiet_hours: QuietHours | None = None
    holdout: float = Field(0.0, ge=0, le=0.9, description="share of people who get nothing")
    start: Moment | None = None
    end: Moment | None = None
    priority: int = Field(0, ge=-1000, le=1000, description="the highest goes first")
    consent: list[Literal["personalization", "marketing"]] = ["marketing"]
    enabled: bool = True

    @property
    def type(self) -> str:
        """What its triggers are of: its template, or `custom`."""
        return self.template or "custom"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as they are written, those alone that say something."""
        given = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if self.template is not None:
            del given["condition"]
            # A template has defaults of its own, which are not to come back in place of these.
            given |= {"cooldown": self.cooldown, "consent": list(self.consent)}
        return given


class CampaignError(ValueError):
    """A campaign that cannot be taken: `faults` has the fields, and what is wrong with each."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{fault['field']}: {fault['detail']}" for fault in faults))
        self.faults = faults


def read_campaign(given: Mapping[str, Any]) -> Campaign:
    """Return the campaign; raise `CampaignError` that points at the fields. Cost: about 0.3 ms."""
    tree = dict(given)
    faults = _fill(tree) if isinstance(tree.get("template"), str) else []
    try:
        campaign = Campaign.model_validate(tree)
    except ValidationError as error:
        for path, said, cause in faults_of(error, Campaign, _PATTERNS):
            faults += _faults([str(part) for part in path], said, cause)
    if faults:
        raise CampaignError(faults)
    if campaign.start and campaign.end and campaign.end <= campaign.start:
        raise CampaignError([{"field": "end", "detail": "it ends before it starts"}])
    return campaign


def _fill(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Put a template's conditions, and what goes with them, into what was given.

    Return what is wrong with it. There are conditions then as well, so that the other fields are
    looked at.
    """
    template = TEMPLATES.get(tree["template"])
    given = tree.pop("condition", None)
    tree["condition"] = TEMPLATES["first_purchase"].fill({})
    if template is None:
        said = f"there is no such template{closest_of(tree['template'], list(TEMPLATES))}"
        return [{"field": "template", "detail": said}]
    tree.setdefault("cooldown", template.cooldown)
    if template.service:
        tree.setdefault("consent", [])
    faults = []
    if given is not None:
        detail = "a template brings its own; leave one of the two out"
        faults.append({"field": "condition", "detail": detail})
    parameters = tree.get("with", {})
    if isinstance(parameters, dict):  # else the model says so
        try:
            tree["condition"] = template.fill(parameters)
        except TemplateError as error:
            faults += [
                {"field": f"with.{name}", "detail": detail} for name, detail in error.faults.items()
            ]
    return faults


def _faults(path: list[str], said: str, cause: Exception | None) -> list[dict[str, Any]]:
    """Return what is wrong with a field: of a condition, each mistake with its place."""
    if path[0] == "condition" and path[-1] == "0":
        path = path[:-1]  # there may be one only, which was written without brackets
    field = ".".join(path)
    if isinstance(cause, ConditionError):
        return [{"field": field, **one._asdict(), "detail": str(one)} for one in cause.mistakes]
    if field == "condition":
        said = "say when: give a condition, or a template" if said == "is missing" else said
        said = said.replace("a list", "text, or a list of texts")
    return [{"field": field, "detail": said}]


class CampaignVersion(Struct, kw_only=True, omit_defaults=True):
    """One version of a campaign, in force from `time` (ms) until the next; None: deleted."""

    site: str
    id: str
    version: int
    time: int
    campaign: dict[str, Any] | None = None
    origin: str = "api"
    kind: Literal["campaign"] = "campaign"

    @property
    def key(self) -> bytes:
        """The key on the topic `control`: compaction keeps every version, once."""
        return f"campaign/{self.site}/{self.id}/{self.version}".encode()


def encode_version(version: CampaignVersion) -> bytes:
    """Return a version as JSON."""
    return msgspec.json.encode(version)


def decode_version(raw: bytes) -> CampaignVersion:
    """Return the version in `raw`; raise `DecodeError`."""
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("invalid", f"no version of a campaign: {error}") from None


_decoder = msgspec.json.Decoder(CampaignVersion)


def millis(moment: datetime | None, otherwise: int) -> int:
    """Return a time of a campaign in epoch ms, or what stands for one that is not given."""
    return otherwise if moment is None else int(moment.timestamp() * 1000)
