"""What the demo says: the live line, the welcome, calls to try, and the last words."""

import shlex
from typing import Final
from urllib.parse import quote

from cli.demo.reports import Figures
from contracts.wording import counted

TROUBLE_CHARS: Final = 100


def line_of(figures: Figures) -> str:
    """Return the live line.

    >>> line_of(Figures(events_rate=199.6, fresh_p50=8.2, fresh_p99=31.4, applied=120, lag_ms=9))
    '200 events/s | fresh in 8 ms (p50), 31 ms (p99) | 0 recommendations/s | 120 applied, lag 9 ms'
    """
    fresh = "fresh in -"
    if figures.fresh_p50 is not None and figures.fresh_p99 is not None:
        fresh = f"fresh in {figures.fresh_p50:.0f} ms (p50), {figures.fresh_p99:.0f} ms (p99)"
    lag = "unknown" if figures.lag_ms is None else f"{figures.lag_ms:,} ms"
    parts = [
        f"{figures.events_rate:,.0f} events/s",
        fresh,
        f"{figures.answers_rate:,.0f} recommendations/s",
        f"{figures.applied:,} applied, lag {lag}",
    ]
    if figures.hits:
        rates = ", ".join(f"{name} {rate:.0%}" for name, rate in figures.hits.items())
        parts.append(f"next item hit: {rates}")
    if figures.triggers is not None:
        parts.append(counted(figures.triggers, "trigger"))
    if figures.online is not None:
        parts.append(f"{figures.online:,} online")
    if figures.troubles:
        last = figures.last_trouble[:TROUBLE_CHARS]
        parts.append(f"{counted(figures.troubles, 'trouble')}, last: {last}")
    return " | ".join(parts)


def welcome(url: str, people: str) -> str:
    """Return what is said once all of it serves; `people` says whose events they are."""
    return "\n".join(
        (
            "",
            f"  {people}",
            "",
            f"  live page      {url}/",
            f"  demo shop      {url}/shop",
            f"  API            {url}",
            f"  documentation  {url}/docs",
            f"  for operators  {url}/v1/stats  {url}/metrics",
            "  Ctrl-C stops all of it.",
            "",
        )
    )


def examples(url: str, user: str, item: str) -> str:
    """Return calls to try, about somebody whom the engine knows.

    >>> print(examples("http://127.0.0.1:8000", "ada 1", "oak-tray").splitlines()[1])
      curl -s 'http://127.0.0.1:8000/v1/users/ada%201/recommendations?n=5'
    """
    person, thing = quote(user, safe=""), quote(item, safe="")
    paths = (
        f"/v1/users/{person}/recommendations?n=5",
        f"/v1/users/{person}/profile",
        f"/v1/users/{person}/scores",
        f"/v1/items/{thing}/similar",
        "/v1/trending",
        f"/v1/rules?item={thing}",
        "/v1/concepts?n=5",
        "/v1/segments",
    )
    calls = [f"  curl -s {shlex.quote(url + path)}" for path in paths]
    decide = shlex.quote(f"{url}/v1/users/{person}/decide")
    calls.append(f"""  curl -s {decide} -d '{{"placement": "shop", "explain": true}}'""")
    return "\n".join(("Try, in another terminal:", *calls, ""))


def summary(figures: Figures) -> str:
    """Return the last words.

    >>> print(summary(Figures(accepted=10, applied=9, duplicate=1, answers=3)))
    10 events accepted; the engine has applied 9, and found 1 duplicate; 3 recommendations given
    """
    text = f"{counted(figures.accepted, 'event')} accepted"
    if figures.refused:
        text += f", {figures.refused:,} refused"
    if figures.waiting:
        text += f", {figures.waiting:,} without an answer in time"
    text += f"; the engine has applied {figures.applied:,}"
    if figures.applied > figures.accepted:
        text += " in all"  # in a folder that was kept, or after the shoppers started again
    if figures.duplicate:
        text += f", and found {counted(figures.duplicate, 'duplicate')}"
    if figures.others:
        text += f", and rejected or withheld {figures.others:,}"
    if not figures.settled:
        text += "; the last ones were still on their way"
    text += f"; {counted(figures.answers, 'recommendation')} given"
    if figures.fresh_p50 is not None and figures.fresh_p99 is not None:
        text += (
            f"; in the last minute fresh in {figures.fresh_p50:.0f} ms (p50), "
            f"{figures.fresh_p99:.0f} ms (p99)"
        )
    return text
