"""Who signs in: their campaigns wait until what those of the device knew has come over.

A device has a bucket of its own, so that what campaigns sent to it lies elsewhere than what they
send to the user that it turns out to be; and live, that comes when it comes. What happens to the
user meanwhile is put aside, in order, and is taken in as if it had come after. Both ways begin at
one event and lie in one epoch, at whose end nothing is put aside: there is nothing to save.
"""

from collections.abc import Iterator

from operators.campaigns.people import SENDS_KEPT, Watched
from operators.erased import IsGone
from operators.happenings import Handover, Happening, Joined, Moment

Person = tuple[str, str]
Turn = tuple[str, str, str, str]


class Joining:
    """What of some people is put aside, and what was handed over before it was waited for.

    >>> joining = Joining()
    >>> joined = Joined("shop", "ada", 0, 0, "device:d1", "e1")
    >>> handover = Handover("shop", "ada", 0, "device:d1", "e1", None, None)
    >>> [list(joining.ready(one)) for one in (joined, handover)] == [[], [handover]]
    True
    """

    def __init__(self) -> None:
        self._aside: dict[Person, list[Happening]] = {}
        self._early: dict[Turn, Handover] = {}

    def waits(self, site: str, user: str) -> bool:
        """Say whether something of a person is put aside."""
        return (site, user) in self._aside

    def ready(self, one: Happening) -> Iterator[Happening]:
        """Yield what may be taken in now; a handover comes where its user was joined."""
        person = _person(one)
        aside = self._aside.get(person)
        if isinstance(one, Handover):
            if aside is None or _turn(aside[0]) != _turn(one):
                self._early[_turn(one)] = one
                return
            yield one
            del self._aside[person]
            for later in aside[1:]:
                yield from self.ready(later)
        elif aside is not None:
            aside.append(one)
        elif not isinstance(one, Joined):
            yield one
        elif (handover := self._early.pop(_turn(one), None)) is not None:
            yield handover
        else:
            self._aside[person] = [one]

    def forget(self, gone: IsGone) -> None:
        """Forget people who are gone."""
        self._aside = {who: some for who, some in self._aside.items() if not gone(*who)}
        self._early = {turn: one for turn, one in self._early.items() if not gone(*turn[:2])}


def _person(one: Happening) -> Person:
    return (one.arrived.event.site if isinstance(one, Moment) else one.site), one.user


def _turn(one: Happening) -> Turn:
    assert isinstance(one, Joined | Handover)
    return one.site, one.user, one.device, one.event


def take_over(person: Watched, device: Watched) -> None:
    """Let what was sent to a device count as sent to a person.

    Of somebody to whom nothing was sent yet, the device goes on saying which groups they are in:
    who is the same person stays in the same group.
    """
    if device.fired and not person.fired and not person.origin:
        person.origin = device.origin or device.id
    person.checked = max(person.checked, device.checked)
    person.seen = max(person.seen, device.seen)
    for campaign, time in device.fired.items():
        person.fired[campaign] = max(time, person.fired.get(campaign, time))
    person.sends = sorted([*person.sends, *device.sends])[-SENDS_KEPT:]
    waiting = {one.campaign for one in person.waiting}
    person.waiting += [one for one in device.waiting if one.campaign not in waiting]
