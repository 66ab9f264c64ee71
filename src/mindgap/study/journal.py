"""One attempt's journal: a fsynced line a record, readable up to wherever a crash cut it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock

Record = dict[str, Any]


class Journal:
    """Appends records to a new file; locked while it is open, so that nobody seals it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Journal:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock_of(self.path)
        self._lock.acquire()
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        sync_folder(self.path.parent)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)
        self._lock.release()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record; when this returns it is on the disk."""
        line = json.dumps({**record, "digest": digest(record)}, ensure_ascii=False) + "\n"
        left = memoryview(line.encode())
        while left:
            left = left[os.write(self._file, left) :]
        os.fsync(self._file)


def read_journal(path: Path) -> tuple[list[Record], list[str]]:
    """Every whole record, and a sentence for every line that isn't one."""
    records, damage = [], []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            record: Record = json.loads(line)
            whole = record["digest"] == digest(record)
        except (ValueError, KeyError, TypeError):
            whole = False
        if whole:
            records.append(record)
        else:
            damage.append(
                f"{path.parent.name}/{path.name}: line {number} is torn; "
                "what it held will be run again"
            )
    return records, damage


def digest(record: Mapping[str, Any]) -> str:
    """What the record says, as a short hash: the time it took doesn't count."""
    said = {key: value for key, value in record.items() if key not in ("digest", "seconds")}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def lock_of(journal: Path) -> FileLock:
    """Held by whoever writes or seals the journal; a killed process holds nothing."""
    return FileLock(journal.with_suffix(".lock"), timeout=10)


def sync_folder(folder: Path) -> None:
    """Make names in a folder last through a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
