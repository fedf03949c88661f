"""`headrace diff A B`: what differs between the views of two namespaces."""

import json
import os
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import AsJson, ConfigFile, Redis, RunsDir
from contracts.settings import Settings


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A namespace, such as a replay's.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    examples: Annotated[int, typer.Option(min=0, help="Shown of each kind of view.")] = 5,
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare profiles, segments, recommendations and facts of two runs. Ends with 1 if any differ.

    Each kind of view is a line: `profile`, `standing` (scores, segment and latest facts of a
    person) and `voices` (what they said); `near` (what goes with an item), `top` (what leads),
    `weights` of the recommender, `segments`, `concept`, `catalog`, `contentment`, `feedback`;
    `model` (what models know of themselves) and `ends` (what became of the events).

    \b
    Examples:
      headrace diff replay test
      headrace diff live rebuilt --json
    """
    from cli.lock import LockedError
    from cli.store_access import check_runs, running_settings, store_of
    from cli.working import working
    from flows.diff import diff as compare
    from flows.diff import differs
    from storage.errors import StoreError
    from storage.redis_views import RedisViews

    settings = Settings.load(config, os.environ, {"data_dir": data_dir, "redis.url": redis})
    check_runs(settings)
    try:
        with working(f"comparing {a} and {b}"), store_of(running_settings(settings)) as store:
            views = RedisViews.open(store)
            kinds = compare(_some(views, a), _some(views, b), examples)
            views.close()
    except (StoreError, LockedError) as error:
        raise CommandError(str(error)) from error
    if as_json:
        print(json.dumps({kind: asdict(found) for kind, found in kinds.items()}, indent=2))
    else:
        _show(kinds, a, b)
    if differs(kinds):
        raise typer.Exit(1)


def _some(views: Any, namespace: str) -> Any:
    """Return the namespace's views; raise `WrongUseError` if there are none."""
    found = views.iterate(namespace)
    first = next(found, None)
    if first is None:
        raise WrongUseError(f"namespace {namespace!r} has no views in this store")
    yield first
    yield from found


def _show(kinds: dict[str, Any], a: str, b: str) -> None:
    print(f"{'view':10} {'same':>9} {'changed':>9} {'only in ' + a:>16} {'only in ' + b:>16}")
    for kind, found in kinds.items():
        print(
            f"{kind:10} {found.same:9,} {found.changed:9,} {found.only_in_a:16,}"
            f" {found.only_in_b:16,}"
        )
    for kind, found in kinds.items():
        for example in found.examples:
            print(f"\n{kind} {example['site']} {example['id']}")
            for field, (left, right) in example["changes"].items():
                print(f"  {field}: {_short(left)} | {_short(right)}")


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 100 else text[:97] + "..."
