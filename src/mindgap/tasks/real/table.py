"""A table of samples, whichever door it came through, read into a data set of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from mindgap.errors import InvalidData, unknown
from mindgap.tasks.real.columns import Kind, Reading, modality, texts_of
from mindgap.tasks.real.own import Own, numbered_classes

#: Columns that are never modalities.
SPECIAL = ("id", "label", "group", "split")

#: Names of splits that need no explanation.
POOL, TEST = ("pool", "train"), ("test",)

#: How many files are told of.
TOLD = 10


@dataclass(frozen=True)
class Asked:
    """What is read of a table.

    Attributes:
        modalities: names of those to read; all columns but the special ones if left out.
        label, id, group: what these columns are called.
        pool, test: which splits are the pool and the test set; what is named in neither is left
            out. By default `pool` and `train`, and `test`, and no other split may be there.
        encoders: of modalities of images, sounds or texts, the names of what encodes them, as
            data sets have them (`efficientnet_lite0`, `hf:NAME`).
        skip_unreadable: whether a file that can't be read is a missing modality; a sample with
            nothing else is left out.
    """

    modalities: Sequence[str] = ()
    label: str = "label"
    id: str = "id"
    group: str = "group"
    pool: Sequence[str] = ()
    test: Sequence[str] = ()
    encoders: Mapping[str, str] = field(default_factory=dict)
    skip_unreadable: bool = False


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        name: of the file or data set, for messages.
        columns: by name, in order.
        kinds: of the columns of which more is known than the type says.
        root: the folder that no file may be outside of; None: files may be anywhere.
    """

    name: str
    columns: pa.Table
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    root: Path | None = None


def samples(table: Table, asked: Asked) -> tuple[Own, list[str]]:
    """The samples, and a sentence for everything that was left out or couldn't be read.

    Raises:
        InvalidData: says which column or sample is wrong, and what to do.
    """
    for name in (asked.id, asked.label, *([asked.group] if asked.group != "group" else [])):
        if name not in table.columns.column_names:
            what = next(f for f in ("id", "label", "group") if getattr(asked, f) == name)
            near = unknown("", name, table.columns.column_names).partition(": ")[2]
            raise InvalidData(
                f"{table.name} has no column {name!r}: {near}; say which one it is with --{what}"
            )
    if table.columns.num_rows == 0:
        raise InvalidData(f"{table.name} has a header, but no rows")
    columns, told = _modalities(table, asked)
    table, split, left_out = _split(table, asked)
    ids = texts_of(table.columns[asked.id], asked.id, table.name)
    for row, text in enumerate(ids):
        if not text:
            raise InvalidData(f"{table.name}: row {row + 1} has no id")
    for name in asked.encoders:
        if name not in columns:
            raise InvalidData(f"{table.name}: {unknown('modality to encode', name, columns)}")
    root = table.root and table.root.resolve()
    reading = Reading(table.name, ids, root, asked.encoders)
    arrays, observed = {}, []
    for name, parts in columns.items():
        taken = {part: table.columns[part] for part in parts}
        arrays[name], there = modality(reading, name, taken, table.kinds.get(name))
        observed.append(there)
        if name in asked.encoders and name not in reading.encoded:
            raise InvalidData(
                f"{table.name}: column {name!r} has no images, sounds or texts to encode by "
                f"{asked.encoders[name]}; leave it out of --encoder"
            )
    unreadable = reading.unreadable
    if unreadable and not asked.skip_unreadable:
        listed = "\n".join(unreadable[:TOLD])
        more = f"\nand {len(unreadable) - TOLD:,} more" if len(unreadable) > TOLD else ""
        files, them = ("files", "them") if len(unreadable) > 1 else ("file", "it")
        raise InvalidData(
            f"{len(unreadable):,} {files} can't be read; mend {them}, or take {them} for missing "
            f"with --skip-unreadable\n{listed}{more}"
        )
    there = np.stack(observed, axis=1)
    kept = there.any(axis=1) if unreadable else np.ones(len(ids), dtype=bool)
    labels = texts_of(table.columns[asked.label], asked.label, table.name)
    numbers, classes = numbered_classes(labels)
    groups = _groups(table, asked, ids)
    own = Own(
        {name: x[kept] for name, x in arrays.items()} if not kept.all() else arrays,
        there[kept],
        numbers[kept],
        classes,
        np.array(ids)[kept],
        None if groups is None else groups[kept],
        None if split is None else split[kept],
        asked.encoders,
    )
    told += _of_texts(reading, labels)
    missing = [f"taken for missing: {line}" for line in unreadable]
    lost = len(ids) - int(kept.sum())
    gone = [f"left out: {lost:,} samples with nothing else that can be read"] if lost else []
    return own, [*told, *left_out, *missing, *gone]


