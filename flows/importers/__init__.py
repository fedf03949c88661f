"""Importers: the public data sets' own formats, turned into canonical events in time order.

>>> import tempfile
>>> from pathlib import Path
>>> folder = tempfile.TemporaryDirectory()
>>> file = Path(folder.name) / "UserBehavior.csv"
>>> _ = file.write_text("7,42,3,buy,1511544070\\n7,42,3,pv,1511540000\\n")
>>> detect(file)
'taobao'
>>> [(event.id, event.type, event.user) for event in read("taobao", file)]
[('taobao-000000002', 'view', '7'), ('taobao-000000001', 'purchase', '7')]
>>> folder.cleanup()
"""

from flows.importers.bad_lines import BadLine
from flows.importers.errors import ImporterError, NoFilesError, WrongFormatError
from flows.importers.importer import Importer
from flows.importers.mapped import importer_of
from flows.importers.mapping import Mapping
from flows.importers.registry import FORMATS, catalog, check_files, detect, read, read_all
from flows.importers.report import Report

__all__ = [
    "FORMATS",
    "BadLine",
    "Importer",
    "ImporterError",
    "Mapping",
    "NoFilesError",
    "Report",
    "WrongFormatError",
    "catalog",
    "check_files",
    "detect",
    "importer_of",
    "read",
    "read_all",
]
