"""What a request asks for, checked; a problem names the field and says how to mend it."""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import Request

from api.auth import WRITE_KEY
from api.problems import ProblemError
from api.serve.ranking import Ask
from api.serve.varied import ANY, Variety
from contracts.codec import malformed
from contracts.events import DEVICE_PREFIX
from contracts.pseudonyms import Pseudonyms, TooLongError
from contracts.struct_faults import fault_of

DEFAULT_N: Final = 10
MAX_ID: Final = 256
MAX_EXCLUDED: Final = 1_000
MAX_USERS: Final = 100
MAX_GIVEN: Final = 1_000
MAX_ITEMS: Final = 100

REPEATED: Final = ("exclude", "id")
"""Parameters that may be given several times."""

CAP: Final = "max_per_category"
DIVERSITY: Final = "diversity"
MAX_CAP: Final = 1_000

_plain_decimal: Final = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+", re.ASCII).fullmatch
_BOOLEANS: Final = {"1": True, "true": True, "0": False, "false": False, "": True}

B = TypeVar("B", bound=msgspec.Struct)
S = TypeVar("S", bound=msgspec.Struct)


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What every posted question may hold."""

    n: int | None = None
    item: str | None = None
    category: str | None = None
    exclude: list[str] = []
    explain: bool = False
    writeKey: str | None = None  # noqa: N815  # the name on the wire

    def ask(self, max_n: int, n: int = DEFAULT_N) -> Ask:
        """Return what is asked for, in the order of the ranking; raise a 400."""
        _few("exclude", self.exclude, MAX_EXCLUDED)
        return Ask(
            within("n", self.n if self.n is not None else n, max_n),
            None if self.item is None else id_field("item", self.item),
            None if self.category is None else _category(self.category),
            frozenset(id_field("exclude", id_) for id_ in self.exclude),
            self.explain,
        )


class ManyBody(Body, kw_only=True):
    """The body of `POST /v1/recommendations`."""

    users: list[str]
    max_per_category: int | None = None
    diversity: float | None = None

    def variety(self, usual: Variety) -> Variety:
        """Return how varied the answers are to be; raise a 400."""
        return Variety(
            usual.cap if self.max_per_category is None else _cap(self.max_per_category),
            usual.strength if self.diversity is None else _share("diversity", self.diversity),
        )


class RankBody(Body, kw_only=True):
    """The body of `POST /v1/rank`."""

    items: list[str]
    user: str | None = None
    ordered: bool = False


def query(request: Request, known: Collection[str]) -> dict[str, list[str]]:
    """Return the query's values by name; raise a 400 for a name that is not one of `known`."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in known and name != WRITE_KEY:
            listed = ", ".join(f"`{one}`" for one in known) or "none"
            raise bad(name, f"there is no such parameter here; there is: {listed}")
        found.setdefault(name, []).append(value)
    for name, values in found.items():
        if name not in REPEATED and len(values) > 1:
            raise bad(name, f"is given {len(values)} times; give it once")
    return found


def ask_of(given: Mapping[str, list[str]], max_n: int, usual: Variety = ANY) -> Ask:
    """Return what a query asks for, as varied as `usual` unless it says so; raise a 400."""
    excluded = given.get("exclude", [])
    _few("exclude", excluded, MAX_EXCLUDED)
    return Ask(
        within("n", whole("n", given["n"][0]), max_n) if "n" in given else min(DEFAULT_N, max_n),
        id_field("item", given["item"][0]) if "item" in given else None,
        _category(given["category"][0]) if "category" in given else None,
        frozenset(id_field("exclude", id_) for id_ in excluded),
        _boolean("explain", given["explain"][0]) if "explain" in given else False,
        _variety(given, usual),
    )


