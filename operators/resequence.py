"""Put a replay's rounds back together, so that racing workers cannot change what is learnt.

In a replay every sender sends one message in every round, an empty one if need be. A receiver
waits until all `senders` messages of the next round are there, and then has the whole round to
put in order. Live messages (`LIVE_ROUND`) pass at once: live traffic does not wait.
"""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from contracts.codec import pack
from operators.messages import LIVE_ROUND


class HasRound(Protocol):
    """A message of a round."""

    @property
    def round(self) -> int:
        """The round's number, or `LIVE_ROUND`."""
        ...


R = TypeVar("R", bound=HasRound)


class Resequence(Generic[R]):
    """Collects one receiver's messages by round; `Durable`.

    `type_` is the message's class, or a union of them, that packed messages decode as. Holds
    the messages of incomplete rounds only: at most as many rounds as are under way at once.
    """

    def __init__(self, senders: int, type_: type[R]) -> None:
        self._senders = senders
        list_of: Any = list[type_]  # type: ignore[valid-type]
        self._decoder: msgspec.msgpack.Decoder[list[R]] = msgspec.msgpack.Decoder(list_of)
        self._waiting: dict[int, list[R]] = {}
        self._next = 0

    def on_batch(self, messages: Sequence[R]) -> list[list[R]]:
        """Return the rounds that became complete, in order, each as its messages."""
        complete = []
        for message in messages:
            if message.round == LIVE_ROUND:
                complete.append([message])
            else:
                self._waiting.setdefault(message.round, []).append(message)
        while len(self._waiting.get(self._next, ())) == self._senders:
            complete.append(self._waiting.pop(self._next))
            self._next += 1
        return complete

    def dump(self, *, full: bool) -> bytes:  # small: always whole
        """Return what waits."""
        waiting = [message for messages in self._waiting.values() for message in messages]
        return pack((self._next, pack(waiting)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what waits."""
        if not parts:
            return
        self._next, raw = msgspec.msgpack.decode(parts[-1], type=tuple[int, bytes])
        self._waiting = {}
        for message in self._decoder.decode(raw):
            self._waiting.setdefault(message.round, []).append(message)
