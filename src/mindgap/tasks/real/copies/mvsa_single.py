"""MVSA-Single from a local copy: tweets with a picture, by sentiment (Niu et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, inside
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import Fields, json_lines
from mindgap.tasks.real.encoded import Kind, WithImages, WithTexts
from mindgap.tasks.real.packaged import Facts

CLASSES = ("negative", "neutral", "positive")
FIELDS: Fields = {"id": (str, int), "label": str, "text": str, "img": str}

#: File -> how many rows the published one has.
SPLITS = {"train": 1555, "dev": 518, "test": 519}


@dataclass(frozen=True, kw_only=True)
class MvsaSingle(WithImages, WithTexts, EncodedCopy):
    """The sentiment of a tweet from its picture and its text (MVSA-Single).

    Split as published with QMF; train and dev are the pool, since `budget.validation` draws from
    it. Picture and text are encoded by EfficientNet-Lite0 and MiniLM, unless told otherwise. A
    picture that isn't there and a text that is empty are missing.
    """

    kinds: ClassVar[dict[str, Kind]] = {"image": "image", "text": "text"}
    layout: ClassVar[str] = (
        "train.jsonl, dev.jsonl and test.jsonl (id, label, text, img), and the pictures where img "
        "says, data/ID.jpg"
    )

    @property
    def family(self) -> str:
        return "mvsa_single"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(SPLITS["train"] + SPLITS["dev"], SPLITS["test"]),
            classes=CLASSES,
            description=(
                "Tweets with one picture each. Two labels, of the text and of the picture, were "
                "merged into one; tweets whose labels contradict each other aren't in the set."
            ),
            source=(
                "the authors' copy; layout by github.com/QingyangZhang/QMF, "
                "text-image-classification/datasets/MVSA_Single"
            ),
            licence="not stated with the copy; pictures and texts are their authors'",
            citation="Niu et al., Sentiment analysis on multi-view social data, MMM 2016",
            caveats=(
                "One label for both modalities: where picture and text were labelled differently, "
                "the one that isn't neutral counts. Classes are uneven."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        samples = [
            Copied(
                f"{split}-{row['id']}",
                row["label"],
                split == "test",
                {"image": folder / row["img"], "text": row["text"].strip().encode()},
            )
            for split in SPLITS
            for row in self._rows(folder, split)
        ]
        return samples, CLASSES, ""

    def _rows(self, folder: Path, split: str) -> list[dict[str, Any]]:
        path = expected(folder / f"{split}.jsonl", self)
        rows = []
        for place, row in json_lines(path, FIELDS):
            if row["label"] not in CLASSES:
                raise InvalidData(f"{place} has the unknown label {row['label']!r}")
            inside(folder, row["img"], f"{place}: the picture")
            rows.append(row)
        return rows