async def body_of(request: Request, type_: type[B], max_bytes: int) -> B:
    """Return the posted question; raise a 400 that names the field, or a 413."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > max_bytes:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body-too-large",
                f"the body has more than {max_bytes:,} bytes; ask in several requests",
            )
    return decoded(bytes(raw), type_)


def decoded(raw: bytes, type_: type[S]) -> S:
    """Return what was posted; raise a 400 that names the field. Nothing is an empty object."""
    try:
        return msgspec.json.decode(raw or b"{}", type=type_)
    except msgspec.ValidationError as error:
        raise bad(*fault_of(error, type_)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = f"the body is {malformed(raw, error).detail}"
        raise ProblemError(HTTPStatus.BAD_REQUEST, "malformed-body", detail) from None


def users_of(body: ManyBody) -> list[str]:
    """Return the people asked for; raise a 400."""
    _some("users", body.users, MAX_USERS)
    return [person_field("users", user) for user in body.users]


def items_of(body: RankBody) -> list[str]:
    """Return the items given, each once; raise a 400."""
    _some("items", body.items, MAX_GIVEN)
    return list(dict.fromkeys(id_field("items", id_) for id_ in body.items))


def looked_up(given: Mapping[str, list[str]]) -> list[str]:
    """Return the items that a query names, each once; raise a 400."""
    ids = list(dict.fromkeys(given.get("id", [])))
    if not ids:
        raise bad("id", "expected at least one item, as in ?id=kettle&id=cup")
    _few("id", ids, MAX_ITEMS)
    return [id_field("id", id_) for id_ in ids]


def path_id(request: Request, before: str, after: str) -> str:
    """Return the id between two parts of the path, decoded once; raise a 400.

    It is taken from the path as it was sent, so that an id may hold a slash as `%2F`.
    """
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.partition(b"?")[0]
    start = path.index(before.encode()) + len(before)
    encoded = path[start : len(path) - len(after)]
    if not after and b"/" in encoded:  # or a misspelt question would be an id of its own
        raise bad("id", "a slash in an id is written as %2F; there is no such path otherwise")
    try:
        return unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeDecodeError:
        raise bad("id", "is not UTF-8, percent-encoded") from None


def path_person(request: Request, before: str, after: str) -> str:
    """Return the person that a path is about; raise a 400."""
    return person_field("id", path_id(request, before, after))


def subject_of(names: Pseudonyms, site: str, person: str) -> str:
    """Return what a person is stored under; raise a 400."""
    try:
        return names.subject(site, person)
    except TooLongError as error:
        raise bad("id", str(error)) from None


def person_field(name: str, value: str) -> str:
    """Return a user id, or `device:ID`; raise a 400 if it cannot be one."""
    return id_field(name, value, MAX_ID + len(DEVICE_PREFIX) * value.startswith(DEVICE_PREFIX))


def id_field(name: str, value: str, limit: int = MAX_ID) -> str:
    """Return an id; raise a 400 if it cannot be one."""
    if not 1 <= len(value) <= limit:
        raise bad(name, f"an id has 1 to {limit} characters, this one has {len(value):,}")
    return value


def within(name: str, value: int, limit: int) -> int:
    """Return a number from 1 to `limit`; raise a 400 for any other."""
    if not 1 <= value <= limit:
        raise bad(name, f"expected a number from 1 to {limit}, got {value}")
    return value


def count(name: str, given: Mapping[str, list[str]], usual: int, limit: int) -> int:
    """Return how many a query asks for, from 1 to `limit`; raise a 400."""
    return within(name, whole(name, given[name][0]), limit) if name in given else usual


def flag(name: str, given: Mapping[str, list[str]]) -> bool:
    """Return whether a query asks for something; raise a 400."""
    return _boolean(name, given[name][0]) if name in given else False


def bad(field: str, detail: str) -> ProblemError:
    """Return the problem of one field."""
    field = field[:64]
    return ProblemError(
        HTTPStatus.BAD_REQUEST,
        "bad-parameter",
        f"`{field}`: {detail}" if field else f"the body: {detail}",
        faults=[{"field": field, "detail": detail}],
    )


def whole(name: str, text: str) -> int:
    """Return a whole number; raise a 400 for any other text."""
    # int() takes more than digits, and takes long for many of them.
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 18):
        raise bad(name, f"expected a whole number, got {text[:32]!r}")
    return int(text)


def _variety(given: Mapping[str, list[str]], usual: Variety) -> Variety:
    cap, strength = usual.cap, usual.strength
    if CAP in given:
        cap = _cap(whole(CAP, given[CAP][0]))
    if DIVERSITY in given:
        strength = _share(DIVERSITY, _decimal(DIVERSITY, given[DIVERSITY][0]))
    return Variety(cap, strength)


def _cap(value: int) -> int:
    if not 0 <= value <= MAX_CAP:
        raise bad(CAP, f"expected a number from 0 (no limit) to {MAX_CAP:,}, got {value}")
    return value


def _share(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:  # NaN is not either
        raise bad(name, f"expected a number from 0 to 1, got {value}")
    return value


def _decimal(name: str, text: str) -> float:
    if not (len(text) <= 18 and _plain_decimal(text)):
        raise bad(name, f"expected a number from 0 to 1, got {text[:32]!r}")
    return float(text)


def _boolean(name: str, text: str) -> bool:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise bad(name, f"expected true or false, got {text[:32]!r}")
    return value


def _category(text: str) -> str:
    if not text or len(text) > 16_384:
        raise bad("category", "expected the name of a category")
    return text


def _few(name: str, values: Collection[Any], limit: int) -> None:
    if len(values) > limit:
        raise bad(name, f"at most {limit:,} are taken, got {len(values):,}")


def _some(name: str, values: Collection[Any], limit: int) -> None:
    if not values:
        raise bad(name, "the list is empty")
    _few(name, values, limit)
