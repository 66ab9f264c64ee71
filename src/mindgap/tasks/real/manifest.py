"""A table of one's own, CSV or Parquet.

Columns: `id`, `label` (empty: unlabelled), optionally `group` and `split` (pool or test), and the
modalities: a column of paths, of texts, of lists or of numbers, or several columns `NAME.1`,
`NAME.2`, ... of numbers. An empty cell is a missing modality, and so is a group of columns that are
all empty.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.own import Own
from mindgap.tasks.real.table import Asked, Table, samples

#: Bytes that a row may have.
LONGEST = 2**26


def read(path: Path, asked: Asked | None = None) -> tuple[Own, list[str]]:
    """The samples of a manifest, and a sentence for what was left out or couldn't be read.

    Raises:
        InvalidData: says which column, row or sample is wrong.
    """
    return samples(Table(path.name, _columns(path), root=path.parent), asked or Asked())


def _columns(path: Path) -> pa.Table:
    if path.is_dir():
        raise MindgapError(f"{path} is a folder; a manifest is one file, CSV or Parquet")
    if not path.is_file():
        raise MindgapError(f"there is no file {path}")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise InvalidData(f"{path.name} is no .csv or .parquet file; save the table as one of them")
    try:
        table = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    except UnicodeDecodeError:
        raise InvalidData(f"{path.name} isn't UTF-8: save it as such") from None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, csv.Error) as error:
        why = str(error).splitlines()[0]
        if "invalid UTF8" in why:
            raise InvalidData(f"{path.name} isn't UTF-8: save it as such") from None
        raise InvalidData(f"{path.name} is no table that can be read: {why}") from None
    except OSError as error:
        why = error.strerror or str(error).splitlines()[0]
        raise InvalidData(f"{path.name} can't be read: {why}") from None
    return table


def _parquet(path: Path) -> pa.Table:
    file = pa.parquet.ParquetFile(path)
    _different(path, file.schema_arrow.names)
    return file.read()


def _different(path: Path, names: list[str]) -> None:
    for place, name in enumerate(names):
        if not name.strip():
            raise InvalidData(
                f"{path.name}: column {place + 1} has no name; name it, or leave it out"
            )
        if name in names[:place]:
            raise InvalidData(f"{path.name} has two columns {name!r}")


def _csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = next(csv.reader(file), [])
    if not head:
        raise InvalidData(f"{path.name} is empty; its first line has the columns' names")
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(head) == 1 and separator in head[0]:
            raise InvalidData(f"{path.name} has {name} between its columns; save it with commas")
    _different(path, head)
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(head, pa.string()), strings_can_be_null=False
    )
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    read = pa.csv.ReadOptions(block_size=LONGEST)
    return pa.csv.read_csv(path, read, parse, convert)
