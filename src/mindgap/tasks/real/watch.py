"""Shoulder exercises seen by the two sensors of a smartwatch (Burns et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.fetch import Cache, Wheel, megabytes
from mindgap.tasks.real.packaged import Facts, Packaged
from mindgap.tasks.real.signals import PER_AXIS, sensor_statistics
from mindgap.tasks.real.unpickle import unpickled_npy

WHEEL = Wheel(
    "seglearn",
    "1.2.5",
    "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd",
    11320941,
)
MEMBER = "seglearn/data/watch_dataset.npy"
SENSORS = {"accelerometer": slice(0, 3), "gyroscope": slice(3, 6)}
CLASSES = ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
WINDOW = 100
N_WINDOWS, N_POOL, N_TEST = 2369, 1500, 500
N_SUBJECTS = 10


@dataclass(frozen=True, kw_only=True)
class Watch(Packaged):
    """Seven shoulder exercises from a smartwatch's accelerometer and gyroscope (Burns et al. 2018).

    2,369 windows of two seconds, 50 values a second, cut from 140 recordings of ten people without
    overlap; both sensors are always observed. Pool and test set are of different people: of the
    person that fills the pool, the windows left over are in neither.

    Attributes:
        form: `statistics` (39 numbers a sensor: moments, extremes and spectrum of each axis) or
            `sequences` (100 steps of three axes).
    """

    form: Literal["statistics", "sequences"] = "statistics"

    @property
    def family(self) -> str:
        return "watch"

    @property
    def facts(self) -> Facts:
        shape = (3 * PER_AXIS,) if self.form == "statistics" else (WINDOW, 3)
        return Facts(
            cache=Cache(self.complete().text, WHEEL.version, megabytes(WHEEL.size)),
            samples=N_WINDOWS,
            pool=N_POOL,
            test=N_TEST,
            shapes=dict.fromkeys(SENSORS, shape),
            classes=CLASSES,
            grouped="the ten people",
            description=(
                "People did sets of twenty repetitions of shoulder exercises, healthy, wearing a "
                "smartwatch at the wrist of the arm that moved."
            ),
            source=f"PyPI {WHEEL.name} {WHEEL.version}, member {MEMBER}",
            licence="package, data included: BSD 3-Clause",
            citation=(
                "Burns et al., Shoulder physiotherapy exercise recognition: machine learning the "
                "inertial signals from a smartwatch, Physiological Measurement 39, 2018"
            ),
            caveats=(
                "Ten people only, so seeds differ by who is in the test set. A random split would "
                "have every person on both sides and tell ten points more accuracy."
            ),
        )

    def read(self) -> dict[str, np.ndarray]:
        windows = cut(unpickled_npy(WHEEL.member(MEMBER), MEMBER))
        if len(windows["labels"]) != N_WINDOWS:
            raise InvalidData(
                f"{MEMBER} gives {len(windows['labels'])} windows, expected {N_WINDOWS}"
            )
        if self.form == "statistics":
            windows |= {sensor: sensor_statistics(windows[sensor]) for sensor in SENSORS}
        return windows


def cut(recordings: Any) -> dict[str, np.ndarray]:
    """Windows of each sensor (N, 100, 3) with `labels` and `groups`, the people from 0.

    Raises:
        InvalidData: a field is missing, lengths differ, a recording isn't (T, 6) of finite
            numbers, or a class or person isn't known.
    """
    if not isinstance(recordings, dict) or not {"X", "y", "subject"} <= set(recordings):
        raise InvalidData(f"{MEMBER} should hold X, y and subject")
    signals, labels, people = (recordings[key] for key in ("X", "y", "subject"))
    if not len(signals) == len(labels) == len(people):
        raise InvalidData(f"{MEMBER}: X, y and subject differ in length")
    windows, counts = [], []
    for i, (signal, label, person) in enumerate(zip(signals, labels, people, strict=True)):
        signal = np.asarray(signal)
        if signal.ndim != 2 or signal.shape[1] != 6 or not np.isfinite(signal).all():
            raise InvalidData(f"{MEMBER}: recording {i} isn't (steps, 6) of finite numbers")
        if label not in range(len(CLASSES)) or person not in range(1, N_SUBJECTS + 1):
            raise InvalidData(f"{MEMBER}: recording {i} has class {label} of person {person}")
        n = len(signal) // WINDOW
        windows.append(signal[: n * WINDOW].reshape(n, WINDOW, 6))
        counts.append(n)
    whole = np.concatenate(windows).astype(np.float32)
    arrays = {sensor: np.ascontiguousarray(whole[:, :, axes]) for sensor, axes in SENSORS.items()}
    labels = np.repeat(np.asarray(labels, dtype=np.int64), counts)
    return {
        **arrays,
        "labels": labels,
        "groups": np.repeat(np.asarray(people, dtype=np.int64), counts) - 1,
    }
