"""`MultimodalData`, the one form in which samples travel, and the checks that keep it honest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindgap.errors import InvalidData
from mindgap.tasks.names import name_problem


@dataclass(frozen=True)
class MultimodalData:
    """Samples with named modalities, some of them missing.

    Attributes:
        modalities: name -> float32 tensor (N, ...). Where `observed` is False the value is never
            read: it may hold anything, NaN included.
        observed: (N, M) bool, columns in the order of `modalities`.
        labels: (N,) int64 class numbers, -1 where unknown.
        classes: the C >= 2 class names.
        ids: (N,) distinct strings that stay with a sample through every subset.
    """

    modalities: Mapping[str, Float[Tensor, "N ..."]]
    observed: Bool[Tensor, "N M"]
    labels: Int[Tensor, " N"]
    classes: tuple[str, ...]
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities' names, in the order of the columns of `observed`."""
        return tuple(self.modalities)

    def take(self, rows: Int[Tensor, " n"]) -> MultimodalData:
        """The samples at `rows`, in that order."""
        return replace(
            self,
            modalities={name: x[rows] for name, x in self.modalities.items()},
            observed=self.observed[rows],
            labels=self.labels[rows],
            ids=self.ids[rows.numpy()],
        )

    def validate(self, what: str = "data") -> MultimodalData:
        """Return self, or raise `InvalidData` with one sentence that names the fault's place."""
        for problem in self._problems():
            raise InvalidData(f"{what}: {problem}")
        return self

    def _problems(self) -> Iterator[str]:
        if not self.modalities:
            yield "there is no modality; give at least one"
            return
        for name in self.modalities:
            if (problem := name_problem(name)) is not None:
                yield problem
        if len(self.classes) < 2:
            yield f"at least two classes are needed, got {list(self.classes)}"
        if len(set(self.classes)) < len(self.classes):
            yield f"class names must differ, got {list(self.classes)}"
        n = len(self.labels)
        lengths = {name: len(x) for name, x in self.modalities.items()}
        if set(lengths.values()) != {n}:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            yield f"modalities and labels differ in length: {told}, labels have {n}"
            return
        if tuple(self.observed.shape) != (n, len(self.modalities)):
            yield (
                f"observed has shape {tuple(self.observed.shape)}, "
                f"expected ({n}, {len(self.modalities)}): a row a sample, a column a modality"
            )
            return
        if len(self.ids) != n:
            yield f"there are {len(self.ids)} ids for {n} samples"
            return
        if n == 0:
            yield "there is no sample"
            return
        if self.observed.dtype != torch.bool or self.labels.dtype != torch.int64:
            yield (
                f"observed is {self.observed.dtype} and labels are {self.labels.dtype}, expected "
                "torch.bool and torch.int64"
            )
            return
        if self.labels.ndim != 1:
            yield f"labels have shape {tuple(self.labels.shape)}, expected ({n},)"
            return
        unique, counts = np.unique(self.ids, return_counts=True)
        if (counts > 1).any():
            yield f"sample id {str(unique[counts > 1][0])!r} occurs more than once"
        empty = ~self.observed.any(dim=1)
        if empty.any():
            yield f"{self.first(empty)} has no observed modality"
        outside = (self.labels < -1) | (self.labels >= len(self.classes))
        if outside.any():
            yield (
                f"{self.first(outside)} has label {int(self.labels[outside][0])}, outside the "
                f"{len(self.classes)} classes (0 to {len(self.classes) - 1}, -1 for unknown)"
            )
        for m, (name, x) in enumerate(self.modalities.items()):
            if x.dtype != torch.float32:
                yield f"modality {name!r} is {x.dtype}, expected torch.float32"
                continue
            if x.ndim < 2:
                yield f"modality {name!r} has shape ({n},), expected ({n}, ...), e.g. ({n}, 1)"
                continue
            bad = self.observed[:, m] & ~torch.isfinite(x).flatten(1).all(dim=1)
            if bad.any():
                yield (
                    f"{self.first(bad)} has a NaN or infinite value in modality {name!r}; "
                    "mend it, or mark the modality as not observed there"
                )

    def first(self, where: Bool[Tensor, " N"]) -> str:
        """The first of the samples that `where` marks, by its id."""
        return f"sample {str(self.ids[int(where.nonzero()[0])])!r}"
