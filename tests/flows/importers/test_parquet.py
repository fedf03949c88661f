"""Online Retail as Parquet: the same events as from the CSV file, whatever the column types."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from flows.importers import ImporterError, WrongFormatError, detect, read
from tests.flows.importers.samples import SAMPLES, lay_out, write


def table(unit: str, **columns: Any) -> Any:
    rows = list(csv.DictReader(io.StringIO(SAMPLES["online-retail"]["online_retail.csv"])))
    made: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    made["Quantity"] = arrow.array([int(row["Quantity"]) for row in rows])
    made["UnitPrice"] = arrow.array([float(row["UnitPrice"]) for row in rows])
    customers = [float(row["CustomerID"]) if row["CustomerID"] else None for row in rows]
    made["CustomerID"] = arrow.array(customers, arrow.float64())
    times = [datetime.strptime(row["InvoiceDate"], "%m/%d/%Y %H:%M") for row in rows]
    made["InvoiceDate"] = arrow.array(times, arrow.timestamp(unit))
    return arrow.table({**made, **columns})


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_it_reads_as_the_csv_file_does(unit: str, tmp_path: Path) -> None:
    file = tmp_path / "online_retail.parquet"
    parquet.write_table(table(unit), file)
    assert detect(file) == "online-retail"
    from_csv = list(read("online-retail", lay_out(tmp_path / "csv", "online-retail")))
    from_parquet = list(read("online-retail", file))
    for event in (*from_csv, *from_parquet):
        event.id = ""  # numbered by row here, by line there
    assert from_parquet == from_csv


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "online_retail.parquet"
    parquet.write_table(table("us").drop_columns(["StockCode"]), file)
    with pytest.raises(WrongFormatError, match="it lacks StockCode; it has InvoiceNo"):
        list(read("online-retail", file))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "online_retail.parquet"
    parquet.write_table(table("us"), file)
    write(file, file.read_bytes()[:-40])
    with pytest.raises(ImporterError, match="cannot be read after row 0"):
        list(read("online-retail", file))


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "online_retail.parquet"
    parquet.write_table(table("us"), file, compression="none", use_dictionary=False)
    write(file, file.read_bytes().replace(b"ORNAMENT", b"ORNAM\xf7NT"))
    with pytest.raises(ImporterError, match="cannot be read after row 0: 'utf-8' codec"):
        list(read("online-retail", file))


def test_columns_of_nested_values_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "online_retail.parquet"
    nested = arrow.array([{"a": [1]}] * 9)
    parquet.write_table(table("us", StockCode=nested), file)
    with pytest.raises(ImporterError, match="cannot be read"):
        list(read("online-retail", file))
