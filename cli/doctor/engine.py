"""How a running engine is: lag, checkpoints, refusals, the guards of its models."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli.asking import LAG_MS, NotToldError, asked
from cli.doctor.finding import Finding, fail, ok, warn
from cli.errors import CommandError
from cli.retrying import url_of
from contracts.settings import Settings
from contracts.wording import counted

AREA: Final = "engine"
MODELS: Final = "models"
MISSED_EPOCHS: Final = 6
REFUSED_SHARE: Final = 0.01


def check_engine(
    settings: Settings, url: str | None, key: str, site: str | None
) -> Iterator[Finding]:
    """Yield what the API at `url`, else the one of the settings, tells of the engine."""
    try:
        found = asked(settings, url, key, site)
    except NotToldError as error:
        yield warn(AREA, "reach", f"it answers, and tells no figures: {error}", "--key or --site")
        return
    except CommandError as error:
        if url is None:
            text = f"no API answers at {url_of(settings)}, so that nothing is said of models"
            yield warn(AREA, "reach", text, "headrace up; or --url, where it is elsewhere")
        else:
            yield fail(AREA, "reach", str(error), "start it, or give another --url")
        return
    text = f"the API at {found['url']} answers"
    if url is None and not found["ours"]:
        text += f"; nothing runs in {settings.data_dir.resolve()}, so what follows may be another's"
    yield ok(AREA, "reach", text)
    yield from engine_judged(found["ready"], found["stats"])
    if found["workers"] is not None:
        yield workers_judged(**found["workers"])
    if (age := found["checkpoint_age_seconds"]) is not None:
        yield checkpoint_judged(age, settings.flow.epoch_seconds)
    yield from models_judged(found["stats"]["models"])


def engine_judged(ready: Mapping[str, Any], stats: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what `/readyz` and `/v1/stats` tell."""
    state = ready["status"]
    if state == "ready":
        yield ok(AREA, "state", "the API is ready")
    else:
        mend = "see what is said of the store above, and logs/api.log of the data folder"
        yield fail(AREA, "state", f"the API is {state}", mend)
    if ready.get("rules", "ok") != "ok":
        mend = "mend the file; what was read before stays in force"
        yield warn(AREA, "rules", f"merchandising rules: {ready['rules']}", mend)
    yield _lag(stats["lag_ms"])
    if "events" in stats:
        yield _refused(stats["events"])


def workers_judged(heard: int, of: int) -> Finding:
    """Return what is to be said of the workers that told of themselves within 5 s."""
    text = f"{heard} of {of} workers were heard of within 5 s"
    mend = "is the flow running? The last lines of logs/worker-*.log say what stopped it"
    if not heard:
        return fail(AREA, "workers", text, mend)
    return ok(AREA, "workers", text) if heard >= of else warn(AREA, "workers", text, mend)


def checkpoint_judged(age: float, epoch: float) -> Finding:
    """Return what is to be said of the last snapshot's age (s)."""
    text = f"the last snapshot was written {age:,.0f} s ago"
    if age <= MISSED_EPOCHS * max(epoch, 5):
        return ok(AREA, "checkpoint", text)
    mend = "is the flow running? Its logs are logs/worker-*.log of the data folder"
    return fail(AREA, "checkpoint", text, mend)


def models_judged(sites: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield what the guards of the models counted."""
    troubled = 0
    for site, models in sorted(sites.items()):
        for name, told in sorted(models.items()):
            counts = {what: told.get(what, 0) for what in ("errors", "rollbacks", "restarts")}
            if any(counts.values()):
                troubled += 1
                told = (counted(count, what[:-1]) for what, count in counts.items() if count)
                text = ", ".join(told)
                mend = "its lines in logs/worker-*.log say what it was given; `headrace replay` of"
                mend += " that range repeats it"
                yield warn(MODELS, name, f"{site}/{name}: {text}", mend)
    if not troubled:
        count = sum(map(len, sites.values()))
        yield ok(MODELS, "guards", f"no guard of {counted(count, 'model')} had to step in")


def _lag(lag: float | None) -> Finding:
    if lag is None:
        return ok(AREA, "lag", "nothing was read yet")
    text = f"the views are {lag:,} ms behind the log"
    if lag <= LAG_MS:
        return ok(AREA, "lag", text)
    mend = "does the flow run? If so it is too slow: more flow.workers, or fewer flow.families"
    return warn(AREA, "lag", text, mend)


def _refused(events: Mapping[str, Any]) -> Finding:
    ended, reasons = events.get("ended", 0), events.get("rejected", {})
    refused = sum(reasons.values())
    why = ", ".join(f"{name} {count:,}" for name, count in sorted(reasons.items()))
    text = f"the flow refused {refused:,} of {counted(ended, 'event')} that it read"
    text += f": {why}" if why else ""
    if refused <= REFUSED_SHARE * ended:
        text += "; `headrace rejects list` has also what the collector refused"
        return ok(AREA, "refused", text)
    mend = "`headrace rejects list` says what is wrong with them, and what the collector refused"
    return warn(AREA, "refused", text, mend)
