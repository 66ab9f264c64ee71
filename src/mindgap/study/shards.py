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
    # last: this shard is what makes a round count as done
    "rounds": pa.schema(
        [
            *_RUN,
            ("group", pa.string()),
            ("family", pa.string()),
            ("round", pa.int64()),
            ("labels", pa.int64()),
            ("metrics", pa.list_(_METRIC)),
            ("selected", pa.list_(_SELECTED)),
            ("digest", pa.string()),
        ]
    ),
}


def tables_of(records: Sequence[Record]) -> dict[str, pa.Table]:
    """A journal's records as the three tables."""
    rounds = [record for record in records if record["kind"] == "round"]
    rows: dict[str, list[dict[str, Any]]] = {
        "rounds": rounds,
        "failures": [record for record in records if record["kind"] == "failure"],
        "timings": [
            {"run": r["run"], "round": r["round"], "phase": phase, "seconds": seconds}
            for r in rounds
            for phase, seconds in r["seconds"].items()
        ],
    }
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
