"""Local copies of files that encoders turn into vectors: what they all do once files are found."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.encoded import Encoded
from mindgap.tasks.real.encoders import features
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.local import Changed, Files, Local, counted


@dataclass(frozen=True)
class Copied:
    """A sample of a copy.

    Attributes:
        id: its name, of no other sample.
        label: of its class.
        is_test: whether it is in the official test set.
        files: of each modality a file, or what would be in it, or several whose features are
            averaged, as the frames of a video are; None or none at all: the modality is missing.
    """

    id: str
    label: str
    is_test: bool
    files: Mapping[str, Path | Changed | bytes | Iterable[Path] | None]


@dataclass(frozen=True, kw_only=True)
class EncodedCopy(Encoded, Local):
    """A local copy of files: beside it, `WithImages` and its like say which encoders there are."""

    @abstractmethod
    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        """Samples, names of the classes in order, and what of the copy was left out, in words.

        A file that isn't there is a missing modality.

        Raises:
            InvalidData: the folder has another layout, or a table can't be read.
        """

    @property
    def cache(self) -> Cache:
        return Cache(self.prepared().text, "1", "a local copy")

    def measured(self, pool: int, test: int) -> dict[str, Any]:
        """What `Facts` has of cache, sizes, shapes and gaps; `pool` and `test` are published."""
        cache = self.cache
        return {
            "cache": cache,
            "shapes": {m: (self.size(kind, cache, m),) for m, kind in self.kinds.items()},
            **counted(cache, tuple(self.kinds), pool, test),
        }

    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        encoders = self.encoders()
        samples, classes, left_out = self.found_in(folder)
        contents = [{m: _listed(s.files.get(m)) for m in self.kinds} for s in samples]
        self._check(samples, contents, classes, folder)
        observed = np.array([[bool(of[m]) for m in self.kinds] for of in contents])
        arrays: dict[str, np.ndarray] = {}
        for m, modality in enumerate(self.kinds):
            parts = [of[modality] for of in contents if of[modality]]
            ids = [s.id for s, there in zip(samples, observed[:, m], strict=True) if there]
            arrays[modality] = np.zeros((len(samples), encoders[modality].size), dtype=np.float32)
            if parts:
                named = {
                    f"{i}" if len(files) == 1 else f"{i}, {modality} {k + 1}": file
                    for i, files in zip(ids, parts, strict=True)
                    for k, file in enumerate(files)
                }
                rows = features(encoders[modality], Files(named))
                counts = np.array([len(files) for files in parts])
                sums = np.add.reduceat(rows, np.cumsum(counts) - counts)
                arrays[modality][observed[:, m]] = sums / counts[:, None].astype(np.float32)
        arrays |= {
            "observed": observed,
            "labels": np.array([classes.index(s.label) for s in samples]),
            "is_test": np.array([s.is_test for s in samples]),
            "ids": np.array([s.id for s in samples]),
            "classes": np.array(classes),
        }
        lacking = zip(self.kinds, len(samples) - observed.sum(axis=0), strict=True)
        told = [f"{n:,} without {modality}" for modality, n in lacking if n]
        told += [left_out] if left_out else []
        return arrays, f" ({', '.join(told)})" if told else ""

    def _check(
        self,
        samples: list[Copied],
        contents: list[dict[str, tuple[Path | Changed | bytes, ...]]],
        classes: tuple[str, ...],
        folder: Path,
    ) -> None:
        seen: set[str] = set()
        for sample, files in zip(samples, contents, strict=True):
            if sample.id in seen:
                raise InvalidData(f"{folder}: sample {sample.id} occurs more than once")
            seen.add(sample.id)
            if sample.label not in classes:
                raise InvalidData(
                    f"{folder}: sample {sample.id} has the unknown label {sample.label!r}"
                )
            if not any(files.values()):
                raise InvalidData(f"{folder}: sample {sample.id} has no {' and no '.join(files)}")
        for split in (False, True):
            n = len({s.label for s in samples if s.is_test == split})
            if n == 0 or (n == 1 and not split):
                name = "test set" if split else "pool"
                raise InvalidData(
                    f"{folder} has a {name} of {n} classes; a copy of {self.family} holds "
                    f"{self.layout}"
                )


def inside(folder: Path, path: str, place: str) -> Path:
    """A path that a table names, which must stay in the folder.

    Raises:
        InvalidData: it doesn't, or no file could be called so; `place` is where it is named and
            what it is.
    """
    try:
        (folder / path).is_file()
        within = (folder / path).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # too long, or with a zero in it
        raise InvalidData(f"{place} {path!r} can't be a path") from None
    if not within:
        raise InvalidData(f"{place} {path!r} is outside the folder")
    return folder / path


def known_classes(cache: Cache, otherwise: Iterable[str]) -> tuple[str, ...]:
    """Of the cached copy; these where there is none."""
    try:
        return tuple(map(str, cache.load("classes")["classes"]))
    except MindgapError:
        return tuple(otherwise)


def _listed(
    files: Path | Changed | bytes | Iterable[Path] | None,
) -> tuple[Path | Changed | bytes, ...]:
    """The files that are there."""
    if files is None or files == b"":
        return ()
    if isinstance(files, bytes):
        return (files,)
    if isinstance(files, Path | Changed):
        return (files,) if files.is_file() else ()
    return tuple(path for path in files if path.is_file())
