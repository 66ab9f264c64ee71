"""Kinetics-Sounds from a local copy: what people do, seen and heard (Arandjelovic et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.clips import Row, clip_id, gathered, of_youtube
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import csv_rows
from mindgap.tasks.real.encoded import Kind, WithImages, WithSounds
from mindgap.tasks.real.packaged import Facts

SPLITS = ("train", "test")

#: In the order of their numbers, which is the alphabet's.
CLASSES = (
    "blowing nose",
    "blowing out candles",
    "bowling",
    "chopping wood",
    "dribbling basketball",
    "laughing",
    "mowing lawn",
    "playing accordion",
    "playing bagpipes",
    "playing bass guitar",
    "playing clarinet",
    "playing drums",
    "playing guitar",
    "playing harmonica",
    "playing keyboard",
    "playing organ",
    "playing piano",
    "playing saxophone",
    "playing trombone",
    "playing trumpet",
    "playing violin",
    "playing xylophone",
    "ripping paper",
    "shoveling snow",
    "shuffling cards",
    "singing",
    "stomping grapes",
    "tap dancing",
    "tapping guitar",
    "tapping pen",
    "tickling",
)

#: How many clips the published protocol had of those listed.
PUBLISHED = 14_739, 2_594


@dataclass(frozen=True, kw_only=True)
class KineticsSounds(WithImages, WithSounds, EncodedCopy):
    """31 things that people do, from frames and sound of ten seconds (Kinetics-Sounds).

    The split is that of the lists. Frames and sound are encoded by EfficientNet-Lite0 and the
    speech embedding, unless told otherwise; of the frames at most five, evenly spaced, whose
    features are averaged. Frames or a sound that aren't there are missing; a clip with neither is
    left out.
    """

    kinds: ClassVar[dict[str, Kind]] = {"video": "image", "audio": "audio"}
    layout: ClassVar[str] = (
        "my_train.txt and my_test.txt (YTID_SECOND,10,CLASS), and for each split "
        "SPLIT/video/LABEL/YTID_START_END/frame_0.jpg and so on and "
        "SPLIT/audio/LABEL/YTID_START_END.wav"
    )

    @property
    def family(self) -> str:
        return "kinetics_sounds"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(*PUBLISHED),
            classes=CLASSES,
            description=(
                "Clips of Kinetics-400 whose class can be seen and heard, in theory; clips are "
                "taken from YouTube by whoever makes a copy, so copies differ by what was deleted."
            ),
            source=(
                "videos of YouTube; layout by github.com/MengShen0709/bmmal, readme.md, "
                "dataset/kinetics_sound.py and dataset/kinetics_sound/my_test.txt"
            ),
            licence="CC BY 4.0 (Kinetics-400's labels); the videos are their uploaders'",
            citation="Arandjelovic and Zisserman, Look, listen and learn, ICCV 2017",
            caveats=(
                "That the class numbers of the lists follow the alphabet was checked on two clips "
                "of known class. Uploaders may have clips on both sides of the split. Encoders are "
                "fixed, unlike the published protocol's, so accuracies aren't comparable; "
                "EfficientNet-Lite0 sees single frames, no motion, and the speech embedding was "
                "trained on words: take an hf: model for sounds where one can be had."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        rows = [row for split in SPLITS for row in self._rows(folder, split)]
        videos, strange = of_youtube(rows, self._paths(folder, "video"))
        sounds, more = of_youtube(rows, self._paths(folder, "audio"))
        samples, told = gathered(self, folder, rows, videos, sounds)
        if strange + more:
            told.append(f"{strange + more:,} files or folders of no clip listed")
        return samples, CLASSES, "; ".join(told)

    def _paths(self, folder: Path, modality: str) -> Iterator[Path]:
        for split in SPLITS:
            yield from expected(folder / split / modality, self).glob("*/*")

    def _rows(self, folder: Path, split: str) -> Iterator[Row]:
        path = expected(folder / f"my_{split}.txt", self)
        for place, row in csv_rows(path, ("clip", "seconds", "class"), header=False):
            number = row["class"].strip()
            if not (number.isdecimal() and int(number) < len(CLASSES)):
                raise InvalidData(
                    f"{place} has the unknown class {number!r}; classes are numbers from 0 to "
                    f"{len(CLASSES) - 1}"
                )
            name = clip_id(row["clip"].strip(), place)
            yield Row(place, name, CLASSES[int(number)], split == "test")
