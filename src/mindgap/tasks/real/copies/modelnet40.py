"""Views of ModelNet40 from a local copy: objects as pictures from around them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, known_classes
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.encoded import Kind, WithImages
from mindgap.tasks.real.packaged import Facts

AROUND = 12
N_CLASSES = 40
PUBLISHED = 9843, 2468

_NAME = re.compile(r"(?P<object>.+)\.obj\.\w+_v(?P<view>\d{3})\.png")


@dataclass(frozen=True, kw_only=True)
class Modelnet40(WithImages, EncodedCopy):
    """Forty kinds of objects from pictures of several sides (ModelNet40, twelve views).

    Official split; a modality is a view, `view1` to `view12`, 30 degrees apart, encoded by
    EfficientNet-Lite0, unless told otherwise. A picture that isn't there is missing.

    Attributes:
        views: how many of the twelve, evenly apart, from the first on: 2 are `view1` and, from
            behind, `view7`. What tries every set of modalities takes twice as long for each more.
    """

    layout: ClassVar[str] = (
        "CLASS/train/OBJECT.obj.shaded_v001.png to OBJECT.obj.shaded_v012.png and the same in "
        "CLASS/test, the folder modelnet40_images_new_12x"
    )

    views: Literal[1, 2, 3, 4, 6, 12] = 2

    @property
    def kinds(self) -> dict[str, Kind]:  # type: ignore[override]
        return {f"view{1 + i}": "image" for i in range(0, AROUND, AROUND // self.views)}

    @property
    def family(self) -> str:
        return "modelnet40"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(*PUBLISHED),
            classes=known_classes(self.cache, (f"kind {i}" for i in range(N_CLASSES))),
            description=(
                "Models of furniture, vehicles and household things, drawn in grey from twelve "
                "places around them."
            ),
            source=(
                "the copy distributed with MVCNN; layout by github.com/jongchyisu/mvcnn_pytorch, "
                "tools/ImgDataset.py, views of objects as modalities by "
                "github.com/nyukat/greedy_multimodal_learning, src/dataset.py"
            ),
            licence="not stated with the copy; models are their authors', for academic use",
            citation=(
                "Wu et al., 3D ShapeNets, CVPR 2015; Su et al., Multi-view convolutional neural "
                "networks for 3D shape recognition, ICCV 2015"
            ),
            caveats=(
                "Views of one object are much alike, so each adds little. Classes are uneven, and "
                "some can't be told apart by shape (flower pot, vase, plant)."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        samples, unseen = [], 0
        for split in ("train", "test"):
            for place in sorted(folder.glob(f"*/{split}")):
                label = place.parent.name
                for name, files in sorted(self._objects(place).items()):
                    chosen = {view: files.get(view) for view in self.kinds}
                    if any(chosen.values()):
                        sample = f"{split}/{label}/{name}"
                        samples.append(Copied(sample, label, split == "test", chosen))
                    else:
                        unseen += 1
        if not samples:
            expected(folder / "CLASS" / "train", self)
        classes = tuple(sorted({sample.label for sample in samples}))
        told = f"{unseen:,} left out: no {' and no '.join(self.kinds)}" if unseen else ""
        return samples, classes, told

    def _objects(self, folder: Path) -> dict[str, dict[str, Path]]:
        """Of each object, view -> picture."""
        objects: dict[str, dict[str, Path]] = defaultdict(dict)
        for path in folder.glob("*.png"):
            found = _NAME.fullmatch(path.name)
            if found is None or not 1 <= int(found["view"]) <= AROUND:
                raise InvalidData(
                    f"{path} should be called OBJECT.obj.shaded_vNNN.png, of view 001 to 012"
                )
            objects[found["object"]][f"view{int(found['view'])}"] = path
        return objects
