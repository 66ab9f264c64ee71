"""Files that tell less before they are encoded: pictures of fewer pixels, sounds in noise."""

from __future__ import annotations

import hashlib
import io
from math import ceil
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from scipy.io import wavfile
from torch import Tensor
from torch.nn import functional

from mindgap.seeding import stream
from mindgap.tasks.real.encoders import Encoder, needed
from mindgap.tasks.real.pictures import picture
from mindgap.tasks.real.signals import in_noise
from mindgap.tasks.real.sounds import RATE, played


def coarser(x: Float[Tensor, "N c h w"], factor: int) -> Float[Tensor, "N c h w"]:
    """Images averaged over squares of `factor` pixels a side and stretched to their size again."""
    size = x.shape[-2:]
    small = functional.adaptive_avg_pool2d(x, (ceil(size[0] / factor), ceil(size[1] / factor)))
    return functional.interpolate(small, size=size, mode="bilinear", align_corners=False)


class Downsampled(Encoder):
    """An encoder of pictures that sees them, 224 pixels a side, with `factor` times fewer."""

    modules: ClassVar[tuple[str, ...]] = ("PIL.Image",)

    def __init__(self, of: Encoder, factor: int) -> None:
        self._of, self._factor = of, factor
        self.key, self.size = f"{of.key}-downsampled-{factor}", of.size

    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        [image] = needed(self.modules)
        pixels = torch.from_numpy(picture(content, name).astype(np.float32)).permute(2, 0, 1)
        seen = coarser(pixels[None], self._factor)[0].permute(1, 2, 0).round().byte().numpy()
        file = io.BytesIO()
        image.fromarray(seen).save(file, "PNG")
        return self._of.encode(file.getvalue(), name)


class InNoise(Encoder):
    """An encoder of sounds that hears them in white noise, `snr` dB below their mean power.

    A recording always has the same noise, which is drawn from its content.
    """

    modules: ClassVar[tuple[str, ...]] = ("soundfile",)

    def __init__(self, of: Encoder, snr: float) -> None:
        self._of, self._snr = of, snr
        self.key, self.size = f"{of.key}-in-noise-{snr:g}", of.size

    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        sound = played(content, name)
        digest = hashlib.sha256(content).hexdigest()
        noisy = in_noise(sound, self._snr, stream("in_noise", digest))
        loudest = max(1.0, float(np.abs(noisy).max()))  # or it would be clipped
        file = io.BytesIO()
        wavfile.write(file, RATE, (noisy / loudest).astype(np.float32))
        return self._of.encode(file.getvalue(), name)