def _modalities(table: Table, asked: Asked) -> tuple[dict[str, list[str]], list[str]]:
    """Modality -> its columns, in the table's order; and what is no modality, told."""
    found: dict[str, list[str]] = {}
    used = (asked.id, asked.label, asked.group, "split")
    unused = []
    for name in table.columns.column_names:
        if name in used or name in SPECIAL:
            unused += [name] * (name not in used)
            continue
        stem, dot, _ = name.partition(".")
        found.setdefault(stem if dot else name, []).append(name)
    for name, parts in found.items():
        if name in parts and len(parts) > 1:
            raise InvalidData(
                f"{table.name}: columns {', '.join(map(repr, parts))} would be one modality; call "
                f"{name!r} otherwise, or {name}.0 if it belongs to it"
            )
    for name in asked.modalities:
        if name not in found:
            raise InvalidData(f"{table.name}: {unknown('modality', name, found)}")
    if not found:
        raise InvalidData(f"{table.name} has no modality: a column beside {', '.join(SPECIAL)}")
    chosen = {name: found[name] for name in asked.modalities or found}
    unused += [name for name in found if name not in chosen]
    return chosen, [f"columns left out: {', '.join(unused)}"] if unused else []


def _of_texts(reading: Reading, labels: Sequence[str]) -> list[str]:
    """Which modalities were read as texts, and which of them are the label in other words."""
    if not reading.texts:
        return []
    told = [f"read as texts: {', '.join(reading.texts)}"]
    for name, cells in reading.texts.items():
        pairs = {(label, cell) for label, cell in zip(labels, cells, strict=True) if label and cell}
        each = [{pair[side] for pair in pairs} for side in (0, 1)]
        if len(pairs) == len(each[0]) == len(each[1]):
            told.append(
                f"{name} has one text for each class, so it tells the label; leave it out with "
                "--modalities if it shouldn't"
            )
    return told


def _split(table: Table, asked: Asked) -> tuple[Table, np.ndarray | None, list[str]]:
    """The rows of pool and test set, of each row which it is in, and what was left out."""
    if "split" not in table.columns.column_names:
        if asked.pool or asked.test:
            raise InvalidData(f"{table.name} has no splits, so leave --pool and --test out")
        return table, None, []
    names = np.array(texts_of(table.columns["split"], "split", table.name))
    there = set(names.tolist())
    for name in (*asked.pool, *asked.test):
        if name not in there:
            raise InvalidData(f"{table.name}: {unknown('split', name, there)}")
    if twice := set(asked.pool) & set(asked.test):
        raise InvalidData(f"{table.name}: split {twice.pop()!r} can't be in pool and test set both")
    pool, test = asked.pool or POOL, asked.test or TEST
    used = np.isin(names, [*pool, *test])
    if not used.all() and not (asked.pool or asked.test):
        row = int(np.flatnonzero(~used)[0])
        sample = texts_of(table.columns[asked.id].slice(row, 1), asked.id, table.name)[0]
        known = [*sorted(there & {*POOL}), names[row] or "OTHER"]
        raise InvalidData(
            f"{table.name}: sample {sample!r} has the split {str(names[row])!r}; write pool or "
            f"test, or say what is what with --pool and --test, e.g. --pool {','.join(known)}"
        )
    left_out = [
        f"split left out: {name or 'none'} ({int((names == name).sum()):,})"
        for name in sorted(set(names[~used].tolist()))
    ]
    kept = replace(table, columns=table.columns.filter(pa.array(used)))
    return kept, np.where(np.isin(names[used], test), "test", "pool"), left_out


def _groups(table: Table, asked: Asked, ids: Sequence[str]) -> Int64[np.ndarray, " N"] | None:
    if asked.group not in table.columns.column_names:
        return None
    groups = texts_of(table.columns[asked.group], asked.group, table.name)
    for row, group in enumerate(groups):
        if not group:
            raise InvalidData(
                f"{table.name}: sample {ids[row]!r} has no {asked.group}, but others have"
            )
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)
