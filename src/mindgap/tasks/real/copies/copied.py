"""Local copies of files that encoders turn into vectors: what they all do once files are found."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.copies.local import Changed, Local, content_of, counted
from mindgap.tasks.real.encoded import Encoded
from mindgap.tasks.real.encoders import Encoder, encoded, needed
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.progress import shown

#: How many files that can't be read are looked for before it stops.
TOLD = 20


@dataclass(frozen=True, slots=True)
class Copied:
    """A sample of a copy.

    Attributes:
        id: its name, of no other sample.
        label: of its class.
        is_test: whether it is in the official test set.
        files: of each modality a file, or what would be in it, or several whose features are
            averaged, as the frames of a video are (looked through more than once, so no
            generator); None or none at all: the modality is missing.
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

    def adopt(self, folder: Path, skip_unreadable: bool = False) -> str:
        arrays, missing, broken = self._read(folder, skip_unreadable)
        taken = (f"taken for missing: {line}" for line in broken)
        return "\n".join([self.kept(arrays, missing), *taken])

    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        arrays, missing, _ = self._read(folder, skip_unreadable=False)
        return arrays, missing

    def _read(
        self, folder: Path, skip_unreadable: bool
    ) -> tuple[dict[str, np.ndarray], str, list[str]]:
        """The arrays, what is missing, and a sentence on each file that can't be read."""
        encoders = self.encoders()
        samples, classes, left_out = self.found_in(folder)
        self._check(samples, classes, folder)
        broken: list[str] = []
        read = {
            modality: self._features(modality, encoder, samples, broken, skip_unreadable)
            for modality, encoder in encoders.items()
            if skip_unreadable or len(broken) < TOLD
        }
        if broken and not skip_unreadable:
            raise InvalidData(_unreadable(broken))
        for modality, (_, there) in read.items():
            if not there.any():
                raise InvalidData(f"{folder}: no file of {modality} can be read")
        observed = np.stack([there for _, there in read.values()], axis=1)
        kept = np.asarray(observed.any(axis=1))
        if not kept.all():
            samples = [s for s, k in zip(samples, kept, strict=True) if k]
            self._check_splits(samples, folder)
        arrays = {m: x if kept.all() else x[kept] for m, (x, _) in read.items()}
        arrays |= {
            "observed": observed[kept],
            "labels": np.array([classes.index(s.label) for s in samples]),
            "is_test": np.array([s.is_test for s in samples]),
            "ids": np.array([s.id for s in samples]),
            "classes": np.array(classes),
        }
        lacking = zip(self.kinds, (~arrays["observed"]).sum(axis=0), strict=True)
        told = [f"{n:,} without {modality}" for modality, n in lacking if n]
        told += [left_out] if left_out else []
        if n := int((~kept).sum()):
            told += [f"{n:,} left out: nothing of them can be read"]
        return arrays, f" ({', '.join(told)})" if told else "", broken

    def _features(
        self,
        modality: str,
        encoder: Encoder,
        samples: list[Copied],
        broken: list[str],
        skip_unreadable: bool,
    ) -> tuple[Float[np.ndarray, "N d"], Bool[np.ndarray, " N"]]:
        """Of each sample the mean over its files, read one at a time, and whether there are any.

        Sentences on files that can't be read are added to `broken`.
        """
        values = np.zeros((len(samples), encoder.size), dtype=np.float32)
        there = np.zeros(len(samples), dtype=bool)
        needed(encoder.modules)
        for i, sample in enumerate(shown(f"encoding {modality} by {encoder.key}", samples)):
            n = 0
            for file in _listed(sample.files.get(modality)):
                name = f"{sample.id}, {modality}," if isinstance(file, bytes) else str(file)
                try:
                    values[i] += encoded(encoder, content_of(file), name)
                    n += 1
                except InvalidData as error:
                    broken.append(str(error))
            if n:
                values[i] /= n
                there[i] = True
            if len(broken) >= TOLD and not skip_unreadable:
                break
        return values, there

    def _check(self, samples: list[Copied], classes: tuple[str, ...], folder: Path) -> None:
        seen: set[str] = set()
        known = set(classes)
        lacking = dict.fromkeys(self.kinds)
        for sample in samples:
            if sample.id in seen:
                raise InvalidData(f"{folder}: sample {sample.id} occurs more than once")
            seen.add(sample.id)
            if sample.label not in known:
                raise InvalidData(
                    f"{folder}: sample {sample.id} has the unknown label {sample.label!r}"
                )
            there = [m for m in self.kinds if _listed(sample.files.get(m))]
            if not there:
                none = " and no ".join(self.kinds)
                raise InvalidData(f"{folder}: sample {sample.id} has no {none}")
            for modality in there:
                lacking.pop(modality, None)
        if samples and lacking:
            raise InvalidData(
                f"{folder}: none of {len(samples):,} samples has {' or '.join(lacking)}; a copy of "
                f"{self.family} holds {self.layout}"
            )
        self._check_splits(samples, folder)

    def _check_splits(self, samples: list[Copied], folder: Path) -> None:
        for split in (False, True):
            n = len({s.label for s in samples if s.is_test == split})
            if n == 0 or (n == 1 and not split):
                name = "test set" if split else "pool"
                raise InvalidData(
                    f"{folder} has a {name} of {n} classes; a copy of {self.family} holds "
                    f"{self.layout}"
                )


def _unreadable(broken: list[str]) -> str:
    many = len(broken) > 1
    more = " or more" if len(broken) >= TOLD else ""
    listed = "\n".join(broken)
    return (
        f"{len(broken)}{more} file{'s' * many} can't be read; mend {'them' if many else 'it'}, or "
        f"take {'them' if many else 'it'} for missing with --skip-unreadable\n{listed}"
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
