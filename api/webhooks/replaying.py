"""The lane of a courier that delivers again: a range of the stream, or dead letters."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from api.webhooks.courier import IDLE_SECONDS, Courier
from api.webhooks.letters import Letter
from contracts.subscriptions import DeadLetter, Position, Replay, marks_of
from storage.lease import Command
from storage.trigger_log import Record, TriggerLog

PAGE: Final = 100


class Replays:
    """Delivers what `replay` asks for, the oldest request first, beside what is new.

    What fails waits for another attempt as anything does.
    """

    def __init__(self, courier: Courier, log: TriggerLog) -> None:
        self._courier = courier
        self._log = log

    async def turn(self) -> float:
        """Take a turn with the oldest replay; return how long to rest (s)."""
        courier = self._courier
        if not courier.health.room(courier.clock()):
            return IDLE_SECONDS
        asked = await courier.delivery.replays()
        if not asked:
            return IDLE_SECONDS
        await (self._dead if asked[0].dead else self._kept)(asked[0])
        return 0.0

    async def _kept(self, replay: Replay) -> None:
        courier, end = self._courier, Position.parse(replay.end)
        before = f"{replay.after - 1}-{(1 << 64) - 1}" if replay.after else "0-0"
        start = Position(replay.cursor or before, -1)
        page = await self._log.read(courier.subscription.site, start, PAGE)
        inside = [one for one in page.records if _within(one.position, replay, end)]
        letters, at = self._wanted(inside, courier.health.room(courier.clock()))
        if letters:
            reached = replace(replay, cursor=at.id, sent=replay.sent + len(letters))
            await courier.deliver(letters, [courier.delivery.set_replay(reached)])
        elif len(inside) == PAGE:
            passed = replace(replay, cursor=at.id)
            await courier.write([courier.delivery.set_replay(passed)])
        else:
            await courier.write([courier.delivery.end_replay()])

    def _wanted(self, records: Sequence[Record], room: int) -> tuple[list[Letter], Position]:
        letters: list[Letter] = []
        at = Position("0-0", 0)
        for position, event in records:
            found = marks_of(event)
            if found is not None and self._courier.subscription.filter.wants(found[1]):
                if len(letters) == room:
                    break
                letters.append(Letter(found[0], event))
            at = position
        return letters, at

    async def _dead(self, replay: Replay) -> None:
        courier = self._courier
        found = await courier.delivery.dead(replay.cursor or "0-0", PAGE)
        taken = [pair for pair in found if replay.after <= pair[1].last < replay.before]
        taken = taken[: courier.health.room(courier.clock())]
        if not taken:
            passed = replace(replay, cursor=found[-1][0]) if len(found) == PAGE else None
            delivery = courier.delivery
            await courier.write([delivery.set_replay(passed) if passed else delivery.end_replay()])
            return
        reached = replace(replay, cursor=taken[-1][0], sent=replay.sent + len(taken))
        commands: list[Command] = [courier.delivery.set_replay(reached)]
        commands += [courier.delivery.raise_dead(id_) for id_, _ in taken]
        await courier.deliver([_letter(one) for _, one in taken], commands)


def _letter(dead: DeadLetter) -> Letter:
    return Letter(dead.id, bytes(dead.event))


def _within(position: Position, replay: Replay, end: Position) -> bool:
    return position.order[0] < replay.before and position.order <= end.order
