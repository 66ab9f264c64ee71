"""MELD from a local copy: what is said in a comedy, by emotion (Poria et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import csv_rows
from mindgap.tasks.real.encoded import Kind, WithSounds, WithTexts
from mindgap.tasks.real.packaged import Facts

CLASSES = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
COLUMNS = ("Utterance", "Emotion", "Dialogue_ID", "Utterance_ID")

#: Part -> how many utterances it has, and the folder of their videos.
PARTS = {
    "train": (9_989, "train_splits"),
    "dev": (1_109, "dev_splits_complete"),
    "test": (2_610, "output_repeated_splits_test"),
}


@dataclass(frozen=True, kw_only=True)
class Meld(WithTexts, WithSounds, EncodedCopy):
    """The emotion of an utterance from its words and its sound (MELD).

    Official split; train and dev are the pool. Words and sound are encoded by MiniLM and the
    speech embedding, unless told otherwise. A copy has videos, which mindgap doesn't decode: take
    their sounds out of each folder of videos into one beside it, called the same and _wav, by
    `ffmpeg -i train_splits/dia0_utt0.mp4 -ac 1 -ar 16000 train_splits_wav/dia0_utt0.wav` and so
    on. A sound that isn't there is missing. Faces aren't read.
    """

    kinds: ClassVar[dict[str, Kind]] = {"text": "text", "audio": "audio"}
    layout: ClassVar[str] = (
        "train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv, and the sounds of the videos "
        "as train_splits_wav/diaD_uttU.wav, dev_splits_complete_wav/diaD_uttU.wav and "
        "output_repeated_splits_test_wav/diaD_uttU.wav"
    )

    @property
    def family(self) -> str:
        return "meld"

    @property
    def facts(self) -> Facts:
        sizes = {part: n for part, (n, _) in PARTS.items()}
        return Facts(
            **self.measured(sizes["train"] + sizes["dev"], sizes["test"]),
            classes=CLASSES,
            description=(
                "Utterances of the series Friends; who labelled them saw the video and what was "
                "said before, of which a sample has nothing."
            ),
            source=(
                "the authors' copy; layout by github.com/declare-lab/MELD, utils/read_meld.py and "
                "data/MELD/train_sent_emo.csv; sounds as github.com/Barelella/S4SpeechFormer takes "
                "them out, extract_feature/mp4_to_wav.py"
            ),
            licence="GPL-3.0 (annotations); the series is its owners'",
            citation="Poria et al., MELD: a multimodal multi-party dataset, ACL 2019",
            caveats=(
                "Dialogues are whole in one part, but the same six characters speak, in the same "
                "episodes, on both sides of the official split. Some sounds are cut wrongly, and "
                "the audience laughs in many. Half of the utterances are neutral."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        samples = []
        for part, (_, videos) in PARTS.items():
            sounds = expected(folder / f"{videos}_wav", self)
            table = expected(folder / f"{part}_sent_emo.csv", self)
            for place, row in csv_rows(table, COLUMNS):
                dialogue, utterance = row["Dialogue_ID"], row["Utterance_ID"]
                if not (dialogue.isdecimal() and utterance.isdecimal()):
                    raise InvalidData(f"{place}: Dialogue_ID and Utterance_ID should be numbers")
                if row["Emotion"] not in CLASSES:
                    raise InvalidData(f"{place} has the unknown emotion {row['Emotion']!r}")
                name = f"dia{dialogue}_utt{utterance}"
                text = row["Utterance"].strip().encode()
                samples.append(
                    Copied(
                        f"{part}-{name}",
                        row["Emotion"],
                        part == "test",
                        {"text": text, "audio": sounds / f"{name}.wav"},
                    )
                )
        return samples, CLASSES, ""
