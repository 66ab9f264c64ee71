"""SUN RGB-D from a local copy: indoor scenes as a picture and the distances in it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, inside, known_classes
from mindgap.tasks.real.copies.local import Changed, expected
from mindgap.tasks.real.copies.matlab import variables
from mindgap.tasks.real.encoded import Kind, WithImages
from mindgap.tasks.real.encoders import needed
from mindgap.tasks.real.packaged import Facts

#: Scenes of more than 80 pictures.
CLASSES = (
    "bathroom",
    "bedroom",
    "classroom",
    "computer_room",
    "conference_room",
    "corridor",
    "dining_area",
    "dining_room",
    "discussion_area",
    "furniture_store",
    "home_office",
    "kitchen",
    "lab",
    "lecture_theatre",
    "library",
    "living_room",
    "office",
    "rest_space",
    "study_space",
)
PUBLISHED = 4845, 4659
SPLIT = Path("SUNRGBDtoolbox", "traintestSUNRGBD", "allsplit.mat")
ROOT = "SUNRGBD"

#: Distances beyond it, in mm, are as white.
FARTHEST = 8000


@dataclass(frozen=True, kw_only=True)
class SunRgbd(WithImages, EncodedCopy):
    """Nineteen kinds of rooms from a picture and a picture of distances (SUN RGB-D).

    Official split, of the scenes with more than 80 pictures; both pictures are encoded by
    EfficientNet-Lite0, unless told otherwise. Distances are grey, from black (not measured) to
    white (8 m and more). Read as published, where a picture that isn't there is missing, or in
    the variant of TMC and QMF, of one file a sample, the distances in its right half.
    """

    kinds: ClassVar[dict[str, Kind]] = {"rgb": "image", "depth": "image"}
    layout: ClassVar[str] = (
        f"{SPLIT} and {ROOT} with scene.txt, image/*.jpg and depth/*.png in the folder of each "
        "sample; or train/CLASS/*.png and test/CLASS/*.png with the two pictures side by side"
    )

    @property
    def family(self) -> str:
        return "sun_rgbd"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(*PUBLISHED),
            classes=known_classes(self.cache, CLASSES),
            description=(
                "Rooms in universities, homes and shops, taken by four kinds of depth cameras, NYU "
                "Depth v2, B3DO and SUN3D among them."
            ),
            source=(
                "the authors' copy; layout by github.com/davidstutz/superpixel-benchmark, "
                "data/SUNRGBD/README.md, and github.com/facebookresearch/votenet, "
                "sunrgbd/matlab/extract_split.m; side by side by github.com/QingyangZhang/QMF, "
                "RGBD-scene-recognition/data/aligned_conc_dataset.py"
            ),
            licence="not stated with the copy; pictures are their collections'",
            citation="Song et al., SUN RGB-D: a RGB-D scene understanding benchmark suite, 2015",
            caveats=(
                "Classes are uneven and near each other (dining area, dining room). Cameras differ "
                "by class, and a camera shows in its distances. An encoder of pictures reads "
                "distances as grey: published networks are trained on them."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        if (folder / SPLIT).is_file() or not (folder / "train").is_dir():
            return self._official(folder)
        samples = [
            Copied(
                f"{split}/{path.parent.name}/{path.stem}",
                path.parent.name,
                split == "test",
                {part: Changed(path, partial(_half, part=part)) for part in ("rgb", "depth")},
            )
            for split in ("train", "test")
            for path in sorted(expected(folder / split, self).glob("*/*.png"))
        ]
        return samples, tuple(sorted({sample.label for sample in samples})), ""

    def _official(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        samples, other, absent = [], 0, 0
        expected(folder / ROOT, self)
        for name, is_test in self._listed(expected(folder / SPLIT, self)):
            place = inside(folder, name, f"{folder / SPLIT}: the folder")
            if not (place / "scene.txt").is_file():
                absent += 1
                continue
            scene = _text(place / "scene.txt")
            if scene not in CLASSES:
                other += 1
                continue
            [rgb, depth] = (
                _only(place / part, ending)
                for part, ending in (("image", "*.jpg"), ("depth", "*.png"))
            )
            files = {"rgb": rgb, "depth": depth and Changed(depth, _grey)}
            samples.append(Copied(name.removeprefix(f"{ROOT}/"), scene, is_test, files))
        told = [f"{other:,} of other scenes left out"] if other else []
        told += [f"{absent:,} left out: no scene.txt"] if absent else []
        return samples, CLASSES, ", ".join(told)

    def _listed(self, path: Path) -> Iterator[tuple[str, bool]]:
        """The samples' folders, from that of the data set on, and whether each is for testing."""
        names = ("alltrain", "alltest")
        for name, cells in zip(names, variables(path, *((name,) for name in names)), strict=True):
            for cell in cells.flat:
                place = str(cell.item()) if getattr(cell, "size", 0) == 1 else ""
                start = place.find(f"/{ROOT}/")
                if start < 0:
                    raise InvalidData(f"{path}: {name} has {place!r}, expected .../{ROOT}/...")
                yield place[start + 1 :].strip("/"), name == "alltest"


def _only(folder: Path, ending: str) -> Path | None:
    found = sorted(folder.glob(ending))
    if len(found) > 1:
        raise InvalidData(f"{folder} should hold one file {ending}, but has {len(found)}")
    return found[0] if found else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidData(f"{path} can't be read: {error}") from None


def _grey(content: bytes, name: str) -> bytes:
    """Distances as a grey picture; the file keeps mm, its 16 bits turned left by three."""
    [image] = needed(("PIL.Image",))
    try:
        with image.open(io.BytesIO(content), formats=("PNG",)) as opened:
            mode, turned = opened.mode, np.asarray(opened)
    except Exception as error:  # a decoder raises anything
        raise InvalidData(f"{name} can't be decoded as a picture: {error}") from None
    if not mode.startswith("I") or turned.max() >= 2**16:
        raise InvalidData(f"{name} should have distances of 16 bits")
    turned = turned.astype(np.uint16)
    far = np.minimum((turned >> 3) | (turned << 13), FARTHEST)
    return _png(image.fromarray((far * (255 / FARTHEST)).round().astype(np.uint8)))


def _half(content: bytes, name: str, *, part: Literal["rgb", "depth"]) -> bytes:
    """The left half of a picture, or the right one."""
    [image] = needed(("PIL.Image",))
    try:
        with image.open(io.BytesIO(content), formats=("PNG",)) as opened:
            whole = opened.convert("RGB")
    except Exception as error:  # a decoder raises anything
        raise InvalidData(f"{name} can't be decoded as a picture: {error}") from None
    width, height = whole.size
    if width < 2:
        raise InvalidData(f"{name} should have two pictures side by side, but is one pixel wide")
    middle = width // 2
    box = (0, 0, middle, height) if part == "rgb" else (middle, 0, width, height)
    return _png(whole.crop(box))


def _png(picture: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
