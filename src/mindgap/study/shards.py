"""Parquet shards, one of each table for every sealed journal, and their schemas."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mindgap.study.journal import Record, sync_folder

_RUN = [("run", pa.string()), ("task", pa.string()), ("learner", pa.string())]
_RUN += [("strategy", pa.string()), ("seed", pa.int64())]
_RUN += [("sources", pa.list_(pa.struct([("what", pa.string()), ("version", pa.string())])))]
_METRIC = pa.struct([("metric", pa.string()), ("subject", pa.string()), ("value", pa.float64())])
_SELECTED = pa.struct([("id", pa.string()), ("score", pa.float64()), ("observed", pa.string())])

SCHEMAS = {
    "timings": pa.schema(
        [
            ("run", pa.string()),
            ("round", pa.int64()),
            ("phase", pa.string()),
            ("seconds", pa.float64()),
        ]
    ),
    "failures": pa.schema(
        [*_RUN, ("round", pa.int64()), ("error", pa.string()), ("traceback", pa.string())]
    ),
    "measurements": pa.schema(
        [
            ("run", pa.string()),
            ("round", pa.int64()),
            ("metrics", pa.list_(_METRIC)),
            ("asked", pa.list_(pa.string())),
        ]
    ),
    # last: this shard is what makes a round count as done
    "rounds": pa.schema(
        [
            *_RUN,
            ("group", pa.string()),
            ("family", pa.string()),
            ("round", pa.int64()),
            ("labels", pa.int64()),
            ("metrics", pa.list_(_METRIC)),
            ("asked", pa.list_(pa.string())),
            ("selected", pa.list_(_SELECTED)),
            ("trace", pa.list_(pa.list_(pa.float64()))),
            ("digest", pa.string()),
        ]
    ),
}


#: Of each kind of record.
TABLES = {"round": "rounds", "failure": "failures", "measured": "measurements"}

#: What a record that isn't as the schemas say can raise on its way into a table.
CANNOT_BE_KEPT = (pa.ArrowException, ValueError, TypeError, KeyError, OverflowError, AttributeError)


def tables_of(records: Sequence[Record]) -> tuple[dict[str, pa.Table], list[str]]:
    """A journal's records as the tables, and a sentence for each that fits in none."""
    try:
        return _tables(records), []
    except CANNOT_BE_KEPT:
        pass
    kept, damage = [], []
    for record in records:
        try:
            _tables([record])
        except CANNOT_BE_KEPT as error:
            why = str(error).splitlines()[0]
            damage.append(
                f"the record of round {record.get('round')} of {record.get('run')} can't be kept "
                f"({type(error).__name__}: {why}); it will be run again"
            )
        else:
            kept.append(record)
    return _tables(kept), damage


def _tables(records: Sequence[Record]) -> dict[str, pa.Table]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    for record in records:
        if not isinstance(record["run"], str) or not isinstance(record["round"], int):
            raise TypeError("it doesn't say of which run and round it is")
        rows[TABLES[record["kind"]]].append(record)
        for phase, seconds in record.get("seconds", {}).items():
            timing = {"run": record["run"], "round": record["round"], "phase": phase}
            rows["timings"].append({**timing, "seconds": seconds})
    return {name: pa.Table.from_pylist(rows[name], schema) for name, schema in SCHEMAS.items()}


def write_shard(table: pa.Table, folder: Path, attempt: str) -> Path:
    """Write ATTEMPT.HASH.parquet, HASH being that of its bytes, so that any damage shows."""
    folder.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    content = buffer.getvalue()
    path = folder / f"{attempt}.{_hash(content)}.parquet"
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(folder)
    return path


def read_shard(path: Path) -> pa.Table | None:
    """The whole table with its `attempt`, or None if the file isn't what was written."""
    content = path.read_bytes()
    attempt, _, claimed = path.stem.rpartition(".")
    if _hash(content) != claimed:
        return None
    return tagged(pq.read_table(io.BytesIO(content)), attempt)


def tagged(table: pa.Table, attempt: str) -> pa.Table:
    """The table with a column that says which attempt it comes from."""
    return table.append_column("attempt", pa.array([attempt] * len(table), pa.string()))


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
