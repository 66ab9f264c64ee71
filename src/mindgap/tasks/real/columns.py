"""A modality out of the columns of a table: files, texts, arrays or numbers, with its gaps.

Values are (N, ...) float32, zero where nothing is, and beside them (N,) where something is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float

from mindgap.errors import InvalidData
from mindgap.tasks.real import contents
from mindgap.tasks.real.contents import READERS
from mindgap.tasks.real.encoded import Kind as EncoderKind
from mindgap.tasks.real.encoded import encoder
from mindgap.tasks.real.encoders import encoded
from mindgap.tasks.real.own import NOTHING
from mindgap.tasks.real.progress import shown

#: What is known of a column beside its type: files inside the table, or texts that are no paths.
Kind = Literal["image", "sound", "text"]

Read = Callable[[bytes], np.ndarray]
Values = tuple[Float[np.ndarray, "N ..."], Bool[np.ndarray, " N"]]

#: From which share of numbers on a column of texts is taken for numbers with a slip in them.
NUMBERS = 0.5

#: What makes plain features -> the kind of the encoders that can stand in for it.
ENCODED: dict[Read, EncoderKind] = {contents.image: "image", contents.sound: "audio"}

_COMMA = re.compile(r"[+-]?\d+,\d+")
_NUMBERS = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_decimal,
)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


@dataclass(frozen=True)
class Reading:
    """What all columns of a table share while it is read.

    Attributes:
        table: its name, for messages.
        ids: of the samples.
        root: the folder that no file may be outside of, without links in it; None: anywhere.
        encoders: modality -> the name of what encodes it, where plain features aren't wanted.
        unreadable: a sentence for every file that can't be read; grows.
        encoded: modalities that were encoded; grows.
        texts: of modalities of texts, the cells; grows.
    """

    table: str
    ids: Sequence[str]
    root: Path | None
    encoders: Mapping[str, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    encoded: set[str] = field(default_factory=set)
    texts: dict[str, Sequence[str]] = field(default_factory=dict)

    def encoding(self, name: str, kind: EncoderKind | None) -> Read | None:
        """What encodes a modality's files, if one was asked for and there are any of this kind.

        Raises:
            MindgapError: there is no such encoder, or it can't be had.
        """
        if name not in self.encoders or kind is None:
            return None
        by = encoder(kind, self.encoders[name])
        self.encoded.add(name)
        return lambda content: encoded(by, content, "")

    def inside(self, row: int, path: Path, told: str) -> None:
        """Refuse a path that leads out of the folder, or that no file could have.

        Raises:
            InvalidData: says of which sample it is.
        """
        try:
            whole = path.resolve()
        except ValueError:  # with a zero in it
            raise self.wrong(row, f"names {told!r}, which can't be a path") from None
        if self.root is not None and not whole.is_relative_to(self.root):
            raise self.wrong(row, f"names {told[:200]!r}, which is outside the folder {self.root}")

    def wrong(self, row: int, what: str) -> InvalidData:
        return InvalidData(f"{self.table}: sample {self.ids[row]!r} {what}")


def modality(
    reading: Reading, name: str, columns: Mapping[str, pa.ChunkedArray], kind: Kind | None
) -> Values:
    """Values (N, ...) of a modality, and where it is there (N,).

    Raises:
        InvalidData: says which column or sample is wrong.
    """
    columns = {part: _decoded(column) for part, column in columns.items()}
    [first, *others] = columns.values()
    if others or "." in next(iter(columns)):
        return _numbers(reading, columns)
    if first.null_count == len(first):
        raise InvalidData(f"{reading.table}: column {name!r} is empty; leave it out")
    if kind in ("image", "sound"):
        return _held(reading, name, first, contents.image if kind == "image" else contents.sound)
    if any(test(first.type) for test in _LISTS) or isinstance(first.type, pa.BaseExtensionType):
        return _arrays(reading, name, first)
    if any(test(first.type) for test in _NUMBERS):
        return _numbers(reading, columns)
    if not (pa.types.is_string(first.type) or pa.types.is_large_string(first.type)):
        raise InvalidData(
            f"{reading.table}: column {name!r} holds {first.type}, of which no modality can be "
            "made; say which columns are, with --modalities"
        )
    cells = texts_of(first, name, reading.table)
    filled = [cell for cell in cells if cell]
    if not filled:
        raise InvalidData(f"{reading.table}: column {name!r} is empty; leave it out")
    if kind == "text":
        return _texts(reading, name, cells)
    endings = {Path(cell).suffix.lower() for cell in filled}
    if endings <= READERS.keys():
        return _named(reading, name, cells)
    if some := endings & READERS.keys():
        other = next(c for c in filled if Path(c).suffix.lower() not in READERS)
        raise InvalidData(
            f"{reading.table}: column {name!r} holds {', '.join(sorted(some))} files, but also "
            f"{other[:60]!r}; a modality is files that end in {', '.join(READERS)}, or texts, or "
            "numbers"
        )
    if name in reading.encoders:  # so they are no numbers
        return _texts(reading, name, cells)
    commas = [cell for cell in filled[:1000] if _COMMA.fullmatch(cell)]
    if len(commas) >= NUMBERS * len(filled[:1000]):
        raise InvalidData(
            f"{reading.table}: column {name!r} has decimal commas, such as {commas[0]!r}; write "
            "points"
        )
    numbers = sum(_parsed(pa.array([cell])) is not None for cell in filled[:1000])
    if numbers >= NUMBERS * len(filled[:1000]):
        return _numbers(reading, columns)
    return _texts(reading, name, cells)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Categories as what they stand for."""
    if pa.types.is_dictionary(column.type):
        return pc.cast(column, column.type.value_type)
    return column


