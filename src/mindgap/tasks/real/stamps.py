"""Stamps of Tux Paint: a drawing, what it is called, the same spoken, and how the thing sounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar, Literal

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.debian import Deb
from mindgap.tasks.real.encoded import Kind, WithImages, WithSounds, WithTexts
from mindgap.tasks.real.encoders import features
from mindgap.tasks.real.fetch import Cache, megabytes
from mindgap.tasks.real.packaged import Facts, numbered

PACKAGE = Deb(
    "tuxpaint-stamps-default",
    "2022.06.04-1",
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
    160880444,
)
FOLDER = "usr/share/tuxpaint/stamps/"

#: Folders of at least 20 stamps, which are the classes; letters and digits are left out.
CLASSES = (
    "animals",
    "clothes",
    "food",
    "household",
    "people",
    "plants",
    "seasonal",
    "space",
    "symbols",
    "town",
    "vehicles",
)
TRIVIAL = "symbols/alphabets"
N_SAMPLES, N_POOL, N_TEST = 742, 520, 200

#: Language -> how many stamps have speech and sound, speech alone, sound alone, neither.
COUNTS = {
    "be": (95, 556, 16, 75),
    "bg": (101, 607, 10, 24),
    "ca": (101, 607, 10, 24),
    "da": (59, 259, 52, 372),
    "el": (97, 382, 14, 249),
    "en": (55, 10, 56, 621),
    "es": (101, 585, 10, 46),
    "fr": (111, 607, 0, 24),
    "ro": (111, 600, 0, 31),
    "ru": (111, 600, 0, 31),
}
PATTERNS = ("image+text+speech+sound", "image+text+speech", "image+text+sound", "image+text")


@dataclass(frozen=True, kw_only=True)
class Stamps(WithImages, WithTexts, WithSounds):
    """Eleven kinds of drawn things that are named, spoken, and sometimes heard (Tux Paint).

    742 stamps: the picture by EfficientNet-Lite0, the English description by MiniLM, the
    description spoken in one language and the thing's own sound by a speech embedding. Speech and
    sound have natural gaps: not everything was recorded. Stamps with one description stay on one
    side of a split.

    Attributes:
        speech: the language spoken, of which 24 (`fr`) to 677 (`en`) stamps have no recording.
    """

    kinds: ClassVar[dict[str, Kind]] = {
        "image": "image",
        "text": "text",
        "speech": "audio",
        "sound": "audio",
    }

    speech: Literal["be", "bg", "ca", "da", "el", "en", "es", "fr", "ro", "ru"] = "da"

    @property
    def family(self) -> str:
        return "stamps"

    @property
    def facts(self) -> Facts:
        packages = (PACKAGE, *self.weights())
        both, speech, sound, _ = counts = COUNTS[self.speech]
        size = megabytes(sum(package.size for package in packages))
        cache = Cache(self.prepared().text, PACKAGE.version, size)
        return Facts(
            cache=cache,
            samples=N_SAMPLES,
            pool=N_POOL,
            test=N_TEST,
            shapes={
                "image": (self.size("image", cache),),
                "text": (self.size("text", cache),),
                "speech": (self.size("audio", cache, "speech"),),
                "sound": (self.size("audio", cache, "sound"),),
            },
            classes=CLASSES,
            observed={"speech": both + speech, "sound": both + sound},
            patterns={name: n / N_SAMPLES for name, n in zip(PATTERNS, counts, strict=True) if n},
            grouped="stamps with one English description",
            description=(
                "A drawing program for children has stamps, drawn or photographed, in folders by "
                "kind. Volunteers wrote what each shows and spoke it in their language, as far as "
                "they came; some things have a sound, such as a dog's bark."
            ),
            source=f"Debian {PACKAGE.pinned}, folder {FOLDER}",
            licence=(
                "GPL 2, so what is cached isn't to be redistributed under other terms; "
                "EfficientNet-Lite0: not stated in its package; MiniLM: MIT; speech embedding: "
                "Apache 2.0"
            ),
            citation="Tux Paint stamps 2022-06-04, Bill Kendrick and contributors",
            caveats=(
                "Who speaks isn't stated, and recordings were made folder by folder, so speech may "
                "tell the class by its session. Whether a stamp has a sound depends on its class. "
                "Drawings of one artist may be on both sides of a split."
            ),
        )

    def read(self) -> dict[str, np.ndarray]:
        encoders = self.encoders()
        files = {path.removeprefix(FOLDER): content for path, content in PACKAGE.members(FOLDER)}
        stems = listed(files)
        gaps = f"{PACKAGE.pinned} has other stamps than expected"
        if len(stems) != N_SAMPLES:
            raise InvalidData(f"{gaps}: {len(stems)}, not {N_SAMPLES}")
        tongue = "" if self.speech == "en" else f"_{self.speech}"
        inputs: dict[str, list[bytes | None]] = {
            "image": [_first(files, stem, ".svg", ".png") for stem in stems],
            "text": [described(files[f"{stem}.txt"]) for stem in stems],
            "speech": [files.get(f"{stem}_desc{tongue}.ogg") for stem in stems],
            "sound": [_first(files, stem, ".ogg", ".wav") for stem in stems],
        }
        observed = np.array([[x is not None for x in column] for column in inputs.values()]).T
        expected = self.facts.observed or {}
        for modality, there in zip(inputs, observed.sum(axis=0), strict=True):
            if there != expected.get(modality, N_SAMPLES):
                raise InvalidData(f"{gaps}: {there} have {modality}")
        arrays: dict[str, np.ndarray] = {}
        for modality, column in inputs.items():
            encoder = encoders[modality]
            arrays[modality] = np.zeros((N_SAMPLES, encoder.size), dtype=np.float32)
            named = {
                f"the {modality} of stamp {stem}": content
                for stem, content in zip(stems, column, strict=True)
                if content is not None
            }
            arrays[modality][[x is not None for x in column]] = features(encoder, named)
        return {
            **arrays,
            "observed": observed,
            "labels": np.array([CLASSES.index(stem.partition("/")[0]) for stem in stems]),
            "groups": numbered(described(files[f"{stem}.txt"]).decode() for stem in stems),
        }


def listed(files: Mapping[str, bytes]) -> list[str]:
    """Paths of the stamps without suffix: one for each picture that isn't another's mirror image.

    Raises:
        InvalidData: one has no description.
    """
    pictures = (PurePosixPath(path) for path in files)
    stems = {str(p.with_suffix("")) for p in pictures if p.suffix in (".png", ".svg")}
    kept = [
        stem
        for stem in sorted(stems)
        if stem.partition("/")[0] in CLASSES
        and not stem.startswith(TRIVIAL)
        and "mirror" not in stem
        and "flip" not in stem
    ]
    for stem in kept:
        if not described(files.get(f"{stem}.txt", b"")).strip():
            raise InvalidData(f"stamp {stem} has no description")
    return kept


def described(text: bytes) -> bytes:
    """The English description: the first line."""
    return text.partition(b"\n")[0]


def _first(files: Mapping[str, bytes], stem: str, *suffixes: str) -> bytes | None:
    return next((files[stem + s] for s in suffixes if stem + s in files), None)
