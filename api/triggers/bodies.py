"""What is posted about subscriptions, checked; a problem names the field."""

from typing import Final, TypeVar

from fastapi import Request
from msgspec import Struct

from api.collect.body import read_body
from api.serve.asking import bad, decoded
from api.triggers.naming import check_filter
from api.webhooks.targets import RefusedTargetError, Targets
from contracts.subscriptions import Delivery, Filter

MAX_BODY: Final = 65_536
MAX_NAME: Final = 256
MAX_OVERLAP_HOURS: Final = 24 * 30
LATEST_MS: Final = 1 << 53

T = TypeVar("T", bound=Struct)


class SubscriptionBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a subscription is made of, or changed to."""

    delivery: Delivery
    name: str = ""
    url: str | None = None
    filter: Filter = Filter()

    def check(self, targets: Targets) -> None:
        """Raise a 400 that names the field that is wrong."""
        if len(self.name) > MAX_NAME or not self.name.isprintable():
            raise bad("name", f"expected at most {MAX_NAME} printable characters")
        for field in ("campaigns", "segments", "types"):
            check_filter(f"filter.{field}", field, getattr(self.filter, field))
        if self.delivery == "pull":
            if self.url is not None:
                raise bad("url", "is for webhooks; a subscription that is pulled has none")
            return
        if self.url is None:
            raise bad("url", "is missing: where a webhook is to be posted to")
        try:
            targets.check_url(self.url)
        except RefusedTargetError as error:
            raise bad("url", str(error)) from None


class RotateBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """How long the secret that is replaced still signs."""

    overlap_hours: float = 24.0

    def check(self) -> None:
        """Raise a 400."""
        if not 0 <= self.overlap_hours <= MAX_OVERLAP_HOURS:
            raise bad("overlap_hours", f"expected a number from 0 to {MAX_OVERLAP_HOURS}")


class ReplayBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which range is to be delivered once more: epoch ms, of when triggers were accepted.

    With `dead`, dead letters of which the last attempt was in the range.
    """

    after: int = 0
    before: int = LATEST_MS
    dead: bool = False

    def check(self) -> None:
        """Raise a 400."""
        if not 0 <= self.after < self.before <= LATEST_MS:
            raise bad("before", "expected epoch milliseconds, later than `after`")


async def body_of(request: Request, type_: type[T]) -> T:
    """Return what was posted; raise a 400 or a 413. An empty body is an empty object."""
    return decoded(await read_body(request, MAX_BODY), type_)