def texts_of(column: pa.ChunkedArray, name: str, table: str) -> list[str]:
    """A column's cells as texts, "" where nothing is.

    Raises:
        InvalidData: it holds something else than texts and numbers.
    """
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    try:
        texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        raise InvalidData(
            f"{table}: column {name!r} holds {column.type}, expected texts or numbers"
        ) from None
    found: list[str] = pc.fill_null(texts, "").to_pylist()
    return found


def _texts(reading: Reading, name: str, cells: Sequence[str]) -> Values:
    for row, cell in enumerate(cells):
        if cell.lower() in NOTHING:
            raise reading.wrong(
                row, f"has the text {cell!r} in column {name!r}; leave the cell empty if it is none"
            )
    reading.texts[name] = cells
    if read := reading.encoding(name, "text"):
        filled = [(row, cell) for row, cell in enumerate(cells) if cell]
        return _files(reading, name, [_File(r, "its text", c.encode, read) for r, c in filled])
    there = np.array([bool(cell) for cell in cells])
    values = contents.texts(cells)
    values[~there] = 0
    return values, there


def _numbers(reading: Reading, columns: Mapping[str, pa.ChunkedArray]) -> Values:
    values = np.zeros((len(reading.ids), len(columns)), dtype=np.float32)
    filled = np.zeros(values.shape, dtype=bool)
    for i, (name, column) in enumerate(columns.items()):
        numbers = _parsed(column)
        if numbers is None or (np.isinf(numbers) | (np.abs(numbers) > _LARGEST)).any():
            raise _no_number(reading, name, column)
        filled[:, i] = ~np.isnan(numbers)
        values[filled[:, i], i] = numbers[filled[:, i]]
    there = np.asarray(filled.any(axis=1))
    partly = there & ~filled.all(axis=1)
    if partly.any():
        row = int(np.flatnonzero(partly)[0])
        name = list(columns)[int(np.flatnonzero(~filled[row])[0])]
        raise reading.wrong(
            row,
            f"has nothing in column {name!r}, but has others of the modality; fill it, or leave "
            "all of them empty",
        )
    return values, there


_LARGEST = float(np.finfo(np.float32).max)


