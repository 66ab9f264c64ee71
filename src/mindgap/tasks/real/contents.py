"""What files and texts become without a trained encoder: pixels, statistics, hashes."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.encoders import needed
from mindgap.tasks.real.pictures import opened
from mindgap.tasks.real.signals import mfcc_statistics
from mindgap.tasks.real.sounds import fault

#: Pixels a side that an image is brought to; convolutions read them.
SIDE = 32

#: Features of a text.
HASHED = 256

#: How a WAV file begins.
WAVES = (b"RIFF", b"RIFX", b"RF64")

#: What readers raise of files that are cut off or something else.
BROKEN = (ValueError, EOFError, OSError, struct.error)

Array = Float[np.ndarray, "..."]


def image(content: bytes) -> Float[np.ndarray, "3 h w"]:
    """32 x 32 pixels in three colours, from 0 to 1; transparent ones are white.

    Raises:
        InvalidData: it doesn't decode.
    """
    from PIL import Image

    try:
        shown = opened(content)
    except Exception as error:  # a decoder raises anything
        raise InvalidData(f"is no image that can be decoded ({error})") from None
    ground = Image.new("RGBA", shown.size, "white")
    ground.alpha_composite(shown)
    pixels = ground.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(pixels, dtype=np.float32).transpose(2, 0, 1) / 255


def sound(content: bytes) -> Float[np.ndarray, " d"]:
    """Statistics of the cepstral coefficients of a sound, its channels averaged.

    WAV needs nothing else, FLAC, OGG and MP3 the package soundfile.

    Raises:
        InvalidData: it doesn't decode, or has no samples.
    """
    rate, samples = _wave(content) if content[:4] in WAVES else _other_sound(content)
    if why := fault(content, samples, rate):
        raise InvalidData(why)
    mono = samples.reshape(len(samples), -1).astype(np.float64).mean(axis=1)
    if samples.dtype.kind == "u":  # silence is in the middle: of 8 bits, 128
        mono -= 2.0 ** (8 * samples.dtype.itemsize - 1)
    if samples.dtype.kind in "iu":
        mono /= 2.0 ** (8 * samples.dtype.itemsize - 1)
    return mfcc_statistics(mono, rate)


def _wave(content: bytes) -> tuple[int, np.ndarray]:
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks that aren't sound
            rate, samples = wavfile.read(io.BytesIO(content))
    except (*BROKEN, TypeError, ArithmeticError, UnboundLocalError) as error:
        raise InvalidData(f"is no WAV file that can be read ({error})") from None
    return rate, samples


def _other_sound(content: bytes) -> tuple[int, np.ndarray]:
    if not content:
        raise InvalidData("is an empty file")
    try:
        [soundfile] = needed(("soundfile",))
    except MindgapError as error:
        raise InvalidData(f"is no WAV file, and {error}") from None
    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except Exception as error:  # a decoder raises anything
        raise InvalidData(f"is no sound that can be decoded ({error})") from None
    return rate, samples


def array(content: bytes) -> Array:
    """An array of numbers out of a .npy file.

    Raises:
        InvalidData: it is none, is empty, or holds something else than finite numbers.
    """
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
    except (*BROKEN, MemoryError) as error:
        raise InvalidData(f"is no .npy file of numbers ({error})") from None
    if found.dtype.kind not in "iufb" or found.size == 0:
        raise InvalidData("has to hold finite numbers, at least one")
    with np.errstate(over="ignore"):
        numbers = np.atleast_1d(found).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise InvalidData("has to hold finite numbers of 32 bits")
    return numbers


def texts(strings: Sequence[str]) -> Float[np.ndarray, "N 256"]:
    """Hashed n-grams of 2 to 4 characters within words, each row of length one."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), n_features=HASHED, dtype=np.float32
    )
    found: Array = hashing.transform(strings).toarray()
    return found


#: Ending of a file's name -> what reads it; of a text file only the words are read.
READERS: dict[str, Callable[[bytes], Array]] = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"), image),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3"), sound),
    ".npy": array,
}
