"""VGGSound from a local copy: 309 sounds and what makes them (Chen et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import ClassVar

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.clips import Row, clip_id, gathered, of_youtube
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, known_classes
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import csv_rows
from mindgap.tasks.real.encoded import Kind, WithImages, WithSounds
from mindgap.tasks.real.packaged import Facts

COLUMNS = ("video", "second", "label", "split")
N_CLASSES = 309

#: About how large pool and test set of a whole copy are.
PUBLISHED = 183_730, 15_446

#: Where frames and sounds are: in the layout of the active-learning protocol, and in OGM-GE's.
VIDEOS = ("frames/*/*/*", "*-videos/*-set-img/Image-*-FPS/*")
SOUNDS = ("audio/*/*/*", "*-audios/*-set/*")


@dataclass(frozen=True, kw_only=True)
class Vggsound(WithImages, WithSounds, EncodedCopy):
    """309 kinds of sound, from ten seconds of it and frames of its source (VGGSound).

    Official split, whatever folder a clip is in. Frames and sound are encoded by
    EfficientNet-Lite0 and the speech embedding, unless told otherwise; of the frames at most five,
    evenly spaced, whose features are averaged. Frames or a sound that aren't there are missing; a
    clip with neither is left out. A whole copy is a million files to encode: days on one core,
    once, and 6 GB of features in the cache.
    """

    kinds: ClassVar[dict[str, Kind]] = {"video": "image", "audio": "audio"}
    layout: ClassVar[str] = (
        "vggsound.csv (YTID,SECOND,LABEL,SPLIT), and frames/SPLIT/LABEL/YTID_SECOND/*.jpg and "
        "audio/SPLIT/LABEL/YTID_SECOND.wav (or, as OGM-GE has them, "
        "SPLIT-videos/SPLIT-set-img/Image-01-FPS/YTID_SECOND.mp4/*.jpg and "
        "SPLIT-audios/SPLIT-set/YTID_SECOND.wav)"
    )

    @property
    def family(self) -> str:
        return "vggsound"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(*PUBLISHED),
            classes=known_classes(self.cache, (f"sound {i}" for i in range(N_CLASSES))),
            description=(
                "Clips whose source of sound should be seen, one a video, found by classifiers "
                "without much checking; they are taken from YouTube by whoever makes a copy, so "
                "copies differ by what was deleted."
            ),
            source=(
                "videos of YouTube; layouts by github.com/MengShen0709/bmmal, readme.md and "
                "dataset/vggsound.py, and github.com/GeWu-Lab/OGM-GE_CVPR2022, "
                "dataset/VGGSoundDataset.py; table by github.com/hche11/VGGSound, README.md"
            ),
            licence="CC BY 4.0 (labels); the videos are their uploaders'",
            citation="Chen et al., VGGSound: a large-scale audio-visual dataset, ICASSP 2020",
            caveats=(
                "One label a clip, where many hold several sounds, some labels mean the same, and "
                "the source isn't always seen. Uploaders may have clips on both sides of the "
                "split. Encoders are fixed, unlike the published protocol's, so accuracies aren't "
                "comparable; EfficientNet-Lite0 sees single frames, no motion, and the speech "
                "embedding was trained on words: take an hf: model for sounds where one can be "
                "had. Published sizes are from memory, unverified."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        rows = list(self._rows(folder))
        classes = self._classes(rows)
        videos, strange = of_youtube(rows, chain(*map(folder.glob, VIDEOS)))
        sounds, more = of_youtube(rows, chain(*map(folder.glob, SOUNDS)))
        samples, told = gathered(self, folder, rows, videos, sounds)
        if strange + more:
            told.append(f"{strange + more:,} files or folders of no clip listed")
        return samples, classes, "; ".join(told)

    def _rows(self, folder: Path) -> Iterator[Row]:
        path = expected(folder / "vggsound.csv", self)
        for place, row in csv_rows(path, COLUMNS, header=False):
            if row["split"] not in ("train", "test"):
                raise InvalidData(f"{place}: split should be train or test, not {row['split']!r}")
            if not row["label"].strip():
                raise InvalidData(f"{place} has no label")
            name = clip_id(f"{row['video']}_{row['second']}", place)
            yield Row(place, name, row["label"].strip(), row["split"] == "test")

    def _classes(self, rows: list[Row]) -> tuple[str, ...]:
        """Those of the table; each is in both splits, so one that isn't is a slip."""
        train, test = ({row.label for row in rows if row.is_test == t} for t in (False, True))
        for row in rows:
            if row.label not in (train if row.is_test else test):
                other = "train" if row.is_test else "test"
                raise InvalidData(
                    f"{row.place} has the unknown class {row.label!r}: no {other} clip has it"
                )
        return tuple(sorted(train))
