"""Sets of the multi-view literature from local copies: one .mat file of several views each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int

from mindgap.errors import InvalidData
from mindgap.registry import component_name
from mindgap.tasks.real.copies.copied import known_classes
from mindgap.tasks.real.copies.local import Local, expected
from mindgap.tasks.real.copies.matlab import variables
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.packaged import Facts, Packaged

#: What the labels may be called.
LABELS = ("Y", "y", "gt")
SOURCE = "a copy of the .mat file; layout by github.com/yeqinglee/mvdata, README.md and get_data.sh"
UNSPLIT = (
    "There is no official split, papers use their own: the seed splits the rows, 70 % of them for "
    "the pool, and relatives among them aren't known."
)


@dataclass(frozen=True, kw_only=True)
class MultiView(Local):
    """What these sets have in common; a view is known by how many features it has."""

    file: ClassVar[str]
    samples: ClassVar[int]
    n_classes: ClassVar[int]
    #: View -> how many features it has, no two the same.
    views: ClassVar[Mapping[str, int]]

    # No official split: rows are drawn by the seed, as those out of packages are.
    split = Packaged.split
    _stored = Packaged._stored

    @property
    def layout(self) -> str:  # type: ignore[override]
        return f"{self.file}: X, a cell of views (samples, features), and Y, labels from 1"

    @property
    def family(self) -> str:
        return component_name(type(self))

    def told(self, **of_the_set: Any) -> Facts:
        """With what is particular to a set."""
        cache = Cache(self.complete().text, "1", "a local copy")
        pool = round(0.7 * self.samples)
        return Facts(
            cache=cache,
            samples=self.samples,
            pool=pool,
            test=self.samples - pool,
            shapes={view: (size,) for view, size in self.views.items()},
            classes=known_classes(cache, map(str, range(1, self.n_classes + 1))),
            source=SOURCE,
            **of_the_set,
        )

    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        path = expected(folder / self.file, self)
        cells, given = variables(path, ("X",), LABELS)
        found = [self._view(path, i, cell) for i, cell in enumerate(cells.flat, start=1)]
        sizes = [x.shape[1] for x in found]
        if sorted(sizes) != sorted(self.views.values()):
            raise InvalidData(
                f"{path}: X has views of {', '.join(map(str, sizes))} features, expected "
                f"{', '.join(map(str, self.views.values()))} in any order"
            )
        views = {view: found[sizes.index(size)] for view, size in self.views.items()}
        labels = self._labels(path, given)
        classes = np.unique(labels)
        return {**views, "labels": labels - classes[0], "classes": classes.astype(str)}, ""

    def _view(self, path: Path, number: int, cell: Any) -> np.ndarray:
        x = np.asarray(cell)
        if x.ndim != 2 or x.dtype.kind not in "iuf" or len(x) != self.samples:
            raise InvalidData(
                f"{path}: view {number} of X has {x.dtype} of {x.shape}, expected numbers of "
                f"({self.samples}, features)"
            )
        odd = ~np.isfinite(x).all(axis=1)
        if odd.any():
            raise InvalidData(f"{path}: view {number} of X, row {odd.argmax() + 1} isn't finite")
        return x.astype(np.float32)

    def _labels(self, path: Path, given: Any) -> Int[np.ndarray, " N"]:
        numbers = np.asarray(given).reshape(-1)
        if numbers.dtype.kind not in "iuf" or len(numbers) != self.samples:
            raise InvalidData(
                f"{path} has labels of {numbers.dtype} of {np.shape(given)}, expected "
                f"{self.samples} numbers"
            )
        kinds = np.unique(numbers)
        if kinds[0] not in (0, 1) or not np.array_equal(
            kinds, kinds[0] + np.arange(self.n_classes)
        ):
            raise InvalidData(
                f"{path} has labels from {kinds[0]:g} to {kinds[-1]:g}, {len(kinds)} of them, "
                f"expected 1 to {self.n_classes}"
            )
        return numbers.astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Handwritten(MultiView):
    """Handwritten digits in six views (Handwritten, UCI multiple features).

    2,000 digits off maps, 200 of each; the same as `mfeat`, with the strong views, which leave
    little to learn together. Classes are called by their label in the file.
    """

    file: ClassVar[str] = "handwritten.mat"
    samples: ClassVar[int] = 2000
    n_classes: ClassVar[int] = 10
    views: ClassVar[Mapping[str, int]] = {
        "pixels": 240,
        "fourier": 76,
        "profile": 216,
        "zernike": 47,
        "karhunen": 64,
        "morphology": 6,
    }

    @property
    def facts(self) -> Facts:
        return self.told(
            description=(
                "Numerals on Dutch utility maps, as pixels averaged over 2 x 3, Fourier "
                "coefficients of their outline, profile correlations, Zernike moments, "
                "Karhunen-Loeve coefficients and six morphological numbers."
            ),
            licence="not stated with the copy; UCI: CC BY 4.0",
            citation="Duin, Multiple features, UCI Machine Learning Repository, 1998",
            caveats=f"{UNSPLIT} Writers aren't known. Accuracy is near its ceiling.",
        )


CALTECH_VIEWS = {
    "gabor": 48,
    "wavelets": 40,
    "centrist": 254,
    "hog": 1984,
    "gist": 512,
    "lbp": 928,
}
CALTECH = {
    "description": (
        "Pictures of things, as Gabor features, wavelet moments, CENTRIST, histograms of oriented "
        "gradients, GIST and local binary patterns."
    ),
    "licence": "not stated with the copy; Caltech 101: CC BY 4.0",
    "citation": (
        "Fei-Fei et al., Learning generative visual models from few training examples, 2004; Li et "
        "al., Large-scale multi-view spectral clustering via bipartite graph, AAAI 2015"
    ),
    "caveats": (
        f"{UNSPLIT} Classes are uneven. All views are of one picture: what one lacks, others have."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Caltech7(MultiView):
    """Seven classes of Caltech101 in six views of a picture (Caltech101-7).

    1,474 pictures. Classes are called by their label in the file, which doesn't name them.
    """

    name: ClassVar[str] = "caltech101_7"
    file: ClassVar[str] = "Caltech101-7.mat"
    samples: ClassVar[int] = 1474
    n_classes: ClassVar[int] = 7
    views: ClassVar[Mapping[str, int]] = CALTECH_VIEWS

    @property
    def facts(self) -> Facts:
        return self.told(**CALTECH)


@dataclass(frozen=True, kw_only=True)
class Caltech20(MultiView):
    """Twenty classes of Caltech101 in six views of a picture (Caltech101-20).

    2,386 pictures. Classes are called by their label in the file, which doesn't name them.
    """

    name: ClassVar[str] = "caltech101_20"
    file: ClassVar[str] = "Caltech101-20.mat"
    samples: ClassVar[int] = 2386
    n_classes: ClassVar[int] = 20
    views: ClassVar[Mapping[str, int]] = CALTECH_VIEWS

    @property
    def facts(self) -> Facts:
        return self.told(**CALTECH)


@dataclass(frozen=True, kw_only=True)
class NusWideObj(MultiView):
    """Things in pictures of Flickr in five views of low level (NUS-WIDE-OBJECT).

    26,315 pictures of 31 classes. Classes are called by their label in the file, which doesn't
    name them.
    """

    file: ClassVar[str] = "NUSWIDEOBJ.mat"
    samples: ClassVar[int] = 26_315
    n_classes: ClassVar[int] = 31
    views: ClassVar[Mapping[str, int]] = {
        "colour_histogram": 65,
        "colour_moments": 226,
        "correlogram": 145,
        "edges": 74,
        "wavelets": 129,
    }

    @property
    def facts(self) -> Facts:
        return self.told(
            description=(
                "Pictures that show one of 31 things, as colour histogram, colour moments in "
                "blocks, colour correlogram, directions of edges and wavelet texture."
            ),
            licence="not stated with the copy; pictures are their authors'",
            citation="Chua et al., NUS-WIDE: a real-world web image database, CIVR 2009",
            caveats=(
                f"{UNSPLIT} Each view has one number more than its feature as published (64, 225, "
                "144, 73, 128); what it is isn't stated. Copies of 30,000 pictures aren't read."
            ),
        )
