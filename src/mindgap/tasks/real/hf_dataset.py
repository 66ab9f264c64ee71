"""A data set of Hugging Face as one of one's own: its columns, its classes, its splits."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mindgap.errors import InvalidData, MindgapError, unknown
from mindgap.tasks.real.columns import Kind
from mindgap.tasks.real.own import Own
from mindgap.tasks.real.own_data import keep, nameable
from mindgap.tasks.real.table import POOL, TEST, Asked, Table, samples

#: A name on the hub, with the name of its configuration if it has several.
NAME = re.compile(r"([\w.-]+(?:/[\w.-]+)?)(?::([\w.-]+))?")

#: Feature -> what its columns are; others are what their type says.
KINDS: dict[str, Kind] = {"Image": "image", "Audio": "sound"}


def from_hugging_face(
    name: str, dataset: Any, asked: Asked | None = None, root: Path | None = None
) -> Own:
    """Make a data set of one of Hugging Face and keep it; then `name` is a task like any other.

    Columns are modalities, but for `label`, `id`, `group` and what `asked` leaves out; None is a
    missing modality, in the column `label` an unknown one. Images become 32 x 32 pixels, sounds
    statistics of their cepstral coefficients, texts hashed n-grams; lists of numbers stay arrays.

    Args:
        dataset: a `datasets.Dataset`, or a `datasets.DatasetDict`, whose splits count: `train` is
            the pool, `test` the test set, unless `asked` says otherwise.
        root: the folder that no file may be outside of; None: anywhere.

    Raises:
        InvalidData: says which column or sample is wrong.
        MindgapError: the package `datasets` isn't there, or the name can't be one.
    """
    nameable(name)
    own, _ = read(dataset, asked, root)
    keep(name, own)
    return own


def read(
    dataset: Any, asked: Asked | None = None, root: Path | None = None, name: str = "the data set"
) -> tuple[Own, list[str]]:
    """The samples, and a sentence for what was left out or couldn't be read; nothing is kept.

    Raises:
        InvalidData: says which column or sample is wrong.
    """
    datasets, asked = _datasets(), asked or Asked()
    if not isinstance(dataset, datasets.Dataset | datasets.DatasetDict):
        raise InvalidData(
            f"{name} is a {type(dataset).__name__}, expected a Dataset or DatasetDict; of one that "
            "is streamed, make one that isn't"
        )
    parts = dict(dataset) if isinstance(dataset, datasets.DatasetDict) else {"": dataset}
    several, used = len(parts) > 1, _used(parts, asked, name)
    if not sum(len(part) for part in used.values()):
        raise InvalidData(f"{name} has no rows")
    told = [f"split left out: {k} ({len(d):,})" for k, d in parts.items() if k not in used]
    features = next(iter(used.values())).features
    for key, part in used.items():
        if part.features != features:
            raise InvalidData(
                f"{name}: split {key!r} has other columns than the first; leave it out by naming "
                "the others with --pool and --test"
            )
    slices = [s for part in used.values() for s in part.with_format("arrow").iter(1000)]
    columns = pa.concat_tables(slices)
    names = columns.column_names
    if asked.id == "id" and "id" not in names:
        ids = [f"{k}/{i}" if k else f"{i}" for k, d in used.items() for i in range(len(d))]
        columns = columns.append_column("id", pa.array(ids))
    if several and "split" not in names:
        splits = np.repeat(list(used), [len(part) for part in used.values()])
        columns = columns.append_column("split", pa.array(splits.tolist()))
    elif several:
        raise InvalidData(f"{name} has splits and a column 'split', too; leave one of them out")
    columns, kinds = _typed(columns, features, asked, name)
    own, more = samples(Table(name, columns, kinds, root), asked)
    return own, [*told, *more]


def _typed(
    columns: pa.Table, features: Mapping[str, Any], asked: Asked, name: str
) -> tuple[pa.Table, dict[str, Kind]]:
    """Classes by their names, and of files and texts what they are."""
    kinds: dict[str, Kind] = {}
    for column, feature in features.items():
        if isinstance(feature, _datasets().ClassLabel):
            if column not in (asked.label, asked.group, asked.id, *asked.modalities):
                if not asked.modalities and asked.label in columns.column_names:
                    raise InvalidData(
                        f"{name}: column {column!r} holds classes, which may tell the label; say "
                        f"which columns are modalities with --modalities, or --label {column}"
                    )
                continue
            columns = _named(columns, column, feature.names)
        elif type(feature).__name__ in KINDS:
            kinds[column] = KINDS[type(feature).__name__]
        elif getattr(feature, "dtype", None) in ("string", "large_string"):
            kinds[column] = "text"
    return columns, kinds


def _used(parts: Mapping[str, Any], asked: Asked, name: str) -> dict[str, Any]:
    """The splits that were asked for; all where none was named."""
    for split in (*asked.pool, *asked.test):
        if split not in parts and len(parts) > 1:
            raise InvalidData(f"{name}: {unknown('split', split, parts)}")
    if len(parts) == 1 or not (asked.pool or asked.test):
        return dict(parts)
    named = {*(asked.pool or POOL), *(asked.test or TEST)}
    return {key: part for key, part in parts.items() if key in named}


def load(name: str) -> tuple[Any, Path]:
    """A data set by its name on the hub, or out of a folder or file; and where its files are.

    A folder holds what `save_to_disk` wrote, or Parquet files; a file is Parquet. What is fetched
    is kept where the package `datasets` keeps it. Nothing that comes with a data set is run.

    Raises:
        MindgapError: there is none, it can't be read, or the package isn't there.
    """
    datasets, path = _datasets(), Path(name).expanduser()
    found = NAME.fullmatch(name)
    if not path.exists() and (found is None or name.startswith(".")):
        raise MindgapError(
            f"there is no folder {name}; name one that save_to_disk wrote, one of Parquet files, "
            "or a data set on the hub as OWNER/NAME or OWNER/NAME:CONFIGURATION"
        )
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        if path.is_file():
            return datasets.load_dataset("parquet", data_files=str(path)), path.parent
        if path.is_dir() and _was_saved(path):
            return datasets.load_from_disk(str(path)), path
        if path.is_dir():
            return datasets.load_dataset(str(path)), path
        hub, configuration = found.groups() if found else (name, None)
        return datasets.load_dataset(hub, configuration), Path(datasets.config.HF_CACHE_HOME)
    except Exception as error:  # what a data set can lack is known to the package alone
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MindgapError(
            f"{name} can't be loaded as a data set of Hugging Face: {why}; give the name of one, "
            "with a network, or a folder that holds it"
        ) from None


def _was_saved(folder: Path) -> bool:
    return any((folder / file).is_file() for file in ("dataset_dict.json", "state.json"))


def _named(columns: pa.Table, column: str, names: list[str]) -> pa.Table:
    """With classes by their names; a negative number means that the class isn't known."""
    numbers = columns[column].to_pylist()
    texts = [None if n is None or n < 0 else names[n] for n in numbers]
    place = columns.column_names.index(column)
    return columns.set_column(place, column, pa.array(texts, pa.string()))


def _datasets() -> Any:
    try:
        import datasets
    except ImportError:
        raise MindgapError(
            "the package datasets is not installed; install the extra that reads data sets of "
            "Hugging Face: `pip install 'mindgap[huggingface]'`"
        ) from None
    return datasets
