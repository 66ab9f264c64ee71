"""Data sets that their authors distribute: read from a copy on this machine, in its own layout."""

from __future__ import annotations

import shlex
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.packaged import Packaged


@dataclass(frozen=True, kw_only=True)
class Local(Packaged):
    """A data set of official splits; a copy may lack files, so its sizes are those of the copy."""

    #: What a copy holds, for whoever points at another folder.
    layout: ClassVar[str]

    @abstractmethod
    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        """The arrays to be kept, `is_test` (N,) and `classes` among them; what is missing, told.

        Raises:
            InvalidData: the folder has another layout, or a file can't be read.
        """

    def adopt(self, folder: Path, skip_unreadable: bool = False) -> str:
        """Read a copy and cache it; says what it held.

        Args:
            skip_unreadable: whether files that can't be read are missing modalities, each told.

        Raises:
            MindgapError: the folder isn't a copy of the set, or the cache can't be written.
        """
        if skip_unreadable:
            raise MindgapError(
                f"{self.family} has many samples in one file; leave --skip-unreadable out"
            )
        return self.kept(*self.read_from(folder))

    def kept(self, arrays: dict[str, np.ndarray], missing: str) -> str:
        """Cache what was read; says how much it is and what of it is missing."""
        cache = self.facts.cache
        cache.save(arrays)
        return f"read {len(arrays['labels']):,} samples{missing}, cached in {cache.path}"

    def read(self) -> dict[str, np.ndarray]:
        raise MindgapError(
            f"{self.family} is in no package: its authors distribute it; get a copy and run "
            f"`{self._command}`, where FOLDER holds {self.layout}"
        )

    def unavailable(self) -> str | None:
        if self.facts.cache.path.is_file():
            return self.facts.cache.problem()
        return f"run `{self._command}` first, with a copy of it"

    @property
    def _command(self) -> str:
        return f"mindgap prepare {shlex.quote(self.prepared().text)} --from FOLDER"

    def split(self, seed: int) -> tuple[MultimodalData, MultimodalData | None]:
        """The official split, whatever the seed.

        Raises:
            MindgapError: the data set is not cached, or its cache is damaged.
        """
        facts = self.facts
        stored = facts.cache.load(*facts.shapes, "labels", "observed", "is_test", "ids")
        samples = MultimodalData(
            {modality: torch.from_numpy(stored[modality]) for modality in facts.shapes},
            torch.from_numpy(stored["observed"]),
            torch.from_numpy(stored["labels"]),
            facts.classes,
            stored["ids"],
        )
        pool, test = (torch.from_numpy(np.flatnonzero(stored["is_test"] == t)) for t in (0, 1))
        return samples.take(pool), samples.take(test)

    def _stored(self) -> dict[str, np.ndarray]:
        return self.facts.cache.load("labels")


@dataclass(frozen=True)
class Changed:
    """A file that something is done to when it is read.

    Attributes:
        path: the file.
        change: takes what is in it, and its name for messages.
    """

    path: Path
    change: Callable[[bytes, str], bytes]

    def is_file(self) -> bool:
        return self.path.is_file()

    def read_bytes(self) -> bytes:
        """What is left of it.

        Raises:
            OSError: it can't be read.
            InvalidData: nothing can be done to it.
        """
        return self.change(self.path.read_bytes(), str(self.path))

    def __str__(self) -> str:
        return str(self.path)


def content_of(file: Path | Changed | bytes) -> bytes:
    """What is in a file, or would be.

    Raises:
        InvalidData: it can't be read, or nothing is in it.
    """
    if isinstance(file, bytes):
        return file
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidData(f"{file} can't be read ({error.strerror})") from None
    if not content:
        raise InvalidData(f"{file} is empty")
    return content


def expected(path: Path, of: Local) -> Path:
    """This file or folder of a copy.

    Raises:
        InvalidData: it isn't there; the message says what a copy holds.
    """
    if not path.exists():
        raise InvalidData(f"{path} isn't there; a copy of {of.family} holds {of.layout}")
    return path


def counted(cache: Cache, modalities: tuple[str, ...], pool: int, test: int) -> dict[str, Any]:
    """What `Facts` has of sizes and gaps: of the cached copy, or where there is none, of a whole
    one with pool and test set of these sizes."""
    try:
        stored = cache.load("is_test", "observed")
    except MindgapError:
        is_test = np.arange(pool + test) >= pool
        seen = np.ones((pool + test, len(modalities)), dtype=bool)
    else:
        is_test, seen = stored["is_test"], stored["observed"]
    kinds, counts = np.unique(seen, axis=0, return_counts=True)
    names = (
        "+".join(m for m, there in zip(modalities, row, strict=True) if there) for row in kinds
    )
    patterns = dict(zip(names, counts / len(seen), strict=True))
    return {
        "samples": len(seen),
        "pool": int((~is_test).sum()),
        "test": int(is_test.sum()),
        "observed": dict(zip(modalities, map(int, seen.sum(axis=0)), strict=True)),
        "patterns": {name: float(patterns[name]) for name in sorted(patterns, key=_fullest)},
    }


def _fullest(pattern: str) -> tuple[int, str]:
    """Sorts patterns of most modalities first."""
    return -pattern.count("+"), pattern
