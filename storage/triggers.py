"""Accepting triggers: each id once, and onto the stream of its site in the same step."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from redis.exceptions import NoScriptError, RedisError, ResponseError

from contracts.keys import (
    ACCEPTED_TTL_MS,
    LIVE,
    RELIEVED_KEY,
    SERVED_KEY,
    accepted_key,
    run_key,
    triggers_key,
)
from contracts.settings import RedisSettings
from storage.connection import classify, connect, place, translated
from storage.errors import Fenced
from storage.recent import Recent
from storage.scripts import load

MAX_TRIGGERS: Final = 200
"""Of one call: it holds up all readers, for a millisecond at most."""
STREAM_LENGTH: Final = 100_000
"""About how many triggers a site's stream keeps."""

_FENCED: Final = re.compile(r"FENCED (\d+)")


class Offered(NamedTuple):
    """A trigger that is to be accepted: `event` is its CloudEvent, empty if nobody is to get it.

    `kept` is remembered with the id, for whoever comes with the same id again.
    """

    site: str
    id: str
    event: bytes
    kept: bytes = b"1"


class TriggerStore:
    """Accepts triggers for one run of one namespace. Not for sharing between threads."""

    def __init__(
        self,
        settings: RedisSettings,
        namespace: str,
        run: int,
        served: str = LIVE,
        length: int = STREAM_LENGTH,
    ) -> None:
        """`served` is the namespace that is served as long as none was chosen.

        Raises `StoreRefused` if the settings are unusable; it connects at its first use.
        """
        self._recent = Recent[Sequence[Offered]]()
        self._client: Any = connect(settings, redis_connect_func=self._recent.on_connect)
        self._where = place(settings.url.get_secret_value())
        self._namespace = namespace
        self._run = run
        self._served = served
        self._length = length
        self._script = load("accept")

    def accept(self, triggers: Sequence[Offered]) -> list[bool] | None:
        """Accept triggers, in order; say of each whether it is new.

        None if the namespace is not the one that is served, nor was until a moment ago: then
        nothing was accepted, and nothing is to be delivered. Raises `Fenced`, `StoreUnavailable`
        (try all again: what was accepted is not accepted twice) or `StoreRefused`. Cost: about 4 us
        of our CPU a trigger.
        """
        new: list[bool] = []
        for first in range(0, len(triggers), MAX_TRIGGERS):
            part = triggers[first : first + MAX_TRIGGERS]
            size = sum(len(trigger.event) for trigger in part)
            answer = self._recent.write(part, size, self._call)
            if not answer:
                return None
            new += [bool(number) for number in answer]
        return new

    def refresh(self) -> None:
        """Accept again what was accepted of late, if the store may have lost it since.

        Raises as `accept` does.
        """
        with translated(self._where):
            self._recent.refresh(self._client.ping, self._call)

    def kept(self, triggers: Sequence[Offered]) -> list[bytes | None]:
        """Return what was kept with ids that were accepted; None where it is forgotten.

        Raises as `accept` does.
        """
        keys = [accepted_key(trigger.site, trigger.id) for trigger in triggers]
        with translated(self._where):
            return list(self._client.mget(keys)) if keys else []

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()

    def _call(self, triggers: Sequence[Offered]) -> list[int]:
        keys = [run_key(self._namespace), SERVED_KEY, RELIEVED_KEY, *_keys(triggers)]
        given = (self._run, self._namespace, self._served, ACCEPTED_TTL_MS, self._length)
        command = (len(keys), *keys, *given, *_given(triggers))
        try:
            try:
                answer = self._client.execute_command("EVALSHA", self._script.sha, *command)
            except NoScriptError:
                answer = self._client.execute_command("EVAL", self._script.text, *command)
        except ResponseError as error:
            fenced = _FENCED.search(str(error))
            if fenced is None:
                raise classify(error, self._where) from error
            raise Fenced(self._namespace, self._run, int(fenced[1])) from None
        except (RedisError, OSError) as error:
            raise classify(error, self._where) from error
        return list(answer)


def _keys(triggers: Sequence[Offered]) -> Iterator[str]:
    for trigger in triggers:
        yield accepted_key(trigger.site, trigger.id)
        yield triggers_key(trigger.site)


def _given(triggers: Sequence[Offered]) -> Iterator[bytes]:
    for trigger in triggers:
        yield trigger.event
        yield trigger.kept
