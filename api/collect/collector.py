"""Takes posted events: reads them, hands them to the log, and answers once the log has them."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import Request, Response

from api.collect.body import read_body
from api.collect.connection import Record
from api.collect.log import Log, LogUnavailableError
from api.collect.metrics import CollectMetrics
from api.collect.pages import as_page
from api.collect.parsing import id_in, write_key_in
from api.collect.reading import Outcome, Reader, Take
from api.gate import admit
from api.problems import problem
from contracts.codec import dump_json, encode_json
from contracts.keys import CLICK_TOPIC, FEEDBACK_TOPIC, REJECTED_TOPIC
from contracts.logs import bind
from contracts.pseudonyms import Pseudonyms
from contracts.rejects import rejected
from contracts.tracing import Tracing

TOPICS: Final = (CLICK_TOPIC, FEEDBACK_TOPIC, REJECTED_TOPIC)
_EVENT_ID: Final = re.compile(rb'"(?:id|messageId)"\s*:\s*"([^"\\]{1,256})"')
BREATH: Final = 50
"""Messages of a batch that are read before other requests get their turn."""


def wall_clock() -> int:
    """Return the time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Collector:
    """The collector of one process. `take` serves every route."""

    def __init__(
        self,
        log: Log,
        metrics: CollectMetrics,
        max_batch_bytes: int,
        clock: Callable[[], int] = wall_clock,
        names: Pseudonyms | None = None,
    ) -> None:
        self._log = log
        self._metrics = metrics
        self._limit = max_batch_bytes
        self._clock = clock
        self._names = names or Pseudonyms()
        self.tracing: Tracing | None = None
        metrics.in_flight.set_function(lambda: log.in_flight)

    async def take(self, request: Request, read: Reader) -> Response:
        """Answer a posted body: 200 means that the broker acknowledged every accepted event."""
        received = self._clock()
        body = await read_body(request, self._limit)
        grant = admit(request, lambda: write_key_in(body))
        try:
            return await self.add(body, read, grant.site, request.url.path, grant.public, received)
        except Exception:
            _name_event(body)
            raise

    async def add(
        self,
        body: bytes,
        read: Reader,
        site: str,
        path: str,
        public: bool = False,
        received: int | None = None,
    ) -> Response:
        """Answer a body that came by `path`, of `site`; `public` says that a page sent it."""
        received = self._clock() if received is None else received
        good: list[Outcome] = []
        bad: list[Outcome] = []
        for outcome in read(body, site, received, self._taking(public)):
            (bad if outcome.error else good).append(outcome)
            if (len(good) + len(bad)) % BREATH == 0:
                await asyncio.sleep(0)
        records = [record for outcome in good for record in outcome.records]
        refused = [self._refusal(outcome, path, site, received) for outcome in bad]
        try:
            await self._append(records, refused, received)
        except LogUnavailableError as error:
            return self._unavailable(error)
        self._count(site, good, bad)
        return _answer(len(good), bad)

    def _taking(self, public: bool) -> Take:
        tokens = self._names.event
        return (lambda event: tokens(as_page(event))) if public else tokens

    async def _append(
        self, records: Sequence[Record], refused: Sequence[Record], received: int
    ) -> None:
        started = time.perf_counter()
        if self.tracing is not None:
            headers = self.tracing.headers()
            records = [record._replace(headers=headers) for record in records]
        await self._log.append([*records, *refused], received)
        self._metrics.ack_seconds.observe(time.perf_counter() - started)

    def _refusal(self, outcome: Outcome, path: str, site: str, received: int) -> Record:
        assert outcome.error is not None
        place = "" if outcome.at is None else f"[{outcome.at}]"
        record = rejected(
            outcome.error.reason,
            outcome.error.detail,
            f"http:{path}{place}",
            self._names.refused(site, outcome.raw),
            received,
            site,
        )
        return Record(REJECTED_TOPIC, site.encode(), encode_json(record))

    def _unavailable(self, error: LogUnavailableError) -> Response:
        self._metrics.unavailable.inc()
        again = "send it again with the same ids, for not all of it was acknowledged"
        return error.problem(again).response()

    def _count(self, site: str, good: Sequence[Outcome], bad: Sequence[Outcome]) -> None:
        if good:
            self._metrics.accepted.labels(site).inc(len(good))
        topics = Counter(record.topic for outcome in good for record in outcome.records)
        for topic, count in topics.items():
            self._metrics.written.labels(topic).inc(count)
        reasons = Counter(outcome.error.reason for outcome in bad if outcome.error)
        for reason, count in reasons.items():
            self._metrics.rejected.labels(reason).inc(count)


def _name_event(body: bytes) -> None:
    """Let the line that tells of a failure name the first event of the body, if it has an id."""
    found = _EVENT_ID.search(body)
    if found is not None:
        bind(event_id=found[1].decode("utf-8", "replace"))


def _answer(accepted: int, bad: Sequence[Outcome]) -> Response:
    listed = [_listed(outcome) for outcome in bad]
    if accepted or not bad:
        body = {"success": True, "accepted": accepted, "rejected": listed}
        return Response(dump_json(body), media_type="application/json")
    large = all(entry["reason"] == "too_large" for entry in listed)
    status, kind = (413, "too-large") if large else (400, "invalid-events")
    detail = listed[0]["detail"]
    if "index" in listed[0]:
        lead = f"none of the {len(listed):,} events is accepted; " if len(listed) > 1 else ""
        detail = f"{lead}event {listed[0]['index']}: {detail}"
    return problem(status, kind, detail, success=False, accepted=0, rejected=listed)


def _listed(outcome: Outcome) -> dict[str, Any]:
    assert outcome.error is not None
    entry: dict[str, Any] = {} if outcome.at is None else {"index": outcome.at}
    if (id_ := id_in(outcome.raw)) is not None:
        entry["id"] = id_
    return {**entry, "reason": outcome.error.reason, "detail": outcome.error.detail}
