"""Rows of a Parquet file as text cells, a batch at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from flows.importers.errors import ImporterError, WrongFormatError
from flows.importers.report import Progress
from flows.importers.source import lines

BATCH: Final = 16_384
MAGIC: Final = b"PAR1"


def is_parquet(file: Path) -> bool:
    """Whether a file starts as Parquet files do."""
    _, first = next(lines(file), (0, b""))
    return first.startswith(MAGIC)


def parquet_rows(
    file: Path, columns: Sequence[str], progress: Progress | None = None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield row numbers from 1 and the named columns as text; nothing is empty, times are ISO.

    A column that goes by several names is written `InvoiceNo|Invoice`; case does not count.
    Raises `ImporterError` when the file is damaged or pyarrow is not there.
    """
    try:
        import pyarrow as arrow  # optional: the extra `parquet`
        import pyarrow.parquet
    except ImportError:
        raise ImporterError(
            f"{file}: reading Parquet needs pyarrow; pip install 'headrace[parquet]'"
        ) from None
    number = 0
    try:
        size = file.stat().st_size
        with pyarrow.parquet.ParquetFile(file) as table:
            names = _names(file, columns, table.schema_arrow.names)
            total = max(1, table.metadata.num_rows)
            for batch in table.iter_batches(batch_size=BATCH, columns=names):
                # By index, since a batch keeps the file's order of columns.
                cells = [_texts(arrow, batch.column(name)) for name in names]
                for row in zip(*cells, strict=True):
                    number += 1
                    yield number, row
                if progress is not None:
                    progress(file, size * number // total, size)
    except ImporterError:
        raise
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ImporterError(f"{file}: cannot be read after row {number}: {error}") from None


def _names(file: Path, columns: Sequence[str], there: Sequence[str]) -> list[str]:
    by_name = {name.lower(): name for name in there}
    found = {
        column: next((by_name[a] for a in column.lower().split("|") if a in by_name), None)
        for column in columns
    }
    missing = [column for column, name in found.items() if name is None]
    if missing:
        raise WrongFormatError(
            f"{file}: expected the columns {', '.join(columns)}; it lacks {', '.join(missing)}; "
            f"it has {', '.join(there[:20])}"
        )
    return [name for name in found.values() if name is not None]


def _texts(arrow: Any, column: Any) -> list[str]:
    if arrow.types.is_timestamp(column.type):
        # Nanoseconds are more than a time can be read from.
        column = column.cast(arrow.timestamp("us", column.type.tz), safe=False)
    texts: list[str] = column.cast(arrow.string()).fill_null("").to_pylist()
    return texts
