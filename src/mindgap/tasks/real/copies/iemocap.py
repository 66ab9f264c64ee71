"""IEMOCAP from a local copy: what actors say to each other, by emotion (Busso et al. 2008)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from mindgap.errors import InvalidData, MindgapError, unknown
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, inside
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import lines
from mindgap.tasks.real.encoded import Kind, WithSounds, WithTexts
from mindgap.tasks.real.packaged import Facts

CLASSES = ("anger", "happiness", "neutral", "sadness")
EMOTIONS = {
    "ang": "anger",
    "exc": "happiness",
    "hap": "happiness",
    "neu": "neutral",
    "sad": "sadness",
}

#: Session -> how many utterances of these emotions it has.
SESSIONS = {1: 1085, 2: 1023, 3: 1151, 4: 1031, 5: 1241}

#: What dialogues are called that are read.
DIALOGUES = {"all": "Ses*.txt", "improvised": "Ses*impro*.txt"}

_LABEL = re.compile(r"\[[^\]]*\]\t(\S+)\t(\S+)(\t.*)?")
_SAID = re.compile(r"(\S+) \[[^\]]*\]: ?(.*)")


@dataclass(frozen=True, kw_only=True)
class Iemocap(WithTexts, WithSounds, EncodedCopy):
    """The emotion of an utterance from its words and its sound (IEMOCAP).

    The four usual classes: anger, happiness with excitement, neutral, sadness; utterances of
    others, or on which nobody agreed, are left out. One of the five sessions is the test set, so
    its two actors are heard nowhere else. Words and sound are encoded by MiniLM and the speech
    embedding, unless told otherwise. Faces aren't read.

    Attributes:
        session: the test set, from 1 to 5.
        dialogues: `all`, or `improvised`, without those acted from scripts, whose words are the
            same in every session. Until a copy is read, sizes are those of all.
    """

    session: Annotated[int, Field(ge=1, le=5)] = 5
    dialogues: Literal["all", "improvised"] = "all"

    kinds: ClassVar[dict[str, Kind]] = {"text": "text", "audio": "audio"}
    layout: ClassVar[str] = (
        "Session1 to Session5, in each dialog/EmoEvaluation/DIALOG.txt, "
        "dialog/transcriptions/DIALOG.txt and sentences/wav/DIALOG/UTTERANCE.wav"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.session not in SESSIONS:
            raise MindgapError(f"session should be from 1 to 5, not {self.session!r}")
        if self.dialogues not in DIALOGUES:
            raise MindgapError(unknown("kind of dialogues", self.dialogues, DIALOGUES))

    @property
    def family(self) -> str:
        return "iemocap"

    @property
    def facts(self) -> Facts:
        test = SESSIONS[self.session]
        return Facts(
            **self.measured(sum(SESSIONS.values()) - test, test),
            classes=CLASSES,
            grouped="the ten actors",
            description=(
                "Ten actors in pairs, a pair a session, in improvised and in scripted dialogues, "
                "cut into utterances; the label is what most of three listeners heard."
            ),
            source=(
                "the authors' copy, IEMOCAP_full_release; layout by github.com/espnet/s3prl, "
                "s3prl/downstream/emotion/IEMOCAP_preprocess.py, and github.com/ttccnu/"
                "IEMOCAP-datasets-preprocess, datasets_preprocessing.py"
            ),
            licence="IEMOCAP release form: research only, on request",
            citation="Busso et al., IEMOCAP: interactive emotional dyadic motion capture, 2008",
            caveats=(
                "Scripts are the same in all sessions, so the words of many test utterances are in "
                "the pool (dialogues=improvised leaves them out). Utterances of one dialogue are "
                "alike, and all of a session's are in one part. Actors, not everyday speech."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        samples: list[Copied] = []
        n_others = 0
        for session in SESSIONS:
            root = folder / f"Session{session}"
            labels = expected(root / "dialog" / "EmoEvaluation", self)
            texts = expected(root / "dialog" / "transcriptions", self)
            sounds = expected(root / "sentences" / "wav", self)
            for path in sorted(labels.glob(DIALOGUES[self.dialogues])):
                said = _said(texts / path.name)
                for place, name, emotion in _labels(path):
                    if emotion not in EMOTIONS:
                        n_others += 1
                        continue
                    sound = inside(sounds / path.stem, f"{name}.wav", f"{place}: the sound")
                    samples.append(
                        Copied(
                            name,
                            EMOTIONS[emotion],
                            session == self.session,
                            {"text": said.get(name, "").encode(), "audio": sound},
                        )
                    )
        return samples, CLASSES, f"{n_others:,} left out: of other emotions" if n_others else ""


def _labels(path: Path) -> Iterator[tuple[str, str, str]]:
    """Place, utterance and emotion of each line that is one; others have single opinions."""
    for place, line in lines(path):
        if line.startswith("["):
            found = _LABEL.fullmatch(line)
            if found is None:
                raise InvalidData(f"{place} should be [START - END], utterance and emotion")
            yield place, found[1], found[2]


def _said(path: Path) -> dict[str, str]:
    """Utterance -> its words; none where the dialogue has no transcription."""
    if not path.is_file():
        return {}
    found = (_SAID.fullmatch(line) for _, line in lines(path))
    return {one[1]: one[2].strip() for one in found if one}
