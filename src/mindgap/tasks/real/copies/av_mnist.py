"""AV-MNIST from a local copy, in the layout of MultiBench (Liang et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.local import Local, expected
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.packaged import Facts

EDGE, SOUND_EDGE, CELL = 28, 112, 4
SPLITS = {"train": 60_000, "test": 10_000}
CACHE = Cache("av_mnist", "1", "a local copy")


@dataclass(frozen=True, kw_only=True)
class AvMnist(Local):
    """Handwritten digits without most of their energy, and spoken digits in noise (AV-MNIST).

    60,000 samples for the pool and 10,000 for the test set, as published: an image of 28 x 28 and
    a spectrogram of 112 x 112, averaged over cells of 4 x 4. What MultiBench sets aside for
    validation, the last 5,000 of the pool, stays in the pool; `budget.validation` draws from it.
    """

    layout: ClassVar[str] = (
        "image/train_data.npy, image/test_data.npy (samples, 784), audio/train_data.npy, "
        "audio/test_data.npy (samples, 112, 112), train_labels.npy and test_labels.npy"
    )

    @property
    def family(self) -> str:
        return "av_mnist"

    @property
    def images(self) -> frozenset[str]:
        return frozenset({"image"})

    @property
    def facts(self) -> Facts:
        cell = SOUND_EDGE // CELL
        return Facts(
            cache=CACHE,
            samples=sum(SPLITS.values()),
            pool=SPLITS["train"],
            test=SPLITS["test"],
            shapes={"image": (1, EDGE, EDGE), "audio": (1, cell, cell)},
            classes=tuple("0123456789"),
            description=(
                "MNIST after three quarters of its energy were taken away by PCA, paired with "
                "spoken digits (FSDD) in noise of everyday scenes (ESC-50), as spectrograms."
            ),
            source="the authors' copy; layout by github.com/pliang279/MultiBench, datasets/avmnist",
            licence="not stated with the copy; MNIST: CC BY-SA 3.0, FSDD: CC BY-SA 4.0",
            citation=(
                "Vielzeuf et al., CentralNet: a multilayer approach for multimodal fusion, 2018; "
                "Liang et al., MultiBench, 2021"
            ),
            caveats=(
                "A spoken digit has few speakers and is used many times, also on both sides of the "
                "official split."
            ),
        )

    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        parts = []
        for split, n in SPLITS.items():
            image = self._read(folder / "image" / f"{split}_data.npy", (n, EDGE * EDGE))
            audio = self._read(folder / "audio" / f"{split}_data.npy", (n, SOUND_EDGE, SOUND_EDGE))
            labels = self._read(folder / f"{split}_labels.npy", (n,))
            if not np.isin(labels, np.arange(10)).all():
                raise InvalidData(f"{folder / f'{split}_labels.npy'}: a label is no digit")
            cells = SOUND_EDGE // CELL
            small = audio.reshape(n, cells, CELL, cells, CELL).mean((2, 4), dtype=np.float32)
            parts.append(
                {
                    "image": (image / np.float32(255)).astype(np.float32).reshape(n, 1, EDGE, EDGE),
                    "audio": (small / np.float32(255))[:, None],
                    "labels": labels.astype(np.int64),
                    "is_test": np.full(n, split == "test"),
                    "ids": np.array([f"{split}-{i}" for i in range(n)]),
                }
            )
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return {**arrays, "observed": np.ones((len(arrays["labels"]), 2), dtype=bool)}, ""

    def _read(self, path: Path, shape: tuple[int, ...]) -> np.ndarray:
        try:
            array: np.ndarray = np.load(expected(path, self), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InvalidData(f"{path} can't be read as an array of numbers: {error}") from None
        if array.shape != shape or array.dtype.kind not in "iuf":
            raise InvalidData(f"{path} has {array.dtype} of {array.shape}, expected {shape}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InvalidData(f"{path} has a value that is no finite number")
        return array
