"""When a person's timers are due: quiet that lasted long enough, anniversaries, quiet hours over.

No timer is set: when one is due follows from what is remembered. `checked` says up to when they
have fired, so none fires twice, whatever restarts.
"""

from contracts.local_time import UTC_ZONE, next_anniversary, next_birthday
from operators.campaigns.look import Timer
from operators.campaigns.people import Watched
from operators.campaigns.rules import Needs

WAITED = "waited"


def due_timers(person: Watched, needs: Needs, until: int) -> list[Timer]:
    """Return the timers that are due after `person.checked` and up to `until`, in order."""
    found = [timer for timer in _all(person, needs) if person.checked < timer.due <= until]
    found.sort(key=lambda timer: (timer.due, str(timer.key), timer.cause))
    return found


def next_due(person: Watched, needs: Needs) -> int | None:
    """Return when the next timer is due, or None."""
    dues = [timer.due for timer in _all(person, needs) if timer.due > person.checked]
    return min(dues, default=None)


def _all(person: Watched, needs: Needs) -> list[Timer]:
    found: list[Timer] = []
    for function, group, after in needs.quiets:
        key = (function, group, after)
        if function == "quiet":
            last = person.last.get(group)
            if last is not None:
                found.append(Timer(last.time + after, key, last, f"{last.id}+{after}"))
        else:
            found += [
                Timer(last.time + after, key, last, f"{last.id}+{after}")
                for last in person.items.get(group, {}).values()
            ]
    for occasion in needs.occasions:
        due = _anniversary(person, occasion)
        if due is not None:
            found.append(Timer(due, ("anniversary", occasion), None, f"{occasion}@{due}"))
    return found + [
        Timer(waiting.due, (WAITED, waiting.campaign), None, waiting.cause)
        for waiting in person.waiting
    ]


def _anniversary(person: Watched, occasion: str) -> int | None:
    zone = person.zone or UTC_ZONE
    if occasion == "first_order":
        first = person.first_order
        return next_anniversary(first, person.checked, zone) if first else None
    date = person.traits.get(occasion)
    return next_birthday(date, person.checked, zone) if isinstance(date, str) else None
