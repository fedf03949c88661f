"""Waiting for a store that cannot be used: for as long as it takes, or until asked to stop."""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from flows.drain import Drain
from storage.errors import StoreUnavailable

LONGEST_WAIT_S: Final = 1.0

T = TypeVar("T")

logger = logging.getLogger(__name__)


class StoreWait:
    """Calls what may raise `StoreUnavailable` until it does not; `what` says who waits."""

    def __init__(self, drain: Drain, what: str) -> None:
        self._what = what
        self._drain = drain
        self._retrying = Retrying(
            retry=retry_if_exception_type(StoreUnavailable),
            wait=wait_random_exponential(multiplier=0.02, max=LONGEST_WAIT_S),
            stop=lambda _: drain.asked,
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        )

    def __call__(self, action: Callable[[], T]) -> T:
        """Return what the action does, once it does; raise what else it raises."""
        answer: T = self._retrying(action)
        if self._retrying.statistics["attempt_number"] > 1:
            logger.warning("%s are written again", self._what)
        return answer

    def _sleep(self, seconds: float) -> None:
        self._drain.wait(seconds)

    def _tell(self, state: RetryCallState) -> None:
        # Once an outage: at the first failure of a batch.
        if state.attempt_number == 1 and state.outcome is not None:
            logger.warning("%s wait for the store: %s", self._what, state.outcome.exception())
