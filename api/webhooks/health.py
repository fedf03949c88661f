"""How a receiver is doing, and so what may be sent to it now. No clock: times are arguments (ms).

A receiver that fails again and again is spared: triggers stay in the stream, which holds many
more than could wait here one by one, and one is let through now and then to see whether it is back.
"""

from typing import Any, Final

from api.webhooks.schedule import HOUR, MINUTE, SECOND
from api.webhooks.sending import GONE, Outcome
from contracts.subscriptions import Progress

BATCH: Final = 8
"""Triggers that are under way to one receiver at a time, of each lane."""
SPARED_AFTER: Final = 20
"""Failures in a row."""
FIRST_PROBE_MS: Final = 5 * SECOND
LAST_PROBE_MS: Final = 5 * MINUTE
DISABLED_AFTER_MS: Final = 120 * HOUR
FORGOTTEN_AFTER_MS: Final = 30 * HOUR
"""After a failure with none to follow, which is longer than attempts are apart, failing is over."""


class Health:
    """The health of one receiver, from what is known of it.

    `enable`, `succeeded` and `failed` return the fields of its progress that change.
    """

    def __init__(self, progress: Progress) -> None:
        self.failing_since = progress.failing_since
        self.paused_until = progress.paused_until
        self.disabled = progress.disabled
        self._last_failure = progress.last_failure
        self._enabled = 0
        self._streak = 0
        self._probes = 0
        self._probe_at = 0

    def enable(self, enabled: int) -> dict[str, Any]:
        """Note when it was last switched on; if that is news, it starts anew."""
        self._enabled = enabled
        if not self.disabled or self.off:
            return {}
        self.disabled = self.failing_since = self.paused_until = 0
        self._streak = self._probes = 0
        return {"disabled": 0, "disabled_why": "", "failing_since": 0, "paused_until": 0}

    @property
    def off(self) -> bool:
        """Whether delivery gave up, and nobody has switched it on since."""
        return self.disabled > self._enabled

    @property
    def spared(self) -> bool:
        """Whether it failed so often in a row that it gets a trigger now and then only."""
        return self._streak >= SPARED_AFTER

    def may_retry(self, now: int) -> bool:
        """Tell whether what waits may be sent."""
        return not self.off and now >= self.paused_until

    def room(self, now: int) -> int:
        """Return how many new triggers may be sent."""
        if not self.may_retry(now):
            return 0
        if not self.spared:
            return BATCH
        return 1 if now >= self._probe_at else 0

    def succeeded(self, now: int) -> dict[str, Any]:
        """Note that it took a trigger."""
        self._streak = self._probes = 0
        self.failing_since = 0
        return {"last_success": now, "failing_since": 0}

    def failed(self, now: int, outcome: Outcome) -> dict[str, Any]:
        """Note that it did not."""
        if not self.failing_since or now - self._last_failure > FORGOTTEN_AFTER_MS:
            self.failing_since = now
        self._last_failure = now
        self._streak += 1
        if self.spared and now >= self._probe_at:
            pause = min(FIRST_PROBE_MS * 2 ** min(self._probes, 10), LAST_PROBE_MS)
            self._probes += 1
            self._probe_at = now + pause
        changed: dict[str, Any] = {
            "last_failure": now,
            "last_error": outcome.error,
            "failing_since": self.failing_since,
        }
        if outcome.retry_after is not None:
            self.paused_until = max(self.paused_until, now + int(outcome.retry_after * 1_000))
            changed["paused_until"] = self.paused_until
        return changed | self._given_up(now, outcome)

    def _given_up(self, now: int, outcome: Outcome) -> dict[str, Any]:
        if outcome.status == GONE:
            why = f"the receiver answered {GONE}: it wants no more"
        elif now - self.failing_since >= DISABLED_AFTER_MS:
            why = f"it took nothing for {DISABLED_AFTER_MS // HOUR} hours: {outcome.error}"
        else:
            return {}
        self.disabled = max(now, self._enabled + 1)
        return {"disabled": self.disabled, "disabled_why": why}
