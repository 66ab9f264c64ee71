"""The results folder: append-only, and safe to kill at any moment.

    study.json                 what the folder belongs to
    cards/TASK.json            a task's card, with a scenario's truth
    journals/ATTEMPT.jsonl     rounds as they finish, one fsynced line each
    rounds/ATTEMPT.HASH.parquet     the same once sealed; likewise timings/, failures/
                               and measurements/, what was measured of a finished round later

A file under one of these names is whole: everything else is written beside it and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import EACCES, ENOTDIR
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from mindgap.errors import MindgapError
from mindgap.study.documents import read_card, read_study
from mindgap.study.journal import Journal, lock_of, read_journal, sync_folder
from mindgap.study.results import Results, merge
from mindgap.study.shards import SCHEMAS, read_shard, tables_of, tagged, write_shard


class Store:
    """A results folder; nothing is made before something is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep a second process from running in the same folder.

        Raises:
            MindgapError: one does, or the folder can't be made or written to.
        """
        lock = FileLock(self._file(".lock"), timeout=0)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise MindgapError(
                f"{self.folder}: another process is running a study in this folder; wait for it "
                "or stop it"
            ) from None
        except OSError as error:
            raise self._unusable(error) from None
        try:
            yield
        finally:
            lock.release()

    def check(self, study: Mapping[str, Any]) -> None:
        """Refuse what `claim` would, and a folder that can't be written to; changes nothing.

        Raises:
            MindgapError: the folder holds another study, one with another budget (apart from
                rounds), or something else; or it can't be made or written to.
        """
        try:
            nearest = next(p for p in (self.folder, *self.folder.absolute().parents) if p.exists())
            if not nearest.is_dir():
                raise NotADirectoryError(ENOTDIR, f"{nearest} is a file")
            if not os.access(nearest, os.W_OK | os.X_OK):
                raise PermissionError(EACCES, f"{nearest} can't be written to")
            if not self.folder.is_dir():
                return
            held = sorted(p.name for p in self.folder.iterdir() if not p.name.startswith("."))
        except OSError as error:
            raise self._unusable(error) from None
        if "study.json" in held:
            self._same(self.study(), study)
        elif held:
            raise MindgapError(
                f"{self.folder}: the folder holds {held[0]!r} and no study; choose another "
                "with --out"
            )

    def claim(self, study: Mapping[str, Any]) -> None:
        """Make the folder this study's, or check that it is; the latest request is kept, and of
        `sources` the latest version of each.

        Raises:
            MindgapError: the folder holds another study, one with another budget (apart from
                rounds), or something else.
        """
        self.check(study)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._file("study.json")
        held = self.study() if path.is_file() else {}
        study = {**study, "sources": {**held.get("sources", {}), **study.get("sources", {})}}
        if held != study:
            self._write_json(path, study)

    def _unusable(self, error: OSError) -> MindgapError:
        return MindgapError(
            f"{self.folder} can't be a results folder: {error.strerror}; choose another with --out"
        )

    def _same(self, held: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
        if held["name"] != asked["name"]:
            raise MindgapError(
                f"{self.folder}: the folder belongs to the study {held['name']!r}, not to "
                f"{asked['name']!r}; choose another with --out"
            )
        for key in ("initial", "query", "validation"):
            old, new = held["budget"].get(key, 0), asked["budget"].get(key, 0)
            if old != new:
                raise MindgapError(
                    f"{self.folder}: its results have budget.{key} {old}, but {new} is asked for; "
                    "choose another folder with --out"
                )

    def study(self) -> dict[str, Any]:
        """The study as last asked for.

        Raises:
            MindgapError: the folder is no results folder.
        """
        return read_study(self._file("study.json"))

    def journal(self, attempt: str) -> Journal:
        """A new journal, to be used in a `with` statement."""
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", attempt):
            raise ValueError(f"{attempt!r} is no file name")
        return Journal(self._file("journals", f"{attempt}.jsonl"))

    def write_card(self, task: str, card: Mapping[str, Any]) -> None:
        """Keep a task's card; written again only if it has changed or can't be read."""
        slug = re.sub(r"[^A-Za-z0-9_]+", "_", task)[:60]
        digest = hashlib.blake2b(task.encode(), digest_size=4).hexdigest()
        path = self._file("cards", f"{slug}-{digest}.json")
        if not path.is_file() or read_card(path) != card:
            self._write_json(path, card)

    def seal(self) -> list[str]:
        """Turn journals into Parquet and put damaged shards aside; a sentence for each damage."""
        damage = []
        for pattern in (".*.tmp", "*/.*.tmp"):
            for temporary in self.folder.glob(pattern):
                temporary.unlink()
        for name in SCHEMAS:
            for path in sorted(self.folder.glob(f"{name}/*.parquet")):
                if read_shard(path) is None:
                    damage.append(_damaged(path))
                    os.replace(path, path.with_suffix(".damaged"))
        for path in sorted(self.folder.glob("journals/*.jsonl")):
            with lock_of(path):
                tables, found = _tables_in(path)
                damage += found
                for name, table in tables.items():
                    if len(table):
                        write_shard(table, self._file(name), path.stem)
                path.unlink()
        for lock in self.folder.glob("journals/*.lock"):
            if not lock.with_suffix(".jsonl").exists():
                lock.unlink()
        return damage

    def read(self) -> Results:
        """What is whole, sealed or not; changes nothing."""
        found = {name: [tagged(schema.empty_table(), "")] for name, schema in SCHEMAS.items()}
        warnings = []
        # journals first: one that is sealed meanwhile is found again as a shard
        for path in sorted(self.folder.glob("journals/*.jsonl")):
            try:
                tables, damage = _tables_in(path)
            except FileNotFoundError:
                continue
            warnings += damage
            for name, table in tables.items():
                found[name].append(tagged(table, path.stem))
        for name in SCHEMAS:
            for path in sorted(self.folder.glob(f"{name}/*.parquet")):
                table = read_shard(path)
                if table is None:
                    warnings.append(_damaged(path))
                else:
                    found[name].append(table)
        rounds, timings, failures, disagreements = merge(found)
        study = self.study() if self._file("study.json").is_file() else {}
        cards = {}
        for path in sorted(self.folder.glob("cards/*.json")):
            if (card := read_card(path)) is None:
                warnings.append(f"cards/{path.name} is no card; `mindgap run` writes it again")
            else:
                cards[card["task"]] = card
        return Results(study, cards, rounds, timings, failures, [*warnings, *disagreements])

    def _file(self, *parts: str) -> Path:
        return self.folder.joinpath(*parts)

    @staticmethod
    def _write_json(path: Path, value: Any) -> None:
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)


def _tables_in(journal: Path) -> tuple[dict[str, pa.Table], list[str]]:
    """What a journal holds, and a sentence for every line that is lost."""
    records, torn = read_journal(journal)
    tables, misfits = tables_of(records)
    return tables, [*torn, *(f"journals/{journal.name}: {sentence}" for sentence in misfits)]


def _damaged(path: Path) -> str:
    lost = "its rounds will be run again" if path.parent.name == "rounds" else "it is lost"
    return f"{path.parent.name}/{path.name} is damaged: its content doesn't fit its name; {lost}"
