"""Sounds out of files, and the speech embedding that encodes them."""

from __future__ import annotations

import io
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from scipy.signal import resample_poly

from mindgap.errors import InvalidData
from mindgap.tasks.real.encoders import Encoder, needed
from mindgap.tasks.real.fetch import Package, Wheel

RATE = 16_000
SECONDS = 1.0  # the shortest that the network takes
WINDOW, HOP = 76, 8

#: Samples a second between which a file is taken for a sound.
SLOWEST, FASTEST = 100, 1_000_000

#: What a sample of 32 bits can be.
LOUDEST = np.finfo(np.float32).max

#: How long WAV files say they are that were written before that was known, at least.
UNKNOWN = 0x7FFF_0000


class SpeechEmbedding(Encoder):
    """Google's speech embedding, 96 numbers a window, pooled in five ways (Lin et al. 2020).

    Mean, maximum, and the windows at the beginning, the middle and the end.
    """

    key = "speech-embedding-0.4.0"
    size = 5 * 96
    packages: ClassVar[tuple[Package, ...]] = (
        Wheel(
            "openwakeword",
            "0.4.0",
            "2c353f49a35d384507403efde3db439353d8281a52d08a0e42a5b493e5145075",
            9285483,
        ),
    )
    modules: ClassVar[tuple[str, ...]] = ("onnxruntime", "soundfile")

    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        spectrum, embedding = self._sessions
        sound = np.round(heard(content, name) * 32767).astype(np.float32)[None]
        mel = _run(spectrum, sound).squeeze()[:, :] / 10 + 2
        starts = range(0, len(mel) - WINDOW + 1, HOP)
        windows = np.stack([mel[i : i + WINDOW] for i in starts])[..., None]
        seen = _run(embedding, windows).reshape(len(windows), 96)
        middle = seen[len(seen) // 2]
        return np.concatenate([seen.mean(0), seen.max(0), seen[0], middle, seen[-1]])

    @cached_property
    def _sessions(self) -> tuple[Any, Any]:
        [package] = self.packages
        onnx, _ = needed(self.modules)
        options = onnx.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        folder = "openwakeword/resources/models"
        spectrum, embedding = (
            onnx.InferenceSession(
                package.member(f"{folder}/{file}.onnx"), options, providers=["CPUExecutionProvider"]
            )
            for file in ("melspectrogram", "embedding_model")
        )
        return spectrum, embedding


def heard(content: bytes, name: str) -> Float[np.ndarray, " T"]:
    """One channel of a sound at 16 kHz, from -1 to 1, at least a second of it.

    Raises:
        InvalidData: it can't be decoded, or has no length.
    """
    sound = played(content, name)
    return np.pad(sound, (0, max(0, int(SECONDS * RATE) - len(sound))))


def played(content: bytes, name: str) -> Float[np.ndarray, " T"]:
    """One channel of a sound at 16 kHz, from -1 to 1, as long as it is.

    Raises:
        InvalidData: it can't be decoded, or has no length.
    """
    [soundfile] = needed(("soundfile",))
    try:
        sound, rate = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)
    except Exception as error:  # a decoder raises anything
        why = str(error).rpartition(">: ")[2]  # what it was given has no name
        raise InvalidData(f"{name} can't be decoded as a sound: {why}") from None
    if wrong := fault(content, sound, rate):
        raise InvalidData(f"{name} {wrong}; mend it, or mark it as missing")
    common = np.gcd(rate, RATE)
    sound = resample_poly(sound.mean(axis=1), RATE // common, rate // common)
    clipped: np.ndarray = np.clip(sound, -1, 1)
    return clipped


def fault(content: bytes, samples: np.ndarray, rate: int) -> str | None:
    """What is wrong with a file although it decodes, as `is cut off`, or None."""
    size = int.from_bytes(content[4:8], "big" if content[:4] == b"RIFX" else "little")
    told = size + 8 if content[:4] in (b"RIFF", b"RIFX") and size < UNKNOWN else 0
    if len(content) + 1 < told:  # some count a byte that evens the length out
        return f"is cut off: it says it has {told:,} bytes, and has {len(content):,}"
    if len(samples) == 0:
        return "is a sound of zero length"
    if not SLOWEST <= rate <= FASTEST:
        return f"has {rate:,} samples a second, expected {SLOWEST} to {FASTEST:,}"
    if samples.dtype.kind == "f" and not (np.abs(samples) <= LOUDEST).all():
        return "has a sample that is no finite number"
    return None


def _run(session: Any, x: np.ndarray) -> np.ndarray:
    result: np.ndarray = session.run(None, {session.get_inputs()[0].name: x.astype(np.float32)})[0]
    return result