def _parsed(column: pa.ChunkedArray | pa.Array) -> Float[np.ndarray, " N"] | None:
    """Numbers, NaN where nothing is; None if a cell is none."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
        column = pc.if_else(pc.equal(column, ""), None, column)
        if pc.any(pc.equal(pc.utf8_lower(column), "nan")).as_py():  # written out, so no gap
            return None
    try:
        numbers: np.ndarray = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return numbers


def _no_number(reading: Reading, name: str, column: pa.ChunkedArray) -> InvalidData:
    for row, cell in enumerate(texts_of(column, name, reading.table)):
        number = _parsed(pa.array([cell]))
        if number is None or (cell and not abs(number[0]) <= _LARGEST):
            return reading.wrong(
                row, f"has {cell[:60]!r} in column {name!r}, expected a finite number"
            )
    return InvalidData(f"{reading.table}: column {name!r} holds {column.type}, expected numbers")


def _arrays(reading: Reading, name: str, column: pa.ChunkedArray) -> Values:
    """Lists of numbers, all of one shape; one that is NaN throughout is missing."""
    whole = column.combine_chunks()
    whole = whole.storage if isinstance(whole, pa.ExtensionArray) else whole
    there = np.asarray(whole.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
    rows = np.flatnonzero(there)
    found = _nested(reading, name, whole.filter(pa.array(there)), rows)
    flat = found.reshape(len(rows), -1)
    there[rows[np.isnan(flat).all(axis=1)]] = False
    bad = ~np.isfinite(flat).all(axis=1) & there[rows]
    if bad.any():
        raise reading.wrong(
            int(rows[bad][0]),
            f"has a value in {name!r} that is no finite number; leave all empty if it is missing",
        )
    values = np.zeros((len(there), *found.shape[1:]), dtype=np.float32)
    values[there] = found[there[rows]]
    return values, there


def _nested(
    reading: Reading, name: str, lists: pa.Array, rows: np.ndarray
) -> Float[np.ndarray, "n ..."]:
    """Lists (of lists) of numbers that have one shape; `rows` are their samples'."""
    if not any(test(lists.type) for test in _LISTS):
        if not (pa.types.is_integer(lists.type) or pa.types.is_floating(lists.type)):
            raise InvalidData(
                f"{reading.table}: column {name!r} holds lists of {lists.type}, expected numbers; "
                "choose other columns with --modalities"
            )
        numbers: np.ndarray = pc.cast(lists, pa.float32(), safe=False).to_numpy(
            zero_copy_only=False
        )
        return numbers
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    usual = int(np.bincount(lengths, minlength=2)[1:].argmax()) + 1
    if (lengths != usual).any():
        first = int(np.flatnonzero(lengths != usual)[0])
        per_row = len(lengths) // len(rows)
        raise reading.wrong(
            int(rows[first // per_row]),
            f"has {lengths[first]} numbers or rows in {name!r} where others have {usual}: pad or "
            "cut them to one shape, and leave what is missing empty",
        )
    inner = _nested(reading, name, lists.flatten(), rows)
    return inner.reshape(len(lengths), usual, *inner.shape[1:])


def _named(reading: Reading, name: str, cells: Sequence[str]) -> Values:
    """Files that cells name, beside the table."""
    root = reading.root or Path()
    for row, cell in enumerate(cells):
        if cell:
            reading.inside(row, root / cell, cell)
    files = []
    readers: dict[Read, Read] = {}
    for row, cell in enumerate(cells):
        if cell:
            plain = READERS[Path(cell).suffix.lower()]
            if plain not in readers:
                readers[plain] = reading.encoding(name, ENCODED.get(plain)) or plain
            files.append(_File(row, cell, (root / cell).read_bytes, readers[plain]))
    return _files(reading, name, files)


def _held(reading: Reading, name: str, column: pa.ChunkedArray, read: Read) -> Values:
    """Files that the table holds, or names by a path: structs of `bytes` and `path`."""
    files, read = [], reading.encoding(name, ENCODED[read]) or read
    for row in np.flatnonzero(column.is_valid().to_numpy()).tolist():
        path = column[row]["path"].as_py() or ""
        inside = column[row]["bytes"].is_valid
        if inside:
            files.append(_File(row, path or f"its {name}", column[row]["bytes"].as_py, read))
            continue
        reading.inside(row, Path(path), path)
        files.append(_File(row, path, Path(path).read_bytes, read))
    return _files(reading, name, files)


@dataclass(frozen=True)
class _File:
    row: int
    told: str
    content: Callable[[], bytes]
    read: Read


def _files(reading: Reading, name: str, files: Sequence[_File]) -> Values:
    there = np.zeros(len(reading.ids), dtype=bool)
    values = np.zeros((len(there), 1), dtype=np.float32)
    for file in shown(f"reading {name}", files):
        try:
            x = file.read(file.content())
        except (InvalidData, OSError) as error:
            why = f": {error.strerror}" if isinstance(error, OSError) else f" {str(error).strip()}"
            reading.unreadable.append(f"sample {reading.ids[file.row]!r}: {file.told}{why}")
            continue
        if not there.any():
            values = np.zeros((len(there), *x.shape), dtype=np.float32)
        if x.shape != values.shape[1:]:
            raise reading.wrong(
                file.row,
                f"has an array of shape {x.shape} in {name!r} where others have "
                f"{values.shape[1:]}: pad or cut them to one",
            )
        values[file.row], there[file.row] = x, True
    return values, there
