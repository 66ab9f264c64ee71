"""CREMA-D from a local copy: emotions that actors show in face and voice (Cao et al. 2014)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from mindgap.errors import InvalidData, MindgapError, unknown
from mindgap.tasks.real.copies.clips import Row, gathered
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import csv_rows
from mindgap.tasks.real.encoded import Kind, WithImages, WithSounds
from mindgap.tasks.real.packaged import Facts

#: As clips and tables abbreviate them, in OGM-GE's order.
CLASSES = {
    "NEU": "neutral",
    "HAP": "happy",
    "SAD": "sad",
    "FEA": "fear",
    "DIS": "disgust",
    "ANG": "anger",
}

#: Actor, sentence, emotion, level.
STEM = re.compile(r"(\d{4})_[A-Z]{3}_([A-Z]{3})_[A-Z]{1,2}", re.ASCII)

#: Every so many actors one is of the test set, where actors are apart.
EVERY = 5

#: How large pool and test set of a whole copy are; with actors apart, about.
PUBLISHED = {"official": (6_698, 744), "actors": (5_966, 1_476)}


@dataclass(frozen=True, kw_only=True)
class CremaD(WithImages, WithSounds, EncodedCopy):
    """Six emotions, from frames of an actor's face and the sound of one sentence (CREMA-D).

    Face and voice are encoded by EfficientNet-Lite0 and the speech embedding, unless told
    otherwise; of the frames at most five, evenly spaced, whose features are averaged. Frames or a
    sound that aren't there are missing; a clip with neither is left out.

    Attributes:
        test: what is the test set: `official`, OGM-GE's tenth of the clips, whose actors are in
            the pool, too; or `actors`, all clips of those whose number five divides, 18 of 91, of
            whom the pool has none.
    """

    test: Literal["official", "actors"] = "official"

    kinds: ClassVar[dict[str, Kind]] = {"video": "image", "audio": "audio"}
    layout: ClassVar[str] = (
        "train.csv and test.csv (STEM,EMOTION; of OGM-GE's data/CREMAD), Image-01-FPS/STEM/*.jpg "
        "and AudioWAV/STEM.wav, where STEM is ACTOR_SENTENCE_EMOTION_LEVEL"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test not in PUBLISHED:
            raise MindgapError(unknown("test set", self.test, PUBLISHED))

    @property
    def family(self) -> str:
        return "crema_d"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(*PUBLISHED[self.test]),
            classes=tuple(CLASSES.values()),
            description=(
                "91 actors say twelve sentences with six emotions; the label is what they were "
                "asked to show, not what others saw or heard."
            ),
            source=(
                "the authors' copy, github.com/CheyneyComputerScience/CREMA-D; lists and frames by "
                "github.com/GeWu-Lab/OGM-GE_CVPR2022, dataset/CramedDataset.py, "
                "data/CREMAD/test.csv and data/CREMAD/video_preprocessing.py"
            ),
            licence="Open Database License 1.0",
            citation="Cao et al., CREMA-D: crowd-sourced emotional multimodal actors dataset, 2014",
            caveats=(
                "In the official split the same actors say the same sentences on both sides, so "
                "it also measures who is recognised; test=actors keeps them apart. "
                "EfficientNet-Lite0 was trained on objects, not faces."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        rows = [row for split in ("train", "test") for row in self._rows(folder, split)]
        frames = expected(folder / "Image-01-FPS", self)
        voices = expected(folder / "AudioWAV", self)
        videos = {row.id: frames / row.id for row in rows}
        sounds = {row.id: voices / f"{row.id}.wav" for row in rows}
        samples, told = gathered(self, folder, rows, videos, sounds)
        return samples, tuple(CLASSES.values()), "; ".join(told)

    def _rows(self, folder: Path, split: str) -> Iterator[Row]:
        path = expected(folder / f"{split}.csv", self)
        for place, row in csv_rows(path, ("stem", "emotion"), header=False):
            stem, emotion = row["stem"].strip(), row["emotion"].strip()
            name = STEM.fullmatch(stem)
            if name is None:
                raise InvalidData(f"{place}: {stem!r} should be ACTOR_SENTENCE_EMOTION_LEVEL")
            if emotion not in CLASSES:
                raise InvalidData(f"{place}: {unknown('emotion', emotion, CLASSES)}")
            if emotion != name[2]:
                raise InvalidData(f"{place}: {stem} is {emotion} here, and {name[2]} by its name")
            apart = int(name[1]) % EVERY == 0
            is_test = apart if self.test == "actors" else split == "test"
            yield Row(place, stem, CLASSES[emotion], is_test)
