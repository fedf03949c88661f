"""`headrace export`: views as Parquet tables, for notebooks and warehouses."""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, Redis, RunsDir
from contracts.keys import LIVE
from contracts.settings import Settings
from contracts.wording import counted

ROWS = 50_000
STEP = 1_000
NAMES = "people, interests, recents, scores, segments"


def export(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=f"One of: {NAMES}.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The Parquet file.")],
    namespace: Annotated[str, typer.Option(help="Of the views, such as a replay's.")] = LIVE,
    data_dir: RunsDir = None,
    redis: Redis = None,
    config: ConfigFile = None,
) -> None:
    """Write what is known of people to a Parquet file, a row each; times are UTC.

    It may be run beside a running engine: each person is as of the moment that they were read.
    The file holds personal data. Without consent to it nobody is left out: see `consent`.

    \b
    Tables:
      people     counts, orders, satisfaction, consent, stage
      interests  categories, brands and tags of a person, with weights
      recents    the last items that a person touched
      scores     what models expect of a person, with bounds
      segments   who belongs to which segment, and since when

    \b
    Examples:
      headrace export people -o people.parquet
      headrace export scores -o scores.parquet --namespace replay
    """
    from rich.console import Console

    from cli.lock import LockedError
    from cli.store_access import check_runs, running_settings, store_of
    from storage.errors import StoreError
    from storage.redis_views import RedisViews
    from storage.tables import TABLES, rows_of

    if table not in TABLES:
        raise WrongUseError(f"there is no table {table!r}; there are: {', '.join(TABLES)}")
    if not output.parent.is_dir() or output.is_dir():
        raise WrongUseError(f"{output}: expected a file in a folder that exists")
    arrow = _arrow()
    settings = Settings.load(config, os.environ, {"data_dir": data_dir, "redis.url": redis})
    check_runs(settings)
    try:
        with store_of(running_settings(settings)) as store:
            views = RedisViews.open(store)
            rows = rows_of(TABLES[table], views.iterate(namespace))
            with Console(stderr=True).status(f"writing {table}") as status:
                told = _told(rows, lambda done: status.update(f"{counted(done, 'row')} of {table}"))
                written = _written(arrow, output, TABLES[table].columns, told)
            views.close()
    except (StoreError, LockedError) as error:
        raise CommandError(str(error)) from error
    print(f"{counted(written, 'row')} to {output}")


def _told(rows: Iterator[Any], tell: Callable[[int], None]) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if not number % STEP:
            tell(number)
        yield row


def _written(arrow: Any, output: Path, columns: dict[str, str], rows: Iterator[Any]) -> int:
    """Write rows; the file appears under its name only once it is complete."""
    types = {
        "str": arrow.string(),
        "int": arrow.int64(),
        "float": arrow.float64(),
        "bool": arrow.bool_(),
        "strs": arrow.list_(arrow.string()),
        "time": arrow.timestamp("ms", tz="UTC"),
    }
    schema = arrow.schema([(name, types[kind]) for name, kind in columns.items()])
    part = output.with_name(f"{output.name}.part")
    count = 0
    try:
        with arrow.parquet.ParquetWriter(part, schema, compression="zstd") as file:
            while batch := list(islice(rows, ROWS)):
                cells = [
                    arrow.array(column, type=field.type)
                    for column, field in zip(zip(*batch, strict=True), schema, strict=True)
                ]
                file.write_table(arrow.Table.from_arrays(cells, schema=schema))
                count += len(batch)
        os.replace(part, output)
    except OSError as error:
        raise CommandError(f"{output}: cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    return count


def _arrow() -> Any:
    try:
        import pyarrow  # optional: the extra `parquet`
        import pyarrow.parquet
    except ImportError:
        raise CommandError(
            "writing Parquet needs pyarrow: pip install 'headrace[parquet]'"
        ) from None
    return pyarrow
