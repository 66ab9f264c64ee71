"""A table of one's own, CSV or Parquet, read into a data set.

Columns: `id`, `label` (empty: unlabelled), optionally `group` and `split` (pool or test), and the
modalities: a column of paths, of texts or of numbers, or several columns `NAME.1`, `NAME.2`, ... of
numbers. An empty cell is a missing modality, and so is a group of columns that are all empty.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from mindgap.errors import InvalidData, MindgapError, unknown
from mindgap.tasks.real.contents import READERS, texts
from mindgap.tasks.real.own_data import Own

ID, LABEL, GROUP, SPLIT = SPECIAL = ("id", "label", "group", "split")

#: How many faults are told.
TOLD = 10


def read(
    path: Path, modalities: Sequence[str] = (), skip_unreadable: bool = False
) -> tuple[Own, list[str]]:
    """The samples of a manifest, and a sentence for every file that couldn't be read.

    Args:
        modalities: names of those to read; all columns but the special ones if left out.
        skip_unreadable: whether such a file is a missing modality; a sample with nothing else
            is left out.

    Raises:
        InvalidData: says which column, row or sample is wrong.
    """
    table = _table(path)
    for name in (ID, LABEL):
        if name not in table.column_names:
            raise InvalidData(f"{path.name} has no column {name!r}")
    columns = _modalities(table.column_names)
    for name in modalities:
        if name not in columns:
            raise InvalidData(f"{path.name}: {unknown('modality', name, columns)}")
    columns = {name: columns[name] for name in modalities or columns}
    if not columns:
        raise InvalidData(f"{path.name} has no modality: a column beside {', '.join(SPECIAL)}")
    ids = _texts(table[ID])
    for row, text in enumerate(ids):
        if not text:
            raise InvalidData(f"{path.name}: row {row + 1} has no id")
    unreadable: list[str] = []
    arrays, observed = {}, []
    for name, parts in columns.items():
        arrays[name], there = _modality(table, name, parts, ids, path, unreadable)
        observed.append(there)
    if unreadable and not skip_unreadable:
        listed = "\n".join(unreadable[:TOLD])
        more = f"\nand {len(unreadable) - TOLD} more" if len(unreadable) > TOLD else ""
        raise InvalidData(
            f"{len(unreadable)} files can't be read; mend them, or take them for missing with "
            f"--skip-unreadable\n{listed}{more}"
        )
    there = np.stack(observed, axis=1)
    kept = there.any(axis=1) if unreadable else np.ones(len(ids), dtype=bool)
    labels = _texts(table[LABEL])
    classes = tuple(sorted({text for text in labels if text}))
    number = {text: i for i, text in enumerate(classes)}
    own = Own(
        {name: x[kept] for name, x in arrays.items()},
        there[kept],
        np.array([number.get(text, -1) for text in labels], dtype=np.int64)[kept],
        classes,
        np.array(ids)[kept],
        _groups(table, path, ids)[kept] if GROUP in table.column_names else None,
        _split(table, path, ids)[kept] if SPLIT in table.column_names else None,
    )
    return own, unreadable


def _table(path: Path) -> pa.Table:
    if not path.is_file():
        raise MindgapError(f"there is no file {path}")
    try:
        if path.suffix == ".parquet":
            return pa.parquet.read_table(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = next(csv.reader(file), [])
        if len(set(head)) < len(head):
            twice = next(name for name in head if head.count(name) > 1)
            raise InvalidData(f"{path.name} has two columns {twice!r}")
        convert = pa.csv.ConvertOptions(
            column_types=dict.fromkeys(head, pa.string()), strings_can_be_null=False
        )
        parse = pa.csv.ParseOptions(newlines_in_values=True)
        return pa.csv.read_csv(path, parse_options=parse, convert_options=convert)
    except UnicodeDecodeError:
        raise InvalidData(f"{path.name} isn't UTF-8: save it as such") from None
    except (pa.ArrowInvalid, csv.Error) as error:
        why = str(error).splitlines()[0]
        raise InvalidData(f"{path.name} is no table that can be read: {why}") from None


def _modalities(names: Sequence[str]) -> dict[str, list[str]]:
    """Modality -> its columns, in the table's order."""
    found: dict[str, list[str]] = {}
    for name in names:
        if name not in SPECIAL:
            stem, dot, _ = name.partition(".")
            found.setdefault(stem if dot else name, []).append(name)
    return found


def _texts(column: pa.ChunkedArray) -> list[str]:
    """As texts, "" where nothing is."""
    texts: list[str] = pc.fill_null(pc.cast(column, pa.string()), "").to_pylist()
    return [text.strip() for text in texts]


