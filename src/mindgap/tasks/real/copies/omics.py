"""BRCA and ROSMAP from local copies: patients in three omics, as MOGONET has them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from mindgap.errors import InvalidData
from mindgap.registry import component_name
from mindgap.tasks.real.copies.local import Local, counted, expected
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.packaged import Facts

OMICS = ("mrna", "methylation", "mirna")
SPLITS = ("tr", "te")
SELECTED = (
    "Features were selected and scaled to 0 to 1 by the authors; by which rows, the copy doesn't "
    "say."
)


@dataclass(frozen=True, kw_only=True)
class Omics(Local):
    """What the two sets have in common."""

    layout: ClassVar[str] = (
        "1_tr.csv, 2_tr.csv, 3_tr.csv (a row a patient, no header), labels_tr.csv, and the same "
        "with te for the test set"
    )
    #: Omic -> how many features it has.
    widths: ClassVar[dict[str, int]]
    #: How many patients are in the pool and in the test set.
    published: ClassVar[tuple[int, int]]
    classes: ClassVar[tuple[str, ...]]

    @property
    def family(self) -> str:
        return component_name(type(self))

    def told(self, **of_the_set: Any) -> Facts:
        """With what is particular to a set."""
        cache = Cache(self.complete().text, "1", "a local copy")
        return Facts(
            cache=cache,
            **counted(cache, OMICS, *self.published),
            shapes={omic: (width,) for omic, width in self.widths.items()},
            classes=self.classes,
            citation=(
                "Wang et al., MOGONET integrates multi-omics data using graph convolutional "
                "networks allowing patient classification and biomarker identification, Nature "
                "Communications 12, 2021"
            ),
            **of_the_set,
        )

    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        parts = []
        for split, n in zip(SPLITS, self.published, strict=True):
            part = {
                omic: self._table(folder / f"{i}_{split}.csv", (n, self.widths[omic]))
                for i, omic in enumerate(OMICS, start=1)
            }
            labels = self._labels(folder / f"labels_{split}.csv", n)
            ids = np.array([f"{split}-{i}" for i in range(n)])
            is_test = np.full(n, split == "te")
            parts.append({**part, "labels": labels, "ids": ids, "is_test": is_test})
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return {**arrays, "observed": np.ones((len(arrays["labels"]), len(OMICS)), dtype=bool)}, ""

    def _labels(self, path: Path, n: int) -> Int[np.ndarray, " N"]:
        labels = self._table(path, (n, 1))[:, 0]
        wrong = ~np.isin(labels, np.arange(len(self.classes)))
        if wrong.any():
            raise InvalidData(
                f"{path}, line {wrong.argmax() + 1} has the label {labels[wrong.argmax()]:g}, "
                f"expected 0 to {len(self.classes) - 1}"
            )
        return labels.astype(np.int64)

    def _table(self, path: Path, shape: tuple[int, int]) -> Float[np.ndarray, "N d"]:
        expected(path, self)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # no rows: told below
                table = np.loadtxt(path, np.float32, comments=None, delimiter=",", ndmin=2)
        except (ValueError, OSError) as error:
            raise InvalidData(f"{path} can't be read as numbers: {error}") from None
        if table.shape != shape:
            raise InvalidData(
                f"{path} has {table.shape[0]} rows of {table.shape[1]} numbers, expected "
                f"{shape[0]} of {shape[1]}"
            )
        odd = ~np.isfinite(table).all(axis=1)
        if odd.any():
            raise InvalidData(f"{path}, line {odd.argmax() + 1} has a value that isn't finite")
        return table


@dataclass(frozen=True, kw_only=True)
class Brca(Omics):
    """Five kinds of breast cancer from three omics (BRCA of TCGA, as MOGONET has it).

    612 patients for the pool and 263 for the test set, as published, with the expression of 1,000
    genes, the methylation of 1,000 and 503 micro RNAs; the class is the PAM50 subtype.
    """

    widths: ClassVar[dict[str, int]] = {"mrna": 1000, "methylation": 1000, "mirna": 503}
    published: ClassVar[tuple[int, int]] = (612, 263)
    classes: ClassVar[tuple[str, ...]] = (
        "normal-like",
        "basal-like",
        "HER2-enriched",
        "luminal A",
        "luminal B",
    )

    @property
    def facts(self) -> Facts:
        return self.told(
            description="Patients with invasive breast carcinoma, by the subtype of their tumour.",
            source=(
                "the authors' copy; layout by github.com/txWang/MOGONET, BRCA/ and train_test.py"
            ),
            licence="not stated with the copy; TCGA: open access, without identifying patients",
            caveats=(
                "PAM50 is computed from gene expression, so that omic nearly holds the label and "
                f"dominates. {SELECTED}"
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Rosmap(Omics):
    """Alzheimer's disease or none, from three omics of the brain (ROSMAP, as MOGONET has it).

    245 people for the pool and 106 for the test set, as published, with 200 features of each omic:
    gene expression, methylation and micro RNAs.
    """

    widths: ClassVar[dict[str, int]] = {"mrna": 200, "methylation": 200, "mirna": 200}
    published: ClassVar[tuple[int, int]] = (245, 106)
    classes: ClassVar[tuple[str, ...]] = ("normal control", "Alzheimer's disease")

    @property
    def facts(self) -> Facts:
        return self.told(
            description=(
                "People of two studies of ageing, by whether they had Alzheimer's disease, and "
                "tissue of their brain after death."
            ),
            source=(
                "the authors' copy; layout by github.com/txWang/MOGONET, ROSMAP/ and train_test.py"
            ),
            licence="not stated with the copy; ROSMAP asks for an agreement on the use of its data",
            caveats=f"Few people: 106 in the test set tell accuracy to about 5 points. {SELECTED}",
        )
