"""Data sets of pictures and texts, whose encoders can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mindgap.errors import MindgapError, unknown
from mindgap.tasks.real.encoders import Encoder, needed
from mindgap.tasks.real.fetch import Cache, Package
from mindgap.tasks.real.hugging_face import PREFIX, HuggingFace
from mindgap.tasks.real.packaged import Packaged
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.texts import MiniLm

Kind = Literal["image", "text"]

#: Encoders whose weights come out of a package.
OURS: dict[Kind, dict[str, type[Encoder]]] = {
    "image": {"efficientnet_lite0": EfficientNetLite0},
    "text": {"minilm": MiniLm},
}


@dataclass(frozen=True, kw_only=True)
class Encoded(Packaged):
    """A data set with an `image` and a `text`.

    Attributes:
        image_encoder: `efficientnet_lite0`, or `hf:NAME`, a model of Hugging Face by its name,
            for which a network is needed once, or by the folder that holds it.
        text_encoder: `minilm`, or `hf:NAME`.
    """

    image_encoder: str = "efficientnet_lite0"
    text_encoder: str = "minilm"

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind, known in OURS.items():
            name = self._chosen(kind)
            if name not in known and not name.startswith(PREFIX):
                hint = f", or a model of Hugging Face as {PREFIX}NAME"
                raise MindgapError(unknown(f"{kind} encoder", name, known, hint))

    def encoder(self, kind: Kind) -> Encoder:
        """The encoder of this kind of file, ready.

        Raises:
            MindgapError: the extra isn't installed, or there is no such model.
        """
        name = self._chosen(kind)
        if name in OURS[kind]:
            needed(OURS[kind][name].modules)  # before anything is fetched
            return OURS[kind][name]()
        return HuggingFace(kind, name.removeprefix(PREFIX))

    def size(self, kind: Kind, cache: Cache) -> int:
        """How many features that encoder gives; of another's model 1 until the set is prepared."""
        name = self._chosen(kind)
        if name in OURS[kind]:
            return OURS[kind][name].size
        return (cache.shape(kind) or (0, 1))[1]

    def weights(self) -> tuple[Package, ...]:
        """The packages that the weights come out of."""
        chosen = ((kind, self._chosen(kind)) for kind in OURS)
        return tuple(
            p for kind, name in chosen if name in OURS[kind] for p in OURS[kind][name].packages
        )

    def _chosen(self, kind: Kind) -> str:
        return self.image_encoder if kind == "image" else self.text_encoder
