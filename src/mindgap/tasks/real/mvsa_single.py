"""MVSA-Single from a local copy: tweets with a picture, by sentiment (Niu et al. 2016)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.encoded import Encoded
from mindgap.tasks.real.encoders import features
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.local import Files, Local, counted, expected
from mindgap.tasks.real.packaged import Facts

CLASSES = ("negative", "neutral", "positive")
FIELDS = {"id", "label", "text", "img"}

#: File -> how many rows the published one has.
SPLITS = {"train": 1555, "dev": 518, "test": 519}


@dataclass(frozen=True, kw_only=True)
class MvsaSingle(Encoded, Local):
    """The sentiment of a tweet from its picture and its text (MVSA-Single).

    Split as published with QMF; train and dev are the pool, since `budget.validation` draws from
    it. Picture and text are encoded by EfficientNet-Lite0 and MiniLM, unless told otherwise. A
    picture that isn't there and a text that is empty are missing.
    """

    layout: ClassVar[str] = (
        "train.jsonl, dev.jsonl and test.jsonl (id, label, text, img), and the pictures where img "
        "says, data/ID.jpg"
    )

    @property
    def family(self) -> str:
        return "mvsa_single"

    @property
    def facts(self) -> Facts:
        cache = Cache(self.complete().text, "1", "a local copy")
        pool = SPLITS["train"] + SPLITS["dev"]
        return Facts(
            **counted(cache, ("image", "text"), pool, SPLITS["test"]),
            cache=cache,
            shapes={"image": (self.size("image", cache),), "text": (self.size("text", cache),)},
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

    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        encoders = {"image": self.encoder("image"), "text": self.encoder("text")}
        rows = [(split, row) for split in SPLITS for row in self._rows(folder, split)]
        ids = [f"{split}-{row['id']}" for split, row in rows]
        if len(set(ids)) < len(ids):
            twice = next(i for i in ids if ids.count(i) > 1)
            raise InvalidData(f"{folder}: sample {twice} occurs more than once")
        pictures = {
            i: folder / row["img"]
            for i, (_, row) in zip(ids, rows, strict=True)
            if (folder / row["img"]).is_file()
        }
        texts = {
            i: row["text"].encode()
            for i, (_, row) in zip(ids, rows, strict=True)
            if row["text"].strip()
        }
        found = {"image": Files(pictures), "text": texts}
        observed = np.array([[i in pictures, i in texts] for i in ids])
        if not observed.any(axis=1).all():
            lost = ids[int(np.flatnonzero(~observed.any(axis=1))[0])]
            raise InvalidData(f"{folder}: sample {lost} has neither a picture nor a text")
        arrays: dict[str, np.ndarray] = {}
        for m, (kind, encoder) in enumerate(encoders.items()):
            arrays[kind] = np.zeros((len(ids), encoder.size), dtype=np.float32)
            arrays[kind][observed[:, m]] = features(encoder, found[kind])
        without = len(ids) - observed.sum(axis=0)
        return {
            **arrays,
            "observed": observed,
            "labels": np.array([CLASSES.index(row["label"]) for _, row in rows]),
            "is_test": np.array([split == "test" for split, _ in rows]),
            "ids": np.array(ids),
        }, f" ({without[0]:,} without picture, {without[1]:,} without text)"

    def _rows(self, folder: Path, split: str) -> list[dict[str, Any]]:
        path = expected(folder / f"{split}.jsonl", self)
        rows = []
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            place = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InvalidData(f"{place} is no JSON: {error}") from None
            if not isinstance(row, dict) or not set(row) >= FIELDS:
                raise InvalidData(f"{place} should have {', '.join(sorted(FIELDS))}")
            if row["label"] not in CLASSES:
                raise InvalidData(f"{place} has the unknown label {row['label']!r}")
            if not isinstance(row["text"], str) or not isinstance(row["img"], str):
                raise InvalidData(f"{place}: text and img should be texts")
            if not (folder / row["img"]).resolve().is_relative_to(folder.resolve()):
                raise InvalidData(f"{place}: the picture {row['img']!r} is outside the folder")
            rows.append(row)
        return rows
