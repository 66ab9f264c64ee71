"""UPMC-Food101 from a local copy: dishes, and the web pages their pictures were found on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, known_classes
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.encoded import Kind, WithImages, WithTexts
from mindgap.tasks.real.packaged import Facts

#: Words of a recipe that are kept, and the word that it begins after.
LONGEST, BEGIN = 100, "ingredients"
N_CLASSES = 101

#: About how large pool and test set of a whole copy are.
PUBLISHED = 67_988, 22_716

_NAME = re.compile(r"\w+_([\d-]+)\.\w+")
_MARKS = re.compile(r"[<>/\\+=\-_\[\]{}'\":;.,()*&^%$#@!~`|]")


@dataclass(frozen=True, kw_only=True)
class Food101(WithImages, WithTexts, EncodedCopy):
    """101 dishes from a picture and the recipe on its page (UPMC-Food101).

    Official split; picture and recipe are encoded by EfficientNet-Lite0 and MiniLM, unless told
    otherwise. The recipe is the up to 100 words after the word `ingredients`; a page without that
    word is left out with its picture, as in the published active-learning protocol (Shen et al.
    2023), and one without a page has no text. Sizes are those of the copy; copies differ a little.
    """

    kinds: ClassVar[dict[str, Kind]] = {"image": "image", "text": "text"}
    layout: ClassVar[str] = (
        "images/train/LABEL/LABEL_ID.jpg, images/test/LABEL/LABEL_ID.jpg and "
        "texts_txt/LABEL/LABEL_ID.txt"
    )

    @property
    def family(self) -> str:
        return "food101"

    @property
    def facts(self) -> Facts:
        dishes = (f"dish {i}" for i in range(N_CLASSES))
        return Facts(
            **self.measured(*PUBLISHED),
            classes=known_classes(self.cache, dishes),
            description=(
                "Pictures that an image search found for the name of a dish, and the text of the "
                "page that each was on, so both are noisy: some pictures show no food."
            ),
            source=(
                "the authors' copy (Wang et al.); layout by github.com/MengShen0709/bmmal, "
                "dataset/food101/preprocess.py"
            ),
            licence="not stated with the copy; pictures and texts are their pages' authors'",
            citation="Wang et al., Recipe recognition with large multimodal food dataset, 2015",
            caveats=(
                "Labels come from the search, unchecked. The recipe often names the dish. One page "
                "may have several pictures, on both sides of the official split. Our encoders are "
                "fixed, unlike the published protocol's, so accuracies aren't comparable."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        samples: list[Copied] = []
        left_out = 0
        for split in ("train", "test"):
            for path in sorted(expected(folder / "images" / split, self).glob("*/*")):
                found = _NAME.fullmatch(path.name)
                if found is None:
                    raise InvalidData(f"{path} should be called LABEL_ID.jpg")
                label = path.parent.name
                page = folder / "texts_txt" / label / f"{label}_{found[1]}.txt"
                recipe = recipe_of(page.read_bytes()) if page.is_file() else b""
                if recipe is None:
                    left_out += 1
                    continue
                name, is_test = f"{split}/{path.stem}", split == "test"
                samples.append(Copied(name, label, is_test, {"image": path, "text": recipe}))
        expected(folder / "texts_txt", self)
        classes = tuple(sorted({sample.label for sample in samples}))
        return samples, classes, f"{left_out:,} left out: no {BEGIN}" if left_out else ""


def recipe_of(page: bytes) -> bytes | None:
    """The words after `ingredients`, without marks, in lower case; None if there is no such word.

    Where a page has several words that hold it, the first place of the last of them counts.
    """
    words = _MARKS.sub(" ", page.decode("utf-8", "replace")).lower().split()
    if BEGIN not in words:
        return None
    last = [word for word in words if BEGIN in word][-1]
    start = words.index(last) + 1
    return " ".join(words[start : start + LONGEST]).encode()