def _modality(
    table: pa.Table,
    name: str,
    columns: list[str],
    ids: Sequence[str],
    path: Path,
    unreadable: list[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Values (N, ...), zero where missing, and where it is there (N,)."""
    if len(columns) > 1 or "." in columns[0]:
        return _numbers(table, columns, ids, path)
    cells = _texts(table[columns[0]])
    filled = [cell for cell in cells if cell]
    if not filled:
        raise InvalidData(f"{path.name}: column {name!r} is empty; leave it out")
    endings = {Path(cell).suffix.lower() for cell in filled}
    if endings <= READERS.keys():
        return _files(name, cells, ids, path, unreadable)
    if some := endings & READERS.keys():
        other = next(c for c in filled if Path(c).suffix.lower() not in READERS)
        raise InvalidData(
            f"{path.name}: column {name!r} holds {', '.join(sorted(some))} files, but also "
            f"{other[:60]!r}; a modality is files that end in {', '.join(READERS)}, or texts, or "
            "numbers"
        )
    if all(_is_number(cell) for cell in filled):
        return _numbers(table, columns, ids, path)
    there = np.array([bool(cell) for cell in cells])
    return np.where(there[:, None], texts(cells), 0).astype(np.float32), there


def _numbers(
    table: pa.Table, columns: list[str], ids: Sequence[str], path: Path
) -> tuple[np.ndarray, np.ndarray]:
    values = np.zeros((len(ids), len(columns)), dtype=np.float32)
    filled = np.zeros(values.shape, dtype=bool)
    for i, name in enumerate(columns):
        cells = _texts(table[name])
        filled[:, i] = [bool(cell) for cell in cells]
        for row in np.flatnonzero(filled[:, i]).tolist():
            if not _is_number(cells[row]):
                raise InvalidData(
                    f"{path.name}: sample {ids[row]!r} has {cells[row]!r} in column {name!r}, "
                    "expected a finite number"
                )
            values[row, i] = float(cells[row])
    there = np.asarray(filled.any(axis=1))
    partly = there & ~filled.all(axis=1)
    if partly.any():
        row = int(np.flatnonzero(partly)[0])
        name = columns[int(np.flatnonzero(~filled[row])[0])]
        raise InvalidData(
            f"{path.name}: sample {ids[row]!r} has nothing in column {name!r}, but has others of "
            "the modality; fill it, or leave all of them empty"
        )
    return values, there


def _files(
    name: str, cells: Sequence[str], ids: Sequence[str], path: Path, unreadable: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    from mindgap.tasks.real.progress import shown

    root = path.parent.resolve()
    found: dict[int, np.ndarray] = {}
    for row, cell in enumerate(cells):
        if cell and not (root / cell).resolve().is_relative_to(root):
            raise InvalidData(
                f"{path.name}: sample {ids[row]!r} names {cell!r}, which is outside the folder of "
                "the manifest"
            )
    for row, cell in shown(f"reading {name}", [(r, c) for r, c in enumerate(cells) if c]):
        try:
            found[row] = READERS[Path(cell).suffix.lower()]((root / cell).read_bytes())
        except InvalidData as error:
            unreadable.append(f"sample {ids[row]!r}: {cell} {error}")
        except OSError as error:
            unreadable.append(f"sample {ids[row]!r}: {cell}: {error.strerror}")
    shapes = {x.shape for x in found.values()}
    if len(shapes) > 1:
        one, other = sorted(shapes)[:2]
        raise InvalidData(
            f"{path.name}: arrays of {name!r} have different shapes, {one} and {other}: pad or cut "
            "them to one"
        )
    shape = shapes.pop() if shapes else (1,)
    values = np.zeros((len(cells), *shape), dtype=np.float32)
    for row, x in found.items():
        values[row] = x
    return values, np.array([row in found for row in range(len(cells))])


def _groups(table: pa.Table, path: Path, ids: Sequence[str]) -> np.ndarray:
    groups = _texts(table[GROUP])
    for row, group in enumerate(groups):
        if not group:
            raise InvalidData(f"{path.name}: sample {ids[row]!r} has no group, but others have")
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _split(table: pa.Table, path: Path, ids: Sequence[str]) -> np.ndarray:
    split = _texts(table[SPLIT])
    for row, part in enumerate(split):
        if part not in ("pool", "test"):
            raise InvalidData(
                f"{path.name}: sample {ids[row]!r} has the split {part!r}; write pool or test"
            )
    return np.array(split)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
